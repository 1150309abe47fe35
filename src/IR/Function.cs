using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.IR;

/// <summary>A tensor that a function computes or is given: a name for it, never its elements.</summary>
public sealed partial class Value
{
    internal Value(FunctionBuilder builder, int id, TensorType type, string? name, Location location) =>
        (Builder, Id, Type, Name, Location) = (builder, id, type, name, location);

    /// <summary>The builder that made it; fluent calls on the value append there.</summary>
    public FunctionBuilder Builder { get; }
    /// <summary>Number within its function; dense, in the order of declaration.</summary>
    public int Id { get; }
    /// <summary>Element type and shape.</summary>
    public TensorType Type { get; }
    /// <summary>The name of a parameter; null for a result.</summary>
    public string? Name { get; }
    /// <summary>Where it was declared.</summary>
    public Location Location { get; }
    /// <summary>The operation that computes it; null for a parameter.</summary>
    public Operation? Definition { get; internal set; }
    /// <summary>Whether the call that declared it failed afterwards.</summary>
    internal bool IsWithdrawn { get; set; }
    /// <summary>Its sizes.</summary>
    public Shape Shape => Type.Shape;
    /// <summary>Its element type.</summary>
    public DType DType => Type.DType;
    /// <summary>Its number of dimensions.</summary>
    public int Rank => Type.Rank;

    /// <summary>A constant of this value's element type, of the shape given or else this value's.</summary>
    /// <exception cref="GraphException">SGC1001: a fraction, infinity or NaN for integers.
    /// SGC1005: a number outside of their range.</exception>
    public Value Constant(Scalar value, Shape? shape = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = Builder.Pinned ?? new Location(file, line);
        if (Literal.Refusal(DType, value, location) is { } refusal) throw new GraphException(refusal);
        return Builder.Constant(new Literal(Type.With(shape ?? Shape), value), location);
    }

    /// <summary>Values are told apart by identity; the number spreads those of one function.</summary>
    public override int GetHashCode() => Id;

    /// <summary>The name as printed, such as <c>%x</c> or <c>%7</c>.</summary>
    public override string ToString() => $"%{Name ?? Id.ToString()}";
}

/// <summary>One application of an op: immutable once built.</summary>
public sealed class Operation
{
    internal Operation(int id, Op op, ImmutableArray<Value> operands, AttributeMap attributes,
        ImmutableArray<Value> results, Function? body, Location location) =>
        (Id, Op, Operands, Attributes, Results, Body, Location) = (id, op, operands, attributes, results, body, location);

    /// <summary>Dense number within its function, in execution order.</summary>
    public int Id { get; }
    /// <summary>The definition: rules for shape, derivative, evaluation and lowering.</summary>
    public Op Op { get; }
    /// <summary>What it reads.</summary>
    public ImmutableArray<Value> Operands { get; }
    /// <summary>Its compile-time arguments.</summary>
    public AttributeMap Attributes { get; }
    /// <summary>What it computes, at least one.</summary>
    public ImmutableArray<Value> Results { get; }
    /// <summary>Its region, a closed function, for ops that hold one.</summary>
    public Function? Body { get; }
    /// <summary>Where it was written.</summary>
    public Location Location { get; }
    /// <summary>The only result of an operation that has one.</summary>
    public Value Result => Results[0];
    /// <summary>The types of the operands.</summary>
    public ImmutableArray<TensorType> OperandTypes => [.. Operands.Select(o => o.Type)];

    /// <summary>The integers of a list attribute that the shape rule has checked.</summary>
    public int[] Ints(string name)
    {
        var values = ((Attribute.Numbers)Attributes[name]!).Values;
        var ints = new int[values.Length];
        for (var i = 0; i < ints.Length; i++) ints[i] = (int)(long)values[i];
        return ints;
    }
    /// <summary>The number of an attribute that the shape rule has checked.</summary>
    public Scalar Number(string name) => ((Attribute.Number)Attributes[name]!).Value;
    /// <summary>The integer of an attribute that the shape rule has checked.</summary>
    public int Int(string name) => (int)(long)Number(name);
    /// <summary>The word of an attribute that the shape rule has checked.</summary>
    public string Word(string name) => ((Attribute.Word)Attributes[name]!).Text;

    /// <summary>Operations are told apart by identity; the number spreads those of one function.</summary>
    public override int GetHashCode() => Id;

    /// <summary>The operation as printed.</summary>
    public override string ToString() => IrPrinter.Print(this);
}

/// <summary>A pure tensor function in SSA form: every operation reads parameters or earlier results only.</summary>
public sealed class Function
{
    internal Function(string name, ImmutableArray<Value> parameters, ImmutableArray<Operation> operations,
        ImmutableArray<Value> results) =>
        (Name, Parameters, Operations, Results, ValueCount) =
            (name, parameters, operations, results, parameters.Length + operations.Sum(o => o.Results.Length));

    /// <summary>Name, printed as <c>@name</c>.</summary>
    public string Name { get; }
    /// <summary>What it is given.</summary>
    public ImmutableArray<Value> Parameters { get; }
    /// <summary>In execution order.</summary>
    public ImmutableArray<Operation> Operations { get; }
    /// <summary>What it returns; a value may be returned twice.</summary>
    public ImmutableArray<Value> Results { get; }
    /// <summary>One more than the largest value id.</summary>
    public int ValueCount { get; }

    /// <summary>Refuses arguments that are not one for each parameter and of its type.</summary>
    internal void CheckArguments<T>(ReadOnlySpan<T> arguments, Func<T, TensorType> typeOf)
    {
        if (arguments.Length != Parameters.Length)
            throw new GraphException(DiagnosticCode.OperandCount, $"@{Name} takes {Parameters.Length} arguments, given {arguments.Length}");
        for (var i = 0; i < arguments.Length; i++)
        {
            var (given, wanted) = (typeOf(arguments[i]), Parameters[i].Type);
            if (given == wanted) continue;
            throw new GraphException(given.DType != wanted.DType ? DiagnosticCode.DTypeMismatch : DiagnosticCode.ShapeMismatch,
                $"@{Name}: {Parameters[i]} is {wanted}, given {given}");
        }
    }

    /// <summary>The IR text.</summary>
    public override string ToString() => IrPrinter.Print(this);
}
