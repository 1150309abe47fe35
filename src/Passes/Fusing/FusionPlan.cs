// The invariants of a plan; FusedVerifier checks I2 and I3 on the fused function, and the rewrite refuses a plan that breaks I1.
//  I1  groups depend on one another without a cycle
//  I2  a member reads each operand from memory (what another group wrote, through any index map), or its own group's element at its
//      own index, or its own group's value of a row for all elements of the row; a contraction reads strided views of memory only
//  I3  full elements of a group have one shape, its domain; a row group's other values have the domain's shape without the reduced axes
//  I4  a group, with what it repeats of its operands, is no heavier than KernelWeights.Most, or begins with one operation that weighs less
//      than twice as much, so that code generation takes time in proportion to the operations
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;

namespace GraphCompiler.Passes.Fusing;

/// <summary>Which operations share a kernel: each joins the kernel that makes one of its operands,
/// where the invariants above allow it.</summary>
internal sealed partial class FusionPlan
{
    /// <summary>Longest chain of index maps that each reader repeats; beyond it one of them is written to memory.</summary>
    private const int MostChained = 8;

    /// <summary>Elements from which a tensor that is one row takes another pass in another kernel: workers share that one, and its row
    /// outgrows the first-level cache in any case. Only sizes that <see cref="SplitReductions"/> cannot divide leave such rows.</summary>
    private const long LeastShared = 1 << 14;

    /// <summary>Bytes of a result that need not be written for each byte that must be written instead.</summary>
    private const long LeastSpared = 16;

    // By the numbers of operations: the group, how long a chain of index maps is that is repeated, 0 for what is not, and whether such a
    // map is a strided view of memory.
    private readonly FusionGroup?[] _groupOf;
    private readonly int[] _chainOf;
    private readonly bool[] _views;
    private readonly KernelWeights _weights;
    private readonly FusionOrder _order = new();

    public FusionPlan(Function function)
    {
        var count = function.Operations.Length;
        (_groupOf, _chainOf, _views, _weights) = (new FusionGroup?[count], new int[count], new bool[count], new(count));
        Readers = new(function);
        var stored = StoredMaps(function);
        foreach (var operation in function.Operations)
        {
            if (!IsInlined(operation)) Assign(operation);
            else if (stored.Contains(operation)) Join(operation, NewGroup(FusionKind.Loop, operation.Result.Shape, []));
        }
    }

    /// <summary>Of the function that is planned.</summary>
    public ValueReaders Readers { get; }

    public FusionGroup? GroupOf(Operation operation) => _groupOf[operation.Id]?.Current;
    public FusionGroup? GroupOf(Value value) => value.Definition is { } d ? GroupOf(d) : null;

    /// <summary>Whether the operation is a splat or an index map that is repeated in each kernel that reads it.</summary>
    public bool IsInlined(Operation operation) => _chainOf[operation.Id] > 0;

    /// <summary>The values in memory, or in its own kernel, that an operation reads.</summary>
    public List<Value> Leaves(Operation operation)
    {
        var leaves = new List<Value>(operation.Operands.Length);
        AddLeaves(operation, leaves);
        return leaves;
    }

    private void AddLeaves(Operation reader, List<Value> leaves)
    {
        foreach (var operand in reader.Operands)
            if (ReadsThrough(reader, operand)) AddLeaves(operand.Definition!, leaves);
            else leaves.Add(operand);
    }

    /// <summary>Whether a reader repeats the index map that gives one of its operands.</summary>
    public bool ReadsThrough(Operation reader, Value operand) => operand.Definition is { } d && IsInlined(d) && CanRepeat(reader, d);

    /// <summary>Whether another group than a value's own reads it, one reader aside: by itself or through an index map.</summary>
    public bool IsReadElsewhere(Value value, FusionGroup own, Operation aside) => Readers[value].Any(r => r != aside
        && (GroupOf(r) is { } group ? group != own : r.Results.Any(result => IsReadElsewhere(result, own, aside))));

    /// <summary>Whether a value is worth storing where a result then is not: the mean of a row, for what is normalized.</summary>
    public static bool IsSmall(Value value, Operation spared) => value.Type.Bytes * LeastSpared <= spared.Result.Type.Bytes;

    /// <summary>Moves an operation into a group that reads it. The operands of the operation must be in memory.</summary>
    public void Move(Operation operation, FusionGroup to)
    {
        GroupOf(operation)!.Remove(operation, WeightOf(operation));
        Join(operation, to);
    }

