using System.Collections.Immutable;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.IR;

/// <summary>Makes a function, an operation at a time; with <see cref="Rewriter"/> the only way to make IR.</summary>
/// <remarks>Each operation's shape rule is checked as it is appended. Not for use by two threads at once.</remarks>
public class FunctionBuilder
{
    private readonly List<Value> _parameters = [];
    private readonly List<Operation> _operations = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private Location? _pinned;
    private int _nextValue;
    private bool _finished;

    /// <summary>Starts a function of this name.</summary>
    public FunctionBuilder(string name) => Name = CheckName(name, Location.Unknown);

    /// <summary>The function's name.</summary>
    public string Name { get; }
    /// <summary>Parameters so far.</summary>
    public IReadOnlyList<Value> Parameters => _parameters;
    /// <summary>Operations so far.</summary>
    public IReadOnlyList<Operation> Operations => _operations;
    /// <summary>The location that operations get now, whatever their call says; null outside <see cref="At"/>.</summary>
    public Location? Pinned => _pinned;

    /// <summary>Declares a parameter. Names are unique: letters, digits, '_', '.', '/', not starting with a digit.</summary>
    /// <exception cref="GraphException">SGC1006: malformed or taken name.</exception>
    public Value Parameter(string name, TensorType type, Location location = default)
    {
        CheckOpen(location);
        if (!_names.Add(CheckName(name, location)))
            throw new GraphException(DiagnosticCode.BadName, $"the name \"{name}\" is already taken", location);
        var value = new Value(this, _nextValue++, type, name, location);
        _parameters.Add(value);
        return value;
    }

    /// <summary>Appends an operation with one result.</summary>
    /// <exception cref="GraphException">The op's shape rule refuses the operands.</exception>
    public Value Emit(Op op, ReadOnlySpan<Value> operands, AttributeMap? attributes = null, Location location = default) =>
        EmitAll(op, operands, attributes, location)[0];

    /// <summary>Appends an operation and gives all its results.</summary>
    public ImmutableArray<Value> EmitAll(Op op, ReadOnlySpan<Value> operands, AttributeMap? attributes = null,
        Location location = default, Function? body = null)
    {
        var at = _pinned ?? location;
        CheckOpen(at);
        foreach (var operand in operands)
            if (operand.Builder != this)
                throw new GraphException(DiagnosticCode.ForeignValue,
                    $"{op.Name}: {operand} belongs to \"{operand.Builder.Name}\", not to \"{Name}\"", at);
        var types = op.InferChecked(new OpCall(op, [.. operands], attributes ?? AttributeMap.Empty, body, at));
        var results = ImmutableArray.CreateBuilder<Value>(types.Length);
        foreach (var type in types) results.Add(new Value(this, _nextValue++, type, null, at));
        var operation = new Operation(_operations.Count, op, [.. operands], attributes ?? AttributeMap.Empty,
            results.MoveToImmutable(), body, at);
        foreach (var result in operation.Results) result.Definition = operation;
        _operations.Add(operation);
        return operation.Results;
    }

    /// <summary>A constant tensor.</summary>
    public Value Constant(Literal literal, Location location = default) =>
        Emit(Ops.Constant.Instance, [], Ops.Constant.Attributes(literal), location);

    /// <summary>Locates operations at <paramref name="location"/> until disposed: a layer's call, or the primal of an adjoint.</summary>
    /// <remarks>The outermost pin wins, so that a layer made of layers is located at the user's call.</remarks>
    public LocationScope At(Location location)
    {
        var outer = _pinned;
        _pinned ??= location;
        return new LocationScope(this, outer);
    }

    /// <summary>Finishes the function; the builder accepts nothing after it.</summary>
    public Function Build(params ReadOnlySpan<Value> results)
    {
        var function = Snapshot(results);
        _finished = true;
        return function;
    }

    /// <summary>The function so far, with these results. The builder stays open, and values are shared with it.</summary>
    public Function Snapshot(params ReadOnlySpan<Value> results)
    {
        CheckOpen(Location.Unknown);
        return new Function(Name, [.. _parameters], [.. _operations], [.. results]);
    }

    /// <summary>Appends the operations of <paramref name="function"/>, its parameters replaced by <paramref name="arguments"/>.</summary>
    /// <returns>The values that replace its results.</returns>
    public ImmutableArray<Value> Inline(Function function, params ReadOnlySpan<Value> arguments)
    {
        var map = new Dictionary<Value, Value>();
        for (var i = 0; i < function.Parameters.Length; i++) map[function.Parameters[i]] = arguments[i];
        foreach (var operation in function.Operations) Clone(operation, map);
        return [.. function.Results.Select(r => map[r])];
    }

    /// <summary>Copies <paramref name="operation"/>; <paramref name="map"/> gives its operands and records its results.</summary>
    public void Clone(Operation operation, Dictionary<Value, Value> map)
    {
        var results = EmitAll(operation.Op, [.. operation.Operands.Select(o => map[o])], operation.Attributes,
            operation.Location, operation.Body);
        for (var i = 0; i < results.Length; i++) map[operation.Results[i]] = results[i];
    }

    private void CheckOpen(Location location)
    {
        if (_finished)
            throw new GraphException(DiagnosticCode.ForeignValue, $"\"{Name}\" is already built; declare everything before", location);
    }

    private static string CheckName(string name, Location location)
    {
        var good = name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '/')
            && !name.Contains("//", StringComparison.Ordinal); // a comment in IR text
        return good ? name : throw new GraphException(DiagnosticCode.BadName,
            $"\"{name}\" is not a name: use letters, digits, '_', '.' and '/', and do not start with a digit", location);
    }

    /// <summary>Ends the pin of <see cref="At"/> when disposed.</summary>
    public readonly ref struct LocationScope(FunctionBuilder builder, Location? outer)
    {
        /// <summary>Restores the outer pin.</summary>
        public void Dispose() => builder._pinned = outer;
    }
}
