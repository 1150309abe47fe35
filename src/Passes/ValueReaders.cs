using GraphCompiler.IR;

namespace GraphCompiler.Passes;

/// <summary>The operations of a function that read each value, each once, in order.</summary>
internal sealed class ValueReaders
{
    private static readonly List<Operation> s_none = [];

    // By the numbers of values.
    private readonly List<Operation>?[] _readers;

    public ValueReaders(Function function)
    {
        _readers = new List<Operation>?[function.ValueCount];
        foreach (var operation in function.Operations)
            foreach (var operand in operation.Operands)
            {
                var readers = _readers[operand.Id] ??= new(1);
                if (readers.Count == 0 || readers[^1] != operation) readers.Add(operation);
            }
    }

    /// <summary>The readers of a value; none for a result that nothing reads.</summary>
    public List<Operation> this[Value value] => _readers[value.Id] ?? s_none;
}
