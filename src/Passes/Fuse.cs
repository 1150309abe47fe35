using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>Gathers operations into fusions, each of which becomes one kernel; what stays between them lives in memory.</summary>
/// <remarks>Needs: no composite ops. Ensures: every operation but reshapes (aliases), dense constants and scatters is in a fusion.
/// Index maps of nothing but memory (broadcast, slice, …) are repeated in each fusion that reads them. O(operations · groups).</remarks>
public sealed class Fuse : IPass
{
    /// <inheritdoc/>
    public string Name => "fuse";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context)
    {
        var plan = new FusionPlan();
        foreach (var operation in function.Operations) plan.Place(operation);
        plan.MaterializeInlined(function);
        new FusionSink(function, plan).Run();
        return new FusionRewrite(function, plan).Build();
    }
}

/// <summary>A kernel's shape while it grows.</summary>
internal sealed class FusionGroup(int id, string kind, Shape domain, int[] reduced)
{
    public int Id { get; } = id;
    /// <summary>loop, row (holds reductions), contraction, or scatter (one operation, never joined).</summary>
    public string Kind { get; set; } = kind;
    /// <summary>The index space of its full elements.</summary>
    public Shape Domain { get; set; } = domain;
    /// <summary>Axes of the domain that its reductions drop.</summary>
    public int[] Reduced { get; set; } = reduced;
    public List<Operation> Members { get; } = [];
    /// <summary>The shape of what its reductions give.</summary>
    public Shape Kept => Domain.Without(Reduced);
    /// <summary>Groups that it reads from.</summary>
    public HashSet<FusionGroup> Sources { get; } = [];
}

/// <summary>Which group each operation is in.</summary>
internal sealed class FusionPlan
{
    private readonly Dictionary<Operation, FusionGroup> _groupOf = [];
    private int _nextGroup;

    public FusionGroup? GroupOf(Value value) => value.Definition is { } d ? _groupOf.GetValueOrDefault(d) : null;
    public FusionGroup? GroupOf(Operation operation) => _groupOf.GetValueOrDefault(operation);

    /// <summary>Whether the operation is a mere index map or splat, repeated where it is read.</summary>
    public static bool IsInlined(Operation operation) => operation.Op switch
    {
        Constant => operation.Attributes["value"] is IR.Attribute.Number,
        Reshape => IsUnitReshape(operation),
        Gather => false,
        Concatenate or Pad => false,
        IIndexedOp => true,
        _ => false,
    };

    /// <summary>Whether the operation stays outside fusions: an alias of memory, a dense constant, a scatter.</summary>
    public static bool StandsAlone(Operation operation) =>
        operation.Op is ScatterAdd || (operation.Op is Reshape or Constant && !IsInlined(operation));

    public void Place(Operation operation)
    {
        if (operation.Op is not ScatterAdd && (StandsAlone(operation) || IsInlined(operation))) return;
        var group = operation.Op switch
        {
            // Emitted alone, and yet a node of the graph of kernels: what reads it cannot be in the kernel that feeds it.
            ScatterAdd => NewGroup("scatter", operation.Result.Shape, []),
            DotGeneral => NewGroup("contraction", operation.Result.Shape, []),
            IReductionOp => PlaceReduction(operation),
            _ => PlaceElement(operation),
        };
        Join(operation, group);
    }

    /// <summary>Gives an own loop to each inlined operation whose elements are needed in memory.</summary>
    public void MaterializeInlined(Function function)
    {
        foreach (var operation in function.Operations)
        {
            if (StandsAlone(operation) || operation.Op is DotGeneral)
                foreach (var operand in operation.Operands) Materialize(operand);
        }
        foreach (var result in function.Results) Materialize(result);
    }

    private void Materialize(Value value)
    {
        if (value.Definition is { } d && IsInlined(d) && !_groupOf.ContainsKey(d)) Join(d, NewGroup("loop", value.Shape, []));
    }

    /// <summary>Moves an operation to a group that reads it, and that none of its operands' groups stands on.</summary>
    public void Move(Operation operation, FusionGroup to)
    {
        GroupOf(operation)!.Members.Remove(operation);
        Join(operation, to);
    }

    private FusionGroup NewGroup(string kind, Shape domain, int[] reduced) => new(_nextGroup++, kind, domain, reduced);

    private FusionGroup PlaceReduction(Operation operation)
    {
        var (domain, axes) = (operation.Operands[0].Shape, Reduction.Axes(operation));
        // A reduction that keeps the innermost axis walks memory in columns: what feeds it is better written row by row.
        if (axes.Contains(domain.Rank - 1))
        {
            foreach (var candidate in Candidates(operation))
            {
                var fits = candidate.Domain == domain && (candidate.Kind == "loop" || (candidate.Kind == "row" && candidate.Reduced.SequenceEqual(axes)));
                if (!fits || !CanJoin(operation, candidate)) continue;
                (candidate.Kind, candidate.Reduced) = ("row", axes);
                return candidate;
            }
        }
        return NewGroup("row", domain, axes);
    }

    private FusionGroup PlaceElement(Operation operation)
    {
        var shape = operation.Result.Shape;
        FusionGroup? chosen = null;
        // An index map reads its operand's elements at other places, so they must be in memory: it starts a kernel.
        if (operation.Op is IIndexedOp) return NewGroup("loop", shape, []);
        foreach (var candidate in Candidates(operation))
        {
            if (chosen is null)
            {
                if (Accepts(candidate, operation) && CanJoin(operation, candidate)) chosen = candidate;
            }
            else if (candidate != chosen && CanMerge(candidate, chosen, operation))
            {
                chosen = Merge(candidate, chosen);
            }
        }
        return chosen ?? NewGroup("loop", shape, []);
    }

