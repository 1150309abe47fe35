using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;

namespace GraphCompiler.Passes.Fusing;

/// <content>Where reductions go.</content>
internal sealed partial class FusionPlan
{
    /// <summary>Most neighbouring elements that are kept, of which a reduction reads all at each step: those of f32 on the widest target.
    /// Of more it reads memory in columns.</summary>
    private const long MostColumns = 64;

    /// <summary>Readers of a tensor among which others are looked for that reduce its columns, and what is looked at that follows a
    /// reduction.</summary>
    private const int MostReaders = 16;

    /// <summary>Parts of a kernel that are enough to share: leading axes that are kept by columns.</summary>
    private const long LeastShares = 16;

    private void PlaceReduction(Operation operation)
    {
        var (domain, axes) = (operation.Operands[0].Shape, Reduction.Axes(operation));
        var sources = Sources(operation);
        var isStreamed = CanStream(domain, axes) && IsLast(operation, domain);
        var group = Candidates(sources).Find(c => IsRowOf(c, domain, axes) && Feeds(c, domain, axes, isStreamed)
            && CanJoin(operation, c, sources)) ?? NewGroup(FusionKind.Row, domain, axes);
        group.BecomeRow(axes);
        Join(operation, group);
        AbsorbSiblings(group);
    }

    /// <summary>Takes in kernels that reduce the columns of a tensor that this one, which does too, reads: it is then read once.</summary>
    public void AbsorbSiblings(FusionGroup group)
    {
        if (!ReducesInOrder(group)) return;
        foreach (var sibling in Siblings(group))
            if (CanMerge(sibling, group)) group.Absorb(sibling);
    }

    private static bool IsRowOf(FusionGroup group, Shape domain, int[] axes) => group.Domain == domain
        && (group.Kind == FusionKind.Loop || (group.Kind == FusionKind.Row && group.Reduced.SequenceEqual(axes)));

    // Whether a reduction is well computed with what feeds it. A math function would be computed in each pass over the columns.
    private bool Feeds(FusionGroup group, Shape domain, int[] axes, bool isStreamed) => axes.Contains(domain.Rank - 1)
        || RowKernel.Unrolls(domain, axes, group.Weight)
        || (!group.Members.Any(ElementKernel.IsFunction) && (!ReadsColumns(domain, axes) || group.Kind == FusionKind.Row
            || Repeats(group) || (isStreamed && IsStreamed(group))));

    // Whether rows can be read as they lie in memory, and workers share enough of many elements.
    private static bool CanStream(Shape domain, int[] axes)
    {
        if (axes.Contains(domain.Rank - 1) || axes.Length == 0) return false;
        var leading = domain.Take(axes.Min()).Aggregate(1L, (n, size) => n * size);
        return domain[^1] > MostColumns
            && (domain.ElementCount < LeastShared || leading * (domain[^1] / MostColumns) >= LeastShares);
    }

    // Whether nothing of the domain waits for a reduction, for which another pass would read the same columns.
    private bool IsLast(Operation reduction, Shape domain)
    {
        var stack = new Stack<Operation>([reduction]);
        for (var visited = 0; stack.TryPop(out var operation); visited++)
            foreach (var result in operation.Results)
                foreach (var reader in Readers[result])
                {
                    if (visited > MostReaders || reader.Results.Any(r => r.Shape == domain)) return false;
                    if (reader.Op is IElementOp or Reshape) stack.Push(reader);
                }
        return true;
    }

    /// <summary>Whether a kernel may read what an operation is computed from in place of its result: one tensor, or two parameters of its
    /// type, to sum columns. They are there throughout, and read once where the result is written and read.</summary>
    /// <param name="operation">Of which nothing else reads the result.</param>
    /// <param name="leaves">Of those that it is computed from, the ones of its size.</param>
    /// <param name="target">The kernel.</param>
    public bool ReadsNoMore(Operation operation, Value[] leaves, FusionGroup target) => leaves.Length <= 1
        || (leaves.Length == 2 && leaves.All(l => l.Definition is null && l.Type == operation.Result.Type)
            && GroupOf(operation)!.Kind != FusionKind.Contraction && ReducesInOrder(target) && ReadsInOrder(operation));

    // Whether a kernel reduces columns, and reads them row by row.
    private bool ReducesInOrder(FusionGroup group) => CanStream(group.Domain, group.Reduced) && IsStreamed(group);

    // Whether a kernel reads full tensors as they lie in memory, in one pass.
    private bool IsStreamed(FusionGroup group) => group.Members.All(m => m.Op is not IIndexedOp && ReadsInOrder(m)
        && (m.Op is not IReductionOp || IsLast(m, group.Domain)));

    private bool ReadsInOrder(Operation reader) => reader.Operands.All(o => !ReadsThrough(reader, o)
        || (o.Definition!.Op is Broadcast or Constant or (IElementOp and not IIndexedOp) && ReadsInOrder(o.Definition)));

    private List<FusionGroup> Siblings(FusionGroup group) =>
        [.. group.Members.SelectMany(Leaves).Where(v => v.Shape == group.Domain && GroupOf(v) != group).Distinct()
            .SelectMany(v => Readers[v].Take(MostReaders)).Select(GroupOf).OfType<FusionGroup>().Distinct()
            .Where(g => g != group && g.Kind == FusionKind.Row && IsRowOf(g, group.Domain, group.Reduced) && IsStreamed(g))];

    // What feeds such a reduction is better written row by row, unless it is of few elements (the taps of a window), repeats what it reads,
    // can be reduced row by row, or columns are read for another one anyway. One range of many rows is a single worker's.
    private static bool ReadsColumns(Shape domain, int[] axes)
    {
        var columns = domain.Skip(axes.Max() + 1).Aggregate(1L, (n, size) => n * size);
        return columns > MostColumns || (domain.Without(axes).ElementCount == columns && domain.ElementCount >= LeastShared);
    }

    // Whether a kernel reads at most two thirds of the memory that its elements would take, as of windows.
    private bool Repeats(FusionGroup group)
    {
        var read = group.Members.SelectMany(Leaves).Distinct().Where(v => GroupOf(v) != group);
        return 3 * read.Sum(v => v.Type.Bytes) <= 2 * group.Members[0].Result.Type.Bytes;
    }
}
