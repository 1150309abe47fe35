namespace GraphCompiler.IR.Ops;

/// <summary>The operands of an operation at every index of a new leading axis, which at least one of them has.</summary>
/// <remarks>An operand without the axis is the same at every index: a rule that can read it as it is does so, rather than repeat
/// it.</remarks>
public sealed class BatchedOperands
{
    private readonly Value[] _values;
    private readonly bool[] _isBatched;

    /// <summary>Operands, and which of them have the axis.</summary>
    /// <param name="size">Of the axis, at least 1.</param>
    /// <param name="values">One for each operand, of one builder.</param>
    /// <param name="isBatched">Whether it has the axis.</param>
    public BatchedOperands(int size, Value[] values, bool[] isBatched) => (Size, _values, _isBatched) = (size, values, isBatched);

    /// <summary>The size of the new axis.</summary>
    public int Size { get; }
    /// <summary>Number of operands.</summary>
    public int Count => _values.Length;
    /// <summary>An operand, with or without the axis.</summary>
    public Value this[int index] => _values[index];

    /// <summary>Whether an operand has the axis.</summary>
    public bool IsBatched(int index) => _isBatched[index];

    /// <summary>An operand with the axis: repeated along it where it does not have it.</summary>
    public Value WithAxis(int index)
    {
        var x = _values[index];
        return _isBatched[index] ? x
            : x.Emit(Broadcast.Instance, x.Location, Broadcast.Attributes(new Shape([Size, .. x.Shape]), Enumerable.Range(1, x.Rank)));
    }

    /// <summary>All operands with the axis.</summary>
    public Value[] WithAxis() => [.. _values.Select((_, i) => WithAxis(i))];

    /// <summary>The op on operands that all have the axis: what it does at each index, by its attributes.</summary>
    internal Value[] Emit(Op op, AttributeMap attributes) => [.. _values[0].Builder.EmitAll(op, WithAxis(), attributes)];

    /// <summary>Axes of an operation, counted behind the new one.</summary>
    internal static int[] Behind(IEnumerable<int> axes) => [.. axes.Select(a => a + 1)];
}
