using GraphCompiler.IR;

namespace GraphCompiler.Passes.Fusing;

/// <summary>What a group of operations becomes.</summary>
internal enum FusionKind
{
    /// <summary>One pass over an index space.</summary>
    Loop,
    /// <summary>Passes over rows: reductions, with what feeds and follows them.</summary>
    Row,
    /// <summary>A contraction and what follows it element by element.</summary>
    Contraction,
    /// <summary>One operation that is not fused: an alias of memory, a dense constant, a scatter. Nothing joins it.</summary>
    Alone,
}

/// <summary>Operations that run as one kernel, while it grows. A group that is merged into another stays as a reference to it.</summary>
internal sealed class FusionGroup(int id, FusionKind kind, Shape domain, int[] reduced)
{
    private readonly List<Operation> _members = [];
    private readonly HashSet<FusionGroup> _sources = [];
    private FusionGroup? _mergedInto;

    /// <summary>Number in order of creation.</summary>
    public int Id { get; } = id;
    public FusionKind Kind { get; private set; } = kind;
    /// <summary>The index space of its full elements.</summary>
    public Shape Domain { get; } = domain;
    /// <summary>Axes of the domain that its reductions drop.</summary>
    public int[] Reduced { get; private set; } = reduced;
    /// <summary>The shape of what its reductions give.</summary>
    public Shape Kept => Domain.Without(Reduced);
    public IReadOnlyList<Operation> Members => _members;
    /// <summary>Instructions for an element, about: the bound on a kernel's size.</summary>
    public int Weight { get; private set; }

    // An operation depends only on earlier ones, so a group depends on another only if it ends after the other begins.
    private int FirstMember { get; set; } = int.MaxValue;
    private int LastMember { get; set; } = -1;

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

    /// <summary>Groups whose results its members read.</summary>
    public IEnumerable<FusionGroup> Sources => _sources.Select(s => s.Current).Where(s => s != this);

    public void Add(Operation operation, int weight, IEnumerable<FusionGroup> sources)
    {
        _members.Add(operation);
        _sources.UnionWith(sources);
        Weight += weight;
        FirstMember = Math.Min(FirstMember, operation.Id);
        LastMember = Math.Max(LastMember, operation.Id);
    }

    public void Remove(Operation operation, int weight)
    {
        _members.Remove(operation);
        Weight -= weight;
    }

    /// <summary>Makes a loop a row kernel.</summary>
    public void BecomeRow(int[] axes) => (Kind, Reduced) = (FusionKind.Row, axes);

    public void Absorb(FusionGroup other)
    {
        _members.AddRange(other._members);
        _sources.UnionWith(other._sources);
        Weight += other.Weight;
        FirstMember = Math.Min(FirstMember, other.FirstMember);
        LastMember = Math.Max(LastMember, other.LastMember);
        other._mergedInto = this;
    }

    /// <summary>Groups that a search for a dependence visits at most; one that needs more is answered by yes, which only keeps two kernels
    /// apart. So planning takes time in proportion to the operations.</summary>
    private const int MostVisited = 512;

    /// <summary>Whether the group needs another's results, directly or through other groups.</summary>
    public bool DependsOn(FusionGroup other)
    {
        if (LastMember < other.FirstMember) return false;
        var seen = new HashSet<FusionGroup>();
        var stack = new Stack<FusionGroup>([this]);
        while (stack.TryPop(out var group))
        {
            if (group == other) return true;
            if (group.LastMember < other.FirstMember || !seen.Add(group)) continue;
            if (seen.Count > MostVisited) return true;
            foreach (var source in group.Sources) stack.Push(source);
        }
        return false;
    }

    /// <summary>Whether the group needs another's results through a third group: then the two cannot be one kernel.</summary>
    public bool DependsThroughThird(FusionGroup other) => Sources.Any(s => s != other && s.DependsOn(other));
}