    // Contractions first, then rows, then loops; later groups before earlier ones: fusing there saves the most memory traffic.
    private List<FusionGroup> Candidates(Operation operation) =>
        [.. Sources(operation).Distinct().OrderBy(g => g.Kind switch { "contraction" => 0, "row" => 1, _ => 2 }).ThenByDescending(g => g.Id)];

    /// <summary>The groups whose results the operation reads, through inlined index maps.</summary>
    private IEnumerable<FusionGroup> Sources(Operation operation)
    {
        foreach (var operand in operation.Operands)
        {
            if (GroupOf(operand) is { } group) yield return group;
            else if (operand.Definition is { } d && (IsInlined(d) || StandsAlone(d)))
                foreach (var source in Sources(d)) yield return source;
        }
    }

    private bool Accepts(FusionGroup group, Operation operation)
    {
        var shape = operation.Result.Shape;
        if (group.Kind == "scatter") return false;
        if (shape != group.Domain && !(group.Kind == "row" && shape == group.Kept)) return false;
        return operation.Operands.All(o => ReadsInPlace(group, o, shape));
    }

    // Elements of the group itself can be read at the reader's own index, or a row's value by all of the row.
    private bool ReadsInPlace(FusionGroup group, Value operand, Shape shape)
    {
        if (GroupOf(operand) == group)
            return operand.Shape == shape;
        if (operand.Definition is not { } d || !IsInlined(d)) return true;
        if (!Sources(d).Contains(group)) return true;
        return group.Kind == "row" && RowBroadcast(group, d, group);
    }

    /// <summary>Whether the operation repeats a row's value, computed in <paramref name="from"/>, along the reduced axes of the group.</summary>
    private bool RowBroadcast(FusionGroup group, Operation operation, FusionGroup from)
    {
        if (operation.Op is not Broadcast || operation.Result.Shape != group.Domain) return false;
        var kept = Enumerable.Range(0, group.Domain.Rank).Except(group.Reduced);
        if (!Broadcast.Dimensions(operation).SequenceEqual(kept)) return false;
        var source = operation.Operands[0];
        while (GroupOf(source) is null && source.Definition is { Op: Reshape } r && IsInlined(r) && r.Operands[0].Shape == group.Kept) source = r.Operands[0];
        return GroupOf(source) == from && source.Shape == group.Kept;
    }

    private bool CanJoin(Operation operation, FusionGroup group) =>
        Sources(operation).All(s => s == group || !Reaches(group, s));

    private bool CanMerge(FusionGroup from, FusionGroup into, Operation reader)
    {
        if (from.Kind != "loop" || !Accepts(into, reader)) return false;
        if (from.Domain != into.Domain && !(into.Kind == "row" && from.Domain == into.Kept)) return false;
        // An index map reads other elements than the current one, so what it reads must be in memory before.
        if (from.Members.Any(m => m.Op is IIndexedOp && Sources(m).Contains(into))) return false;
        if (into.Members.Any(m => m.Op is IIndexedOp && Sources(m).Contains(from))) return false;
        // A product needs all of its operands before its first element.
        if (into.Members.Any(m => m.Op is DotGeneral && Sources(m).Contains(from))) return false;
        // Merging must not close a cycle: no third group may stand on a path between the two.
        return !ReachesThroughOther(from, into) && !ReachesThroughOther(into, from)
            && from.Members.All(m => m.Op is IIndexedOp || m.Operands.All(o => ReadsInPlace(into, o, m.Result.Shape)))
            && into.Members.Append(reader).All(m => m.Operands.All(o => WouldReadInPlace(from, into, o, m.Result.Shape)));
    }

    // As ReadsInPlace, for a value that becomes the group's own by a merge.
    private bool WouldReadInPlace(FusionGroup from, FusionGroup into, Value operand, Shape shape)
    {
        if (GroupOf(operand) == from) return operand.Shape == shape;
        if (operand.Definition is not { } d || !IsInlined(d) || !Sources(d).Contains(from)) return true;
        return into.Kind == "row" && RowBroadcast(into, d, from);
    }

    private FusionGroup Merge(FusionGroup from, FusionGroup into)
    {
        foreach (var member in from.Members)
        {
            _groupOf[member] = into;
            into.Members.Add(member);
        }
        foreach (var group in _groupOf.Values)
            if (group.Sources.Remove(from) && group != into) group.Sources.Add(into);
        into.Sources.UnionWith(from.Sources);
        into.Sources.Remove(into);
        into.Sources.Remove(from);
        return into;
    }

    private void Join(Operation operation, FusionGroup group)
    {
        _groupOf[operation] = group;
        group.Members.Add(operation);
        foreach (var source in Sources(operation))
            if (source != group) group.Sources.Add(source);
    }

    /// <summary>Whether <paramref name="target"/> reads, directly or not, from <paramref name="start"/>.</summary>
    private static bool Reaches(FusionGroup start, FusionGroup target)
    {
        var seen = new HashSet<FusionGroup>();
        var stack = new Stack<FusionGroup>([target]);
        while (stack.TryPop(out var group))
        {
            if (group == start) return true;
            if (seen.Add(group)) foreach (var source in group.Sources) stack.Push(source);
        }
        return false;
    }

    private static bool ReachesThroughOther(FusionGroup start, FusionGroup target) =>
        target.Sources.Any(s => s != start && Reaches(start, s));

    private static bool IsUnitReshape(Operation operation) =>
        operation.Operands[0].Shape.Where(s => s != 1).SequenceEqual(operation.Result.Shape.Where(s => s != 1));
}
