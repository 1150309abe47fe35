namespace GraphCompiler.IR;

/// <summary>Goes through the indices of a shape in row-major order, and through memory where a step along each axis is a stride.</summary>
/// <param name="shape">Whose indices.</param>
/// <param name="first">The position of the first index.</param>
/// <param name="strides">What a step along each axis of the shape adds to the position.</param>
internal sealed class StridedWalk(Shape shape, long first, long[] strides)
{
    private readonly int[] _sizes = [.. shape.Sizes];
    private readonly int[] _index = new int[shape.Rank];

    /// <summary>Where the index that it has come to is in memory.</summary>
    public long Position { get; private set; } = first;

    /// <summary>Goes to the next index; after the last, back to the first.</summary>
    public void Next()
    {
        for (var axis = _index.Length - 1; axis >= 0; axis--)
        {
            Position += strides[axis];
            if (++_index[axis] < _sizes[axis]) return;
            Position -= strides[axis] * _sizes[axis];
            _index[axis] = 0;
        }
    }

    /// <summary>The positions of all indices, in order.</summary>
    public long[] All()
    {
        var all = new long[shape.ElementCount];
        for (var i = 0; i < all.Length; i++, Next()) all[i] = Position;
        return all;
    }
}
