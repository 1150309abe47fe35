using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Fusing;

/// <summary>Operations that run as one kernel, while it grows. A group that is merged into another stays as a reference to it.</summary>
/// <remarks>Groups have a topological order that is kept as they grow: a group comes after those that it depends on, so a search for a
/// dependence visits only the groups between two. What breaks the order is moved to its end, with all that depends on it (as in Pearce and
/// Kelly, "A dynamic topological sort algorithm for directed acyclic graphs", 2006, which moves less).</remarks>
internal sealed class FusionGroup
{
    /// <summary>Most groups that a search visits. One that needs more assumes a dependence, which keeps the kernels apart, so planning
    /// takes time in proportion to the operations.</summary>
    private const int MostVisited = 512;

    private readonly FusionOrder _order;
    private readonly List<Operation> _members = [];
    private readonly HashSet<FusionGroup> _sources = [];
    private readonly HashSet<FusionGroup> _readers = [];
    private FusionGroup? _mergedInto;
    private long _position;
    private int _lastSearch;

    public FusionGroup(FusionOrder order, FusionKind? kind, Shape domain, int[] reduced)
    {
        (_order, Id, Kind, Domain, Reduced, Kept) = (order, order.NextId(), kind, domain, reduced, domain.Without(reduced));
        _position = order.Last();
    }

    /// <summary>Number in order of creation.</summary>
    public int Id { get; }
    /// <summary>What it becomes; null for one operation that is not fused: an alias, a dense constant, an op with its own kernel. Nothing
    /// joins it.</summary>
    public FusionKind? Kind { get; private set; }
    /// <summary>The index space of its full elements.</summary>
    public Shape Domain { get; }
    /// <summary>Axes of the domain that its reductions drop.</summary>
    public int[] Reduced { get; private set; }
    /// <summary>The shape of what its reductions give.</summary>
    public Shape Kept { get; private set; }
    public IReadOnlyList<Operation> Members => _members;
    /// <summary>Approximate instructions for an element, which bound a kernel's size.</summary>
    public int Weight { get; private set; }

    /// <summary>The group that this one is part of by now: itself, unless merged.</summary>
    public FusionGroup Current
    {
        get
        {
            var group = this;
            while (group._mergedInto is { } next)
            {
                if (next._mergedInto is { } after) group._mergedInto = after;
                group = next;
            }
            return group;
        }
    }

    /// <summary>Whether the group may read what others give: none of them depends on it.</summary>
    public bool CanRead(List<FusionGroup> sources)
    {
        foreach (var source in sources)
            if (source != this && source.DependsOn(this)) return false;
        return !IsBefore(sources) || Dependents(this, this) is not null;
    }

    /// <summary>Adds an operation that reads what <paramref name="sources"/> give.</summary>
    public void Add(Operation operation, int weight, List<FusionGroup> sources)
    {
        _members.Add(operation);
        Weight += weight;
        foreach (var source in sources)
        {
            if (source == this) continue;
            _sources.Add(source);
            source._readers.Add(this);
        }
        if (IsBefore(sources)) MoveToEnd(Dependents(this, this)!);
    }

    private bool IsBefore(List<FusionGroup> sources)
    {
        foreach (var source in sources)
            if (source._position > _position) return true;
        return false;
    }

    public void Remove(Operation operation, int weight)
    {
        _members.Remove(operation);
        Weight -= weight;
    }

    /// <summary>Makes a loop a row kernel.</summary>
    public void BecomeRow(int[] axes) => (Kind, Reduced, Kept) = (FusionKind.Row, axes, Domain.Without(axes));

    /// <summary>Whether this group and another can be one: neither needs the other's results through a third.</summary>
    public bool CanAbsorb(FusionGroup other) =>
        !DependsThroughThird(other) && !other.DependsThroughThird(this) && Dependents(this, other) is not null;

    public void Absorb(FusionGroup other)
    {
        var dependents = Dependents(this, other)!;
        dependents.Remove(other);
        _members.AddRange(other._members);
        _sources.UnionWith(other._sources);
        _readers.UnionWith(other._readers);
        Weight += other.Weight;
        other._mergedInto = this;
        MoveToEnd(dependents);
    }

    // What depends on either of two groups, those included, until the next search; null if that is too much.
    private static List<FusionGroup>? Dependents(FusionGroup one, FusionGroup other)
    {
        var (search, found, stack) = one._order.BeginSearch();
        stack.Push(one);
        stack.Push(other);
        while (stack.TryPop(out var group))
        {
            if (group._lastSearch == search) continue;
            group._lastSearch = search;
            found.Add(group);
            if (found.Count > MostVisited) return null;
            foreach (var reader in group._readers) stack.Push(reader.Current);
        }
        return found;
    }

    // This group first, since all others depend on it; they keep their order.
    private void MoveToEnd(List<FusionGroup> dependents)
    {
        _position = long.MinValue;
        dependents.Sort((x, y) => x._position.CompareTo(y._position));
        foreach (var group in dependents) group._position = _order.Last();
    }

    // Whether the group needs another's results, directly or through other groups.
    private bool DependsOn(FusionGroup other)
    {
        var (search, _, stack) = _order.BeginSearch();
        var visited = 0;
        stack.Push(this);
        while (stack.TryPop(out var group))
        {
            if (group == other) return true;
            if (group._position < other._position || group._lastSearch == search) continue;
            group._lastSearch = search;
            if (++visited > MostVisited) return true;
            foreach (var source in group._sources) stack.Push(source.Current);
        }
        return false;
    }

    private bool DependsThroughThird(FusionGroup other)
    {
        foreach (var source in _sources)
            if (source.Current is var s && s != this && s != other && s.DependsOn(other)) return true;
        return false;
    }
}

/// <summary>Numbers for groups, one in order of creation, and positions of a topological order that only grow; and what searches
/// use.</summary>
internal sealed class FusionOrder
{
    private readonly List<FusionGroup> _found = [];
    private readonly Stack<FusionGroup> _stack = [];
    private int _nextId;
    private long _last;
    private int _search;

    public int NextId() => _nextId++;
    public long Last() => ++_last;

    /// <summary>The number of a new search, and its collections, which are empty: one search is over before the next begins.</summary>
    public (int Search, List<FusionGroup> Found, Stack<FusionGroup> Stack) BeginSearch()
    {
        _found.Clear();
        _stack.Clear();
        return (++_search, _found, _stack);
    }
}
