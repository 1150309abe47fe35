namespace GraphCompiler.IR;

/// <summary>What <c>x[…]</c> takes along one axis: an element (<c>3</c>, <c>^1</c>), whose axis is dropped, or a range
/// (<c>1..^1</c>).</summary>
public readonly struct AxisSlice
{
    private readonly Position _start, _limit;

    private AxisSlice(Position start, Position limit, bool isRange) => (_start, _limit, IsRange) = (start, limit, isRange);

    /// <summary>Whether this is a range, whose axis is kept.</summary>
    public bool IsRange { get; }

    /// <summary>The element at an index from 0.</summary>
    public static implicit operator AxisSlice(int index) => new(new(index, false), default, isRange: false);

    /// <summary>The element at an index that may count from the end.</summary>
    public static implicit operator AxisSlice(Index index) => new(new(index.Value, index.IsFromEnd), default, isRange: false);

    /// <summary>The elements from the start to before the end.</summary>
    public static implicit operator AxisSlice(Range range) =>
        new(new(range.Start.Value, range.Start.IsFromEnd), new(range.End.Value, range.End.IsFromEnd), isRange: true);

    /// <summary>The range in an axis of this size, or null where it has no such elements.</summary>
    internal (int Start, int Limit)? In(int size)
    {
        var start = _start.In(size);
        var limit = IsRange ? _limit.In(size) : start + 1;
        return 0 <= start && start <= limit && limit <= size ? ((int)start, (int)limit) : null;
    }

    /// <summary>As C# writes it.</summary>
    public override string ToString() => IsRange ? $"{_start}..{_limit}" : $"{_start}";

    private readonly record struct Position(int Value, bool IsFromEnd)
    {
        public long In(int size) => IsFromEnd ? (long)size - Value : Value;
        public override string ToString() => IsFromEnd ? $"^{Value}" : $"{Value}";
    }
}