    public bool CanTake(FusionGroup group, Operation operation) => group.Weight + WeightOf(operation) <= KernelWeights.Most;

    // Contractions read by strides; ops with a kernel of their own, and aliases, read memory.
    private bool CanRepeat(Operation reader, Operation map) => reader.Op is IContractionOp ? _views[map.Id] : !IsAlone(reader);

    private static bool IsAlone(Operation operation) => operation.Op is IKernelOp || (operation.Op is IMemoryOp && !IsIndexMap(operation));

    // With what it repeats of its operands.
    private int WeightOf(Operation operation) => Math.Max(ElementKernel.Cost(operation), KernelWeights.Of(operation))
        + _weights.Computed(operation, d => IsInlined(d) && CanRepeat(operation, d));

    // Finds what is inlined along the way: operands come before their readers.
    private HashSet<Operation> StoredMaps(Function function)
    {
        var stored = new HashSet<Operation>();
        var guarded = GuardedPads.Of(function);
        var summed = SummedElements.Of(function, guarded);
        var widened = Widened(function);
        foreach (var operation in function.Operations)
        {
            var chain = 1;
            foreach (var operand in operation.Operands)
                if (operand.Definition is { } d) chain = Math.Max(chain, 1 + _chainOf[d.Id]);
            if (chain <= MostChained && (IsIndexMap(operation) || summed.Contains(operation)
                || guarded.Contains(operation) || widened.Contains(operation)))
            {
                _chainOf[operation.Id] = chain;
                _weights.Add(operation, IsInlined);
                _views[operation.Id] = IsView(operation);
            }
            else
            {
                foreach (var operand in operation.Operands)
                    if (operand.Definition is { } d && !CanRepeat(operation, d)) stored.Add(d);
            }
        }
        stored.UnionWith(function.Results.Select(r => r.Definition).OfType<Operation>());
        return stored;
    }

    // Conversions to a wider floating-point type that elementwise operations and reductions read: memory holds the narrower elements, and
    // to widen one takes no more than to load it.
    private HashSet<Operation> Widened(Function function)
    {
        if (!function.Operations.Any(o => o.Op is IR.Ops.Convert && IsWidening(o))) return [];
        var results = function.Results.ToHashSet();
        return [.. function.Operations.Where(o => o.Op is IR.Ops.Convert && !results.Contains(o.Result)
            && IsWidening(o) && Readers[o.Result].All(r => r.Op is IReductionOp or (IElementOp and not IIndexedOp)))];
    }

    private static bool IsWidening(Operation convert) => convert.Operands[0].DType is { IsFloating: true } from
        && convert.Result.DType is { IsFloating: true } to && from.Bits < to.Bits;

    private bool IsView(Operation operation) => operation.Op is IAffineOp op && op.MapOf(operation) is not null
        && (operation.Operands[0].Definition is not { } source || !IsInlined(source) || _views[source.Id]);

    private static bool IsIndexMap(Operation operation) => operation.Op is IIndexedOp op && op.IsRepeatable(operation);

    private void Assign(Operation operation)
    {
        var shape = operation.Result.Shape;
        if (IsAlone(operation)) Join(operation, NewGroup(null, shape, []));
        else if (operation.Op is IContractionOp) Join(operation, NewGroup(FusionKind.Contraction, shape, []));
        else if (operation.Op is IReductionOp) PlaceReduction(operation);
        // An index map reads other elements than its own, so they must be in memory: it begins a kernel.
        else if (operation.Op is IIndexedOp) Join(operation, NewGroup(FusionKind.Loop, shape, []));
        else PlaceElement(operation);
    }

    private void PlaceElement(Operation operation)
    {
        var sources = Sources(operation);
        var candidates = Candidates(sources);
        var chosen = candidates.Find(c => Accepts(c, operation.Result.Shape) && CanJoin(operation, c, sources));
        Join(operation, chosen ?? NewGroup(FusionKind.Loop, operation.Result.Shape, []));
        if (chosen is null) return;
        foreach (var candidate in candidates)
            if (candidate != chosen && candidate.Kind == FusionKind.Loop && Accepts(chosen, candidate.Domain)
                && CanMerge(candidate, chosen)) chosen.Absorb(candidate);
    }

