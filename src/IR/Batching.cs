using GraphCompiler.IR.Ops;

namespace GraphCompiler.IR;

/// <summary>Appends operations at every index of a new leading axis of some values (vmap): one operation for each, whatever the axis'
/// size.</summary>
/// <remarks>An operation that no batched value reaches is appended once, as it is. Each op declares its rule, <see cref="Op.Batch"/>.
/// O(operations).</remarks>
public sealed class Batching
{
    private readonly FunctionBuilder _builder;
    private readonly int _size;
    private readonly Dictionary<Value, Value> _map;
    private readonly HashSet<Value> _batched = [];

    /// <summary>Batches over an axis of <paramref name="size"/>, at least 1.</summary>
    /// <param name="builder">Where operations are appended.</param>
    /// <param name="size">Of the axis.</param>
    /// <param name="unbatched">Values of the builder that replace those that are the same at every index; none when null.</param>
    public Batching(FunctionBuilder builder, int size, IReadOnlyDictionary<Value, Value>? unbatched = null) =>
        (_builder, _size, _map) = (builder, size, new(unbatched ?? new Dictionary<Value, Value>()));

    /// <summary>Replaces <paramref name="value"/> by one that has the axis in front.</summary>
    public void Bind(Value value, Value batched)
    {
        _map[value] = batched;
        _batched.Add(value);
    }

    /// <summary>Appends <paramref name="operations"/>, which are in execution order.</summary>
    public void Append(IEnumerable<Operation> operations)
    {
        foreach (var operation in operations)
        {
            using var pin = _builder.At(operation.Location);
            if (!operation.Operands.Any(_batched.Contains))
            {
                _builder.Clone(operation, _map);
                continue;
            }
            var results = operation.Op.Batch(operation,
                new(_size, [.. operation.Operands.Select(o => _map[o])], [.. operation.Operands.Select(_batched.Contains)]));
            for (var i = 0; i < results.Length; i++) Bind(operation.Results[i], results[i]);
        }
    }

    /// <summary>What replaces <paramref name="value"/>, with the axis: repeated along it where nothing batched reaches the value.</summary>
    public Value Result(Value value) => new BatchedOperands(_size, [_map[value]], [_batched.Contains(value)]).WithAxis(0);
}
