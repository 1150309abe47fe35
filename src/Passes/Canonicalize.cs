using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>Replaces operations by equal, simpler ones: identities, constants through index maps, transposes into products.</summary>
/// <remarks>Every rewrite keeps NaN and infinity (x·0 is not 0) and never makes code worse. One sweep; O(operations).</remarks>
public sealed class Canonicalize : IPass
{
    /// <inheritdoc/>
    public string Name => "canonicalize";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context) =>
        Rewriter.Rebuild(function, (operation, _, operands) =>
            Simplify(operation, operands) is { } value && value.Type == operation.Result.Type && context.Budget.TryTake() ? [value] : null);

    private static Value? Simplify(Operation operation, ImmutableArray<Value> x) => operation.Op switch
    {
        Add => Splat(x[1]) == 0 && !IsNegativeZeroSensitive(x[0]) ? x[0] : Splat(x[0]) == 0 && !IsNegativeZeroSensitive(x[1]) ? x[1] : null,
        Subtract => Splat(x[1]) == 0 ? x[0] : null,
        Multiply => Splat(x[1]) == 1 ? x[0] : Splat(x[0]) == 1 ? x[1] : null,
        Divide => Splat(x[1]) == 1 ? x[0] : null,
        Negate => x[0].Definition is { Op: Negate } inner ? inner.Operands[0] : null,
        StopGradient => x[0],
        IR.Ops.Convert => x[0].DType == operation.Result.DType ? x[0] : null,
        Broadcast => SplatOf(operation, x[0]) ?? (x[0].Shape == operation.Result.Shape ? x[0] : null),
        Reshape => SplatOf(operation, x[0]) ?? SimplifyReshape(operation, x[0]),
        Transpose => SplatOf(operation, x[0]) ?? SimplifyTranspose(operation, x[0]),
        Slice => x[0].Shape == operation.Result.Shape ? x[0] : null,
        IReductionOp => Reduction.Axes(operation).Length == 0 ? x[0] : null,
        Select => Splat(x[0]) is { } p ? p != 0 ? x[1] : x[2] : x[1] == x[2] ? x[1] : null,
        DotGeneral => FoldTransposes(operation, x),
        _ => null,
    };

    // x + 0 turns -0 into +0; integers have no -0.
    private static bool IsNegativeZeroSensitive(Value x) => x.DType.IsFloating;

    private static double? Splat(Value value) => value.Definition is { Op: Constant } c ? Constant.LiteralOf(c).Splat : null;

    private static Value? SplatOf(Operation operation, Value x) =>
        Splat(x) is { } splat ? x.Builder.Constant(new Literal(operation.Result.Type, splat), operation.Location) : null;

    private static Value? SimplifyReshape(Operation operation, Value x)
    {
        if (x.Shape == operation.Result.Shape) return x;
        if (x.Definition is not { Op: Reshape } inner) return null;
        return inner.Operands[0].Shape == operation.Result.Shape
            ? inner.Operands[0]
            : inner.Operands[0].Emit(Reshape.Instance, operation.Location, operation.Attributes);
    }

    private static Value? SimplifyTranspose(Operation operation, Value x)
    {
        var permutation = Ints(operation, "permutation");
        if (permutation.SequenceEqual(Enumerable.Range(0, permutation.Length))) return x;
        if (x.Definition is { Op: DotGeneral } dot) return SwapOperands(operation, dot, permutation);
        if (x.Definition is not { Op: Transpose } inner) return null;
        var first = Ints(inner, "permutation");
        return inner.Operands[0].Emit(Transpose.Instance, operation.Location, Transpose.Attributes([.. permutation.Select(i => first[i])]));
    }

    // The transpose of a product whose free axes change places is the product of the operands the other way round.
    private static Value? SwapOperands(Operation operation, Operation dot, int[] permutation)
    {
        var axes = DotGeneral.Axes.Of(dot.Attributes);
        var (batch, freeX) = (axes.BatchX.Length, axes.FreeX(dot.Operands[0].Rank).Length);
        var rank = dot.Result.Rank;
        var swapped = Enumerable.Range(0, batch).Concat(Enumerable.Range(batch + freeX, rank - batch - freeX)).Concat(Enumerable.Range(batch, freeX));
        return permutation.SequenceEqual(swapped)
            ? dot.Operands[1].Emit(DotGeneral.Instance, operation.Location,
                new DotGeneral.Axes(axes.BatchY, axes.BatchX, axes.ContractY, axes.ContractX).Attributes, dot.Operands[0])
            : null;
    }

    // A transposed operand is read in place by renaming its axes, as long as the free axes keep their order.
    private static Value? FoldTransposes(Operation operation, ImmutableArray<Value> x)
    {
        var axes = DotGeneral.Axes.Of(operation.Attributes);
        var (left, right, changed) = (x[0], x[1], false);
        if (left.Definition is { Op: Transpose } p && IsOrderKept(p, axes.FreeX(left.Rank)))
        {
            var map = Ints(p, "permutation");
            axes = axes with { BatchX = [.. axes.BatchX.Select(a => map[a])], ContractX = [.. axes.ContractX.Select(a => map[a])] };
            (left, changed) = (p.Operands[0], true);
        }
        if (right.Definition is { Op: Transpose } q && IsOrderKept(q, axes.FreeY(right.Rank)))
        {
            var map = Ints(q, "permutation");
            axes = axes with { BatchY = [.. axes.BatchY.Select(a => map[a])], ContractY = [.. axes.ContractY.Select(a => map[a])] };
            (right, changed) = (q.Operands[0], true);
        }
        return changed ? left.Emit(DotGeneral.Instance, operation.Location, axes.Attributes, right) : null;
    }

    private static bool IsOrderKept(Operation transpose, int[] free)
    {
        var map = Ints(transpose, "permutation");
        int[] mapped = [.. free.Select(a => map[a])];
        return mapped.SequenceEqual(mapped.Order());
    }

    private static int[] Ints(Operation operation, string name) =>
        [.. ((IR.Attribute.Numbers)operation.Attributes[name]!).Values.Select(v => (int)v)];
}
