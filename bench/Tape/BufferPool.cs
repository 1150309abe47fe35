namespace GraphCompiler.Tape;

/// <summary>Float buffers of exact lengths, lent during a step and taken back together at its end.</summary>
internal sealed class BufferPool
{
    private readonly Dictionary<int, Stack<float[]>> _free = [];
    private readonly List<float[]> _lent = [];

    /// <summary>A buffer with any contents.</summary>
    public float[] Rent(int length)
    {
        var buffer = _free.TryGetValue(length, out var stack) && stack.TryPop(out var kept) ? kept : new float[length];
        _lent.Add(buffer);
        return buffer;
    }

    /// <summary>Takes back every buffer that is lent.</summary>
    public void Reclaim()
    {
        foreach (var buffer in _lent)
        {
            if (!_free.TryGetValue(buffer.Length, out var stack)) _free[buffer.Length] = stack = new();
            stack.Push(buffer);
        }
        _lent.Clear();
    }
}
