using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.IR;

/// <summary>Makes a function, an operation at a time; with <see cref="Rewriter"/> the only way to make IR.</summary>
/// <remarks>Each operation's shape rule is checked as it is appended. Not for use by two threads at once.</remarks>
public partial class FunctionBuilder
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
        ArgumentNullException.ThrowIfNull(type);
        CheckOpen(location);
        if (IsReserved(CheckName(name, location)))
            throw new GraphException(DiagnosticCode.BadName, $"the name \"{name}\" is that of a result of the step", location);
        if (!_names.Add(name))
            throw new GraphException(DiagnosticCode.BadName, $"the name \"{name}\" is already taken", location);
        var value = new Value(this, _nextValue++, type, name, Within(location));
        _parameters.Add(value);
        return value;
    }

    /// <summary>Declares a parameter that a pass adds: of this name, or, where that is taken, of this name and a number.</summary>
    public Value ParameterLike(string name, TensorType type, Location location)
    {
        var free = name;
        for (var i = 1; _names.Contains(free); i++) free = $"{name}.{i}";
        return Parameter(free, type, location);
    }

    /// <summary>Whether a name is kept for something other than a parameter.</summary>
    protected virtual bool IsReserved(string name) => false;

    /// <summary>Appends an operation with one result.</summary>
    /// <exception cref="GraphException">The op's shape rule refuses the operands.</exception>
    public Value Emit(Op op, ReadOnlySpan<Value> operands, AttributeMap? attributes = null, Location location = default) =>
        EmitAll(op, operands, attributes, location)[0];

    /// <summary>Appends an operation and gives all its results.</summary>
    /// <exception cref="GraphException">SGC1008: an operand is of another builder. Or the op's shape rule refuses the operands.</exception>
    public ImmutableArray<Value> EmitAll(Op op, ReadOnlySpan<Value> operands, AttributeMap? attributes = null,
        Location location = default, Function? body = null)
    {
        ArgumentNullException.ThrowIfNull(op);
        var at = _pinned ?? location;
        CheckOpen(at);
        CheckOwn(operands, op.Name, at);
        return Append(new(op, [.. operands], attributes ?? AttributeMap.Empty, body, at));
    }

    private ImmutableArray<Value> Append(OpCall call)
    {
        var (types, at) = (call.Op.InferChecked(call), Within(call.Location));
        var results = new Value[types.Length];
        for (var i = 0; i < results.Length; i++) results[i] = new Value(this, _nextValue++, types[i], null, at);
        return Append(call.Op, call.Operands, call.Attributes, results, call.Body, at);
    }

    private ImmutableArray<Value> Append(Op op, ImmutableArray<Value> operands, AttributeMap attributes, Value[] results, Function? body,
        Location at)
    {
        var operation = new Operation(_operations.Count, op, operands, attributes, ImmutableCollectionsMarshal.AsImmutableArray(results),
            body, at);
        foreach (var result in results) result.Definition = operation;
        _operations.Add(operation);
        return operation.Results;
    }

    /// <summary>A location with what the builder knows beside file and line: the scope and the part of the step.</summary>
    internal virtual Location Within(Location location) => location;

    /// <summary>Locates operations at <paramref name="location"/> until disposed: a layer's call, or the primal of an adjoint.</summary>
    /// <remarks>The outermost pin wins, so that a layer made of layers is located at the user's call.</remarks>
    public LocationScope At(Location location)
    {
        var outer = _pinned;
        _pinned ??= location;
        return new LocationScope(this, outer);
    }

    /// <summary>Declares a value by several operations, located at <paramref name="location"/>: all of them, or none if one
    /// fails.</summary>
    /// <param name="location">Of the call that is made of them.</param>
    /// <param name="declare">Appends the operations, and gives their result.</param>
    public Value Compose(Location location, Func<Value> declare)
    {
        ArgumentNullException.ThrowIfNull(declare);
        using var pin = At(location);
        return AllOrNothing(location, declare);
    }

    /// <summary>Declares a value by calls that keep locations of their own: all of them, or none if one fails.</summary>
    /// <param name="location">Of the call that is made of them, for a result that is none.</param>
    /// <param name="declare">Appends the operations, and gives their result.</param>
    protected Value AllOrNothing(Location location, Func<Value> declare)
    {
        ArgumentNullException.ThrowIfNull(declare);
        var start = _nextValue;
        try
        {
            var result = declare();
            CheckOwn([result], "result", _pinned ?? location);
            return result;
        }
        catch
        {
            Withdraw(start);
            throw;
        }
    }

    /// <summary>Takes back what was declared since a call began that has failed.</summary>
    /// <param name="firstId">The least <see cref="Value.Id"/> of what is taken back.</param>
    protected virtual void Withdraw(int firstId)
    {
        // What was declared last stands last.
        for (; _operations.Count > 0 && _operations[^1].Result.Id >= firstId; _operations.RemoveAt(_operations.Count - 1))
            foreach (var result in _operations[^1].Results) result.IsWithdrawn = true;
        for (; _parameters.Count > 0 && _parameters[^1].Id >= firstId; _parameters.RemoveAt(_parameters.Count - 1))
        {
            _parameters[^1].IsWithdrawn = true;
            _names.Remove(_parameters[^1].Name!);
        }
        _nextValue = firstId;
    }

    /// <summary>Finishes the function; the builder accepts nothing after it.</summary>
    /// <exception cref="GraphException">SGC1008: a result is of another builder.</exception>
    public Function Build(params ReadOnlySpan<Value> results)
    {
        var function = Snapshot(results);
        _finished = true;
        return function;
    }

    /// <summary>The function so far, with these results. The builder stays open, and values are shared with it.</summary>
    /// <exception cref="GraphException">SGC1008: a result is of another builder.</exception>
    public Function Snapshot(params ReadOnlySpan<Value> results)
    {
        CheckOpen(Location.Unknown);
        CheckOwn(results, "results", Location.Unknown);
        return new Function(Name, [.. _parameters], [.. _operations], [.. results]);
    }

    /// <summary>What was declared so far, as IR text without results.</summary>
    public override string ToString() => new Function(Name, [.. _parameters], [.. _operations], []).ToString();

    /// <summary>Appends the operations of <paramref name="function"/>, its parameters replaced by <paramref name="arguments"/>.</summary>
    /// <returns>The values that replace its results.</returns>
    /// <exception cref="GraphException">SGC1009: another number of arguments. SGC1001, SGC1002: an argument of another type.
    /// SGC1008: one of another builder.</exception>
    public ImmutableArray<Value> Inline(Function function, params ReadOnlySpan<Value> arguments)
    {
        ArgumentNullException.ThrowIfNull(function);
        CheckOwn(arguments, $"@{function.Name}", Location.Unknown);
        function.CheckArguments(arguments, a => a.Type);
        var map = new Dictionary<Value, Value>();
        for (var i = 0; i < function.Parameters.Length; i++) map[function.Parameters[i]] = arguments[i];
        foreach (var operation in function.Operations) Clone(operation, map);
        return [.. function.Results.Select(r => map[r])];
    }

    /// <summary>Copies <paramref name="operation"/>; <paramref name="map"/> gives its operands and records its results.</summary>
    public void Clone(Operation operation, Dictionary<Value, Value> map)
    {
        var operands = new Value[operation.Operands.Length];
        for (var i = 0; i < operands.Length; i++) operands[i] = map[operation.Operands[i]];
        var results = Clone(operation, ImmutableCollectionsMarshal.AsImmutableArray(operands));
        for (var i = 0; i < results.Length; i++) map[operation.Results[i]] = results[i];
    }

    /// <summary>Copies <paramref name="operation"/> with these operands, and gives its results.</summary>
    /// <exception cref="GraphException">SGC1008: an operand is of another builder. Or the op's shape rule refuses the
    /// operands.</exception>
    public ImmutableArray<Value> Clone(Operation operation, ImmutableArray<Value> operands)
    {
        ArgumentNullException.ThrowIfNull(operation);
        if (operands.IsDefault || operands.Length != operation.Operands.Length)
            return EmitAll(operation.Op, operands.AsSpan(), operation.Attributes, operation.Location, operation.Body);
        var at = _pinned ?? operation.Location;
        CheckOpen(at);
        CheckOwn(operands.AsSpan(), operation.Op.Name, at);
        // A shape rule is a function of types, so the same operands' types give the same results'.
        for (var i = 0; i < operands.Length; i++)
            if (operands[i].Type != operation.Operands[i].Type)
                return Append(new(operation.Op, operands, operation.Attributes, operation.Body, at));
        at = Within(at);
        var results = new Value[operation.Results.Length];
        for (var i = 0; i < results.Length; i++) results[i] = new Value(this, _nextValue++, operation.Results[i].Type, null, at);
        return Append(operation.Op, operands, operation.Attributes, results, operation.Body, at);
    }

    // The one place that checks a value for null, and which builder it belongs to.
    private void CheckOwn(ReadOnlySpan<Value> values, string what, Location location,
        [CallerArgumentExpression(nameof(values))] string? parameter = null)
    {
        foreach (var value in values)
        {
            ArgumentNullException.ThrowIfNull(value, parameter);
            if (value.Builder != this)
                throw new GraphException(DiagnosticCode.ForeignValue,
                    $"{what}: {value} belongs to \"{value.Builder.Name}\", not to \"{Name}\"", location);
            if (value.IsWithdrawn)
                throw new GraphException(DiagnosticCode.ForeignValue, $"{what}: {value} was declared by a call that failed", location);
        }
    }

    private void CheckOpen(Location location)
    {
        if (_finished)
            throw new GraphException(DiagnosticCode.ForeignValue, $"\"{Name}\" is already built; declare everything before", location);
    }

    /// <summary>The rule of names, for whatever of a model is named: letters, digits, '_', '.', '/', not starting with a digit.</summary>
    /// <exception cref="GraphException">SGC1006: malformed.</exception>
    protected static string CheckName(string name, Location location)
    {
        ArgumentNullException.ThrowIfNull(name);
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
