using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Derivatives;

/// <summary>An operation of the user's own: what it computes, by operations that exist, and what flows back through it.</summary>
/// <remarks>Applied with <c>x.Apply(op)</c>. Its operations are fused and compiled as if they were written out, ahead of time too. The
/// derivative is the rule's alone, also to second order, where the rule is differentiated; by values that the functions read beside their
/// operands it is zero. Both functions are called at each application, and give the same operations for operands of the same
/// types.</remarks>
public sealed class CustomOp
{
    private readonly Func<Value[], Value> _value;
    private readonly Func<Value[], Value, Value, Value?[]> _vjp;
    private readonly Func<Value[], Value, Value[], Value>? _jvp;

    /// <summary>An operation of one operand, which is floating point.</summary>
    /// <param name="name">What errors call it.</param>
    /// <param name="value">From the operand to the result y.</param>
    /// <param name="vjp">From the operand, y and y's cotangent to the operand's cotangent, of its type; null is zero.</param>
    /// <param name="jvp">From the operand, y and the operand's tangent to y's tangent; the transpose of <paramref name="vjp"/> when null.
    /// </param>
    /// <exception cref="GraphException">SGC1006: an empty name.</exception>
    public CustomOp(string name, Func<Value, Value> value, Func<Value, Value, Value, Value?> vjp,
        Func<Value, Value, Value, Value>? jvp = null)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(vjp);
        (Name, Arity) = (Checked(name), 1);
        (_value, _vjp) = (x => value(x[0]), (x, y, ct) => [vjp(x[0], y, ct)]);
        if (jvp is not null) _jvp = (x, y, tangents) => jvp(x[0], y, tangents[0]);
    }

    /// <summary>An operation of several operands.</summary>
    /// <param name="name">What errors call it.</param>
    /// <param name="arity">The number of operands, at least 1.</param>
    /// <param name="value">From the operands to the result y.</param>
    /// <param name="vjp">From the operands, y and y's cotangent to a cotangent of its type for each operand; null is zero, and what
    /// integers and truth values have.</param>
    /// <param name="jvp">From the operands, y and the tangents of floating-point operands, in their order, to y's tangent; the transpose of
    /// <paramref name="vjp"/> when null.</param>
    /// <exception cref="GraphException">SGC1006: an empty name. SGC1011: an arity below 1.</exception>
    public CustomOp(string name, int arity, Func<Value[], Value> value, Func<Value[], Value, Value, Value?[]> vjp,
        Func<Value[], Value, Value[], Value>? jvp = null)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(vjp);
        Name = Checked(name);
        if (arity < 1) throw new GraphException(DiagnosticCode.BadArgument, $"{Name}: arity is {arity}; it is at least 1");
        (Arity, _value, _vjp, _jvp) = (arity, value, vjp, jvp);
    }

    /// <summary>What errors call it.</summary>
    public string Name { get; }
    /// <summary>The number of operands.</summary>
    public int Arity { get; }

    /// <summary>How far the rule is from central differences, by each floating-point operand and in both modes: the largest difference,
    /// relative to max(1, |central difference|), as <see cref="CustomGradientSyntax"/>'s <c>CheckGradient</c> finds it.</summary>
    /// <param name="operands">Types of operands to apply the operation to: small ones, since it is interpreted, in f64.</param>
    /// <param name="tolerance">The largest difference that passes.</param>
    /// <param name="at">Elements of operands, by the names x0, x1 and so on; others are drawn from -1 to 1, integers are 0.</param>
    /// <param name="seed">Of what is drawn.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1014: a difference is above the tolerance. What applying the operation raises. SGC1006, SGC1011:
    /// at names what is no operand, or has another number of elements. SGC1012: a tensor is too large to interpret.</exception>
    public double Check(TensorType[] operands, double tolerance = 1e-6, IReadOnlyDictionary<string, double[]>? at = null, int seed = 0,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(operands);
        foreach (var type in operands) ArgumentNullException.ThrowIfNull(type, nameof(operands));
        var graph = new GraphBuilder("check");
        using var pin = graph.At(new Location(file, line));
        Value[] x = [.. operands.Select((type, i) => graph.Input($"x{i}", type))];
        var y = Declare(graph, x, new Location(file, line));
        return x.Where(v => v.DType.IsFloating).Select(v => y.CheckGradient(v, tolerance, at, seed, file, line)).DefaultIfEmpty(0).Max();
    }

    internal Value Declare(FunctionBuilder builder, Value[] x, Location location)
    {
        location = builder.Pinned ?? location;
        Require(x.Length == Arity, DiagnosticCode.OperandCount, $"takes {Arity} operands, given {x.Length}", location);
        foreach (var operand in x)
            Require(operand.Builder == builder, DiagnosticCode.ForeignValue,
                $"{operand} belongs to \"{operand.Builder.Name}\", not to \"{builder.Name}\"", location);
        return builder.Compose(location, () =>
        {
            var y = Own(builder, _value(x), "its value", location);
            Value[] by = [.. x.Where(v => v.DType.IsFloating)];
            // Nothing flows through integers, in neither direction.
            if (by.Length == 0 || !y.DType.IsFloating) return y.DType.IsFloating ? y.StopGradient() : y;
            return y.WithRules(Name, by, ct => Cotangents(builder, x, y, ct, location), _jvp is null ? null : t => _jvp(x, y, t), location);
        });
    }

    // Of the floating-point operands, zeros in place of null.
    private Value[] Cotangents(FunctionBuilder builder, Value[] x, Value y, Value cotangent, Location location)
    {
        var given = _vjp(x, y, cotangent);
        Require(given is not null, DiagnosticCode.BadArgument, "its vjp gives null", location);
        Require(given!.Length == x.Length, DiagnosticCode.NotDifferentiable,
            $"its vjp gives {given.Length} cotangents for {x.Length} operands", location);
        for (var i = 0; i < x.Length; i++)
        {
            if (given[i] is not { } value) continue;
            Own(builder, value, $"the cotangent of operand {i}", location);
            Require(x[i].DType.IsFloating, DiagnosticCode.NotDifferentiable, $"operand {i} is {x[i].Type} and has no cotangent; give null",
                location);
            Require(value.Type == x[i].Type, DiagnosticCode.NotDifferentiable,
                $"the cotangent of operand {i} is {value.Type}, and the operand {x[i].Type}", location);
        }
        return [.. x.Select((v, i) => (v, i)).Where(p => p.v.DType.IsFloating).Select(p => given[p.i] ?? p.v.Constant(0))];
    }

    private Value Own(FunctionBuilder builder, Value? value, string what, Location location)
    {
        Require(value is not null, DiagnosticCode.BadArgument, $"{what} is null", location);
        Require(value!.Builder == builder, DiagnosticCode.ForeignValue,
            $"{what}, {value}, belongs to \"{value.Builder.Name}\", not to \"{builder.Name}\"", location);
        return value;
    }

    private void Require(bool condition, DiagnosticCode code, string message, Location location)
    {
        if (!condition) throw new GraphException(code, $"{Name}: {message}", location);
    }

    private static string Checked(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length > 0 ? name : throw new GraphException(DiagnosticCode.BadName, "an operation of one's own needs a name");
    }
}

