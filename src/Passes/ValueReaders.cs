using GraphCompiler.IR;

namespace GraphCompiler.Passes;

/// <summary>The operations of a function that read each value, each once, in order.</summary>
internal sealed class ValueReaders
{
    private readonly Dictionary<Value, List<Operation>> _readers = [];

    public ValueReaders(IEnumerable<Operation> operations)
    {
        foreach (var operation in operations)
            foreach (var operand in operation.Operands)
            {
                var readers = _readers.TryGetValue(operand, out var known) ? known : _readers[operand] = [];
                if (readers.Count == 0 || readers[^1] != operation) readers.Add(operation);
            }
    }

    /// <summary>The readers of a value; none for a result that nothing reads.</summary>
    public IReadOnlyList<Operation> this[Value value] => _readers.GetValueOrDefault(value) ?? [];
}