    // Contractions first, then rows, then loops; later groups before earlier ones: fusing there saves the most memory traffic.
    private static List<FusionGroup> Candidates(List<FusionGroup> sources)
    {
        var candidates = sources.FindAll(g => g.Kind is not null);
        candidates.Sort((x, y) => Rank(x) != Rank(y) ? Rank(x) - Rank(y) : y.Id - x.Id);
        return candidates;

        static int Rank(FusionGroup group) => group.Kind switch { FusionKind.Contraction => 0, FusionKind.Row => 1, _ => 2 };
    }

    // The groups of what an operation reads, each once.
    private List<FusionGroup> Sources(Operation operation)
    {
        var sources = new List<FusionGroup>();
        AddSources(operation, sources);
        return sources;
    }

    private void AddSources(Operation reader, List<FusionGroup> sources)
    {
        foreach (var operand in reader.Operands)
            if (ReadsThrough(reader, operand)) AddSources(operand.Definition!, sources);
            else if (GroupOf(operand) is { } group && !sources.Contains(group)) sources.Add(group);
    }

    private static bool Accepts(FusionGroup group, Shape shape) =>
        shape == group.Domain || (group.Kind == FusionKind.Row && shape == group.Kept);

    private bool CanJoin(Operation operation, FusionGroup group, List<FusionGroup> sources) => CanTake(group, operation)
        && ReadsAll(operation, group, null) && group.CanRead(sources);

    private bool CanMerge(FusionGroup from, FusionGroup into) => from.Weight + into.Weight <= KernelWeights.Most
        && ReadsAll(from.Members, into, from) && ReadsAll(into.Members, into, from) && into.CanAbsorb(from);

    private bool ReadsAll(IReadOnlyList<Operation> members, FusionGroup group, FusionGroup? merged)
    {
        for (var i = 0; i < members.Count; i++)
            if (!ReadsAll(members[i], group, merged)) return false;
        return true;
    }

    private bool ReadsAll(Operation reader, FusionGroup group, FusionGroup? merged)
    {
        foreach (var operand in reader.Operands)
            if (!Reads(reader, operand, group, merged)) return false;
        return true;
    }

    /// <summary>Whether invariant I2 holds for an operand of a member of <paramref name="group"/>,
    /// with <paramref name="merged"/> as a part of it.</summary>
    private bool Reads(Operation reader, Value operand, FusionGroup group, FusionGroup? merged)
    {
        if (!ReadsOwn(reader, operand, group, merged)) return true;
        if (reader.Op is not (IElementOp or IReductionOp) || reader.Op is IIndexedOp) return false;
        var shape = reader.Op is IReductionOp ? reader.Operands[0].Shape : reader.Result.Shape;
        if (!ReadsThrough(reader, operand)) return operand.Shape == shape;
        if (operand.Definition is { Op: IElementOp and not IIndexedOp } element)
            return operand.Shape == shape && ReadsAll(element, group, merged);
        return group.Kind == FusionKind.Row && shape == group.Domain && IsOfRow(operand.Definition!, group);
    }

    // Whether a leaf of the operand is of the group.
    private bool ReadsOwn(Operation reader, Value operand, FusionGroup group, FusionGroup? merged)
    {
        if (!ReadsThrough(reader, operand)) return GroupOf(operand) is { } own && (own == group || own == merged);
        foreach (var o in operand.Definition!.Operands)
            if (ReadsOwn(operand.Definition, o, group, merged)) return true;
        return false;
    }

    // A broadcast of a row's value along the reduced axes, unit axes aside.
    private bool IsOfRow(Operation broadcast, FusionGroup group)
    {
        if (broadcast.Op is not IAffineOp op || broadcast.Result.Shape != group.Domain) return false;
        if (group.Kept.ElementCount == 1 && group.Domain.ElementCount >= LeastShared) return false;
        var kept = Enumerable.Range(0, group.Domain.Rank).Except(group.Reduced);
        if (op.MapOf(broadcast)?.Dimensions is not { } dimensions || !dimensions.SequenceEqual(kept)) return false;
        var source = broadcast.Operands[0];
        while (source.Definition is { Op: IMemoryOp memory } r && IsInlined(r) && memory.AliasOf(r) is { } x && x.Shape == group.Kept)
            source = x;
        return source.Shape == group.Kept && !(source.Definition is { } d && IsInlined(d));
    }

    private FusionGroup NewGroup(FusionKind? kind, Shape domain, int[] reduced) => new(_order, kind, domain, reduced);

    private void Join(Operation operation, FusionGroup group)
    {
        group.Add(operation, WeightOf(operation), Sources(operation));
        _groupOf[operation.Id] = group;
    }
}
