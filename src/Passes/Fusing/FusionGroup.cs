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

    public FusionGroup(FusionOrder order, FusionKind? kind, Shape domain, int[] reduced)
    {
        (_order, Id, Kind, Domain, Reduced) = (order, order.NextId(), kind, domain, reduced);
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
    public Shape Kept => Domain.Without(Reduced);
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

    private IEnumerable<FusionGroup> Sources => _sources.Select(s => s.Current).Where(s => s != this);
    private IEnumerable<FusionGroup> Readers => _readers.Select(r => r.Current).Where(r => r != this);

    /// <summary>Whether the group may read what others give: none of them depends on it.</summary>
    public bool CanRead(IReadOnlyCollection<FusionGroup> sources) => sources.All(s => s == this || !s.DependsOn(this))
        && (sources.All(s => s._position <= _position) || Dependents([this]) is not null);

    /// <summary>Adds an operation that reads what <paramref name="sources"/> give.</summary>
    public void Add(Operation operation, int weight, IReadOnlyCollection<FusionGroup> sources)
    {
        _members.Add(operation);
        Weight += weight;
        foreach (var source in sources)
        {
            if (source == this) continue;
            _sources.Add(source);
            source._readers.Add(this);
        }
        if (sources.Any(s => s._position > _position)) MoveToEnd(Dependents([this])!);
    }

    public void Remove(Operation operation, int weight)
    {
        _members.Remove(operation);
        Weight -= weight;
    }

    /// <summary>Makes a loop a row kernel.</summary>
    public void BecomeRow(int[] axes) => (Kind, Reduced) = (FusionKind.Row, axes);

    /// <summary>Whether this group and another can be one: neither needs the other's results through a third.</summary>
    public bool CanAbsorb(FusionGroup other) =>
        !DependsThroughThird(other) && !other.DependsThroughThird(this) && Dependents([this, other]) is not null;

    public void Absorb(FusionGroup other)
    {
        var dependents = Dependents([this, other])!;
        dependents.Remove(other);
        _members.AddRange(other._members);
        _sources.UnionWith(other._sources);
        _readers.UnionWith(other._readers);
        Weight += other.Weight;
        other._mergedInto = this;
        MoveToEnd(dependents);
    }

    // What depends on some groups, those included; null if that is too much.
    private static HashSet<FusionGroup>? Dependents(ReadOnlySpan<FusionGroup> groups)
    {
        var found = new HashSet<FusionGroup>();
        var stack = new Stack<FusionGroup>(groups.ToArray());
        while (stack.TryPop(out var group))
        {
            if (!found.Add(group)) continue;
            if (found.Count > MostVisited) return null;
            foreach (var reader in group.Readers) stack.Push(reader);
        }
        return found;
    }

    // This group first, since all others depend on it; they keep their order.
    private void MoveToEnd(HashSet<FusionGroup> dependents)
    {
        _position = long.MinValue;
        foreach (var group in dependents.OrderBy(g => g._position).ToList()) group._position = _order.Last();
    }

    // Whether the group needs another's results, directly or through other groups.
    private bool DependsOn(FusionGroup other)
    {
        var seen = new HashSet<FusionGroup>();
        var stack = new Stack<FusionGroup>([this]);
        while (stack.TryPop(out var group))
        {
            if (group == other) return true;
            if (group._position < other._position || !seen.Add(group)) continue;
            if (seen.Count > MostVisited) return true;
            foreach (var source in group.Sources) stack.Push(source);
        }
        return false;
    }

    private bool DependsThroughThird(FusionGroup other) => Sources.Any(s => s != other && s.DependsOn(other));
}

/// <summary>Numbers for groups: one in order of creation, and positions of a topological order that only grow.</summary>
internal sealed class FusionOrder
{
    private int _nextId;
    private long _last;

    public int NextId() => _nextId++;
    public long Last() => ++_last;
}
