using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Planning;

/// <summary>Offsets for buffers with lifetimes, such that no two alive at once overlap: largest first, lowest gap that fits.</summary>
internal sealed class ArenaLayout
{
    private sealed record Item(long Bytes, int First)
    {
        public int Last { get; set; }
        public long Offset { get; set; }
    }

    private readonly List<Item> _items = [];
    private readonly Dictionary<Value, Item> _itemOf = [];

    /// <summary>Bytes in use, once offsets are assigned.</summary>
    public long Bytes { get; private set; }
    /// <summary>Bytes that the values would take side by side.</summary>
    public long KeepAllBytes => _itemOf.Values.Sum(i => i.Bytes);

    public bool Holds(Value value) => _itemOf.ContainsKey(value);

    public void Add(Value value, int first, int last)
    {
        var item = new Item(LoopBuffer.Align(Math.Max(value.Type.Bytes, 1)), first) { Last = last };
        _items.Add(item);
        _itemOf[value] = item;
    }

    /// <summary>Gives a value the memory of another of its size, whose life ends where its own begins.</summary>
    public void Replace(Value value, Value successor, int last)
    {
        var item = _itemOf[value];
        item.Last = Math.Max(item.Last, last);
        _itemOf[successor] = item;
    }

    /// <summary>Assigns an offset to each value. O(values · values alive at once).</summary>
    public IEnumerable<(Value Value, long Offset)> AssignOffsets()
    {
        // In the order of offsets, so that one walk finds a gap.
        var assigned = new List<Item>(_items.Count);
        foreach (var item in _items.OrderByDescending(i => i.Bytes))
        {
            var (offset, at) = (0L, 0);
            foreach (var other in assigned)
            {
                if (other.First > item.Last || item.First > other.Last) continue;
                if (offset + item.Bytes <= other.Offset) break;
                offset = Math.Max(offset, other.Offset + other.Bytes);
            }
            item.Offset = offset;
            Bytes = Math.Max(Bytes, offset + item.Bytes);
            at = assigned.BinarySearch(item, Comparer<Item>.Create((a, b) => a.Offset.CompareTo(b.Offset)));
            assigned.Insert(at < 0 ? ~at : at, item);
        }
        return _itemOf.Select(i => (i.Key, i.Value.Offset));
    }
}