/// <summary>Fluent syntax of <see cref="CustomOp"/>.</summary>
public static class CustomOpSyntax
{
    extension(Value x)
    {
        /// <summary>Applies an operation of the user's own to this operand.</summary>
        /// <exception cref="GraphException">SGC1009: it takes more operands. SGC1010: its rule gives a value of another type than the
        /// operand's. SGC1011: a function gives null, or declares an input or variable. SGC1008: it gives a value of another builder. What
        /// the operations in it raise.</exception>
        public Value Apply(CustomOp op, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) => x.Apply(op, [], file, line);

        /// <summary>Applies an operation of the user's own to this operand and to more of them.</summary>
        /// <exception cref="GraphException">SGC1009: it takes another number of operands. SGC1010: its rule gives values of other types
        /// than the operands', or one for integers. SGC1011: a function gives null, or declares an input or variable. SGC1008: an operand,
        /// or what a function gives, is of another builder. What the operations in it raise.</exception>
        public Value Apply(CustomOp op, Value[] more, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            ArgumentNullException.ThrowIfNull(op);
            ArgumentNullException.ThrowIfNull(more);
            foreach (var value in more) ArgumentNullException.ThrowIfNull(value, nameof(more));
            return op.Declare(x.Builder, [x, .. more], new(file, line));
        }
    }
}
