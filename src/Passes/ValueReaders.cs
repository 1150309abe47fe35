using GraphCompiler.IR;

namespace GraphCompiler.Passes;

/// <summary>The operations of a function that read each value, each once, in order.</summary>
internal sealed class ValueReaders
{
    private readonly Dictionary<Value, List<Operation>> _readers = [];

    public ValueReaders(IEnumerable<Operation> operations)
    {
        foreach (var operation in operations)
            foreach (var operand in operation.Operands.Distinct())
                (_readers.TryGetValue(operand, out var readers) ? readers : _readers[operand] = []).Add(operation);
    }

    /// <summary>The readers of a value; none for a result that nothing reads.</summary>
    public IReadOnlyList<Operation> this[Value value] => _readers.GetValueOrDefault(value) ?? [];
}
