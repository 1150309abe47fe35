using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Canonicalization;

/// <summary>Rules of ops that move elements: identities vanish, chains merge, splats stay splats.</summary>
internal static class ShapeRules
{
    private static readonly string[] s_amounts = ["low", "high", "interior"];

    /// <summary>A broadcast, reshape or slice to the shape it has → x.</summary>
    internal static Value? SameShape(RewriteSite site) => site[0].Shape == site.Type.Shape ? site[0] : null;

    /// <summary>Elements of a splat, moved → a splat.</summary>
    internal static Value? OfSplat(RewriteSite site) => site.Splat(0) is { } value ? site.Constant(value) : null;

    /// <summary>broadcast(broadcast(x)) → broadcast(x).</summary>
    internal static Value? BroadcastTwice(RewriteSite site)
    {
        if (site.Defined(0, Broadcast.Instance) is not { } inner) return null;
        var outer = Broadcast.Dimensions(site.Operation);
        return site.EmitWith(Broadcast.Instance, Broadcast.Attributes(site.Type.Shape, Broadcast.Dimensions(inner).Select(d => outer[d])),
            inner.Operands[0]);
    }

    /// <summary>reshape(reshape(x)) → reshape(x).</summary>
    internal static Value? ReshapeTwice(RewriteSite site)
    {
        if (site.Defined(0, Reshape.Instance) is not { } inner) return null;
        var x = inner.Operands[0];
        return x.Shape == site.Type.Shape ? x : site.EmitWith(Reshape.Instance, site.Operation.Attributes, x);
    }

    /// <summary>reshape(constant) → constant, if nothing else reads the constant.</summary>
    internal static Value? ReshapeConstant(RewriteSite site) =>
        site.IsOnlyUse(0, Constant.Instance) && site.Defined(0, Constant.Instance) is { } constant
            ? site[0].Builder.Constant(Constant.LiteralOf(constant).WithShape(site.Type.Shape), site.Operation.Location) : null;

    /// <summary>f(reshape(x), …) → reshape(f(x, …)) where the reshapes insert axes of size 1 and every other operand is a splat. The reader
    /// of a reduction that keeps its axes then has the reduction's shape, and fuses with it.</summary>
    internal static Value? ReshapeLater(RewriteSite site)
    {
        if (site.Operation.Op is not IElementOp || site.Count == 0) return null;
        Shape? inner = null;
        for (var i = 0; i < site.Count; i++)
        {
            if (site.Splat(i) is not null) continue;
            if (site.Defined(i, Reshape.Instance) is not { } reshape || !InsertsUnits(reshape)) return null;
            if (inner is not null && inner != reshape.Operands[0].Shape) return null;
            inner = reshape.Operands[0].Shape;
        }
        if (inner is not { } shape) return null;
        var operands = new Value[site.Count];
        for (var i = 0; i < operands.Length; i++)
            operands[i] = site.Splat(i) is { } splat
                ? site[i].Builder.Constant(new Literal(new TensorType(site[i].DType, shape), splat), site.Operation.Location)
                : site[i].Definition!.Operands[0];
        var result = operands[0].Emit(site.Operation.Op, site.Operation.Location, site.Operation.Attributes, operands.AsSpan(1));
        return site.EmitWith(Reshape.Instance, Reshape.Attributes(site.Type.Shape), result);
    }

    private static bool InsertsUnits(Operation reshape)
    {
        var (from, to) = (reshape.Operands[0].Shape, reshape.Result.Shape);
        return from.Rank < to.Rank && from.Where(n => n != 1).SequenceEqual(to.Where(n => n != 1));
    }

    /// <summary>A transpose that keeps the order of axes → x.</summary>
    internal static Value? TransposeNothing(RewriteSite site)
    {
        var permutation = Permutation(site.Operation);
        return permutation.SequenceEqual(Enumerable.Range(0, permutation.Length)) ? site[0] : null;
    }

    /// <summary>A reversal of axes with one element at most → x.</summary>
    internal static Value? ReverseNothing(RewriteSite site) =>
        site.Operation.Ints("axes").All(a => site.Type.Shape[a] <= 1) ? site[0] : null;

    /// <summary>transpose(transpose(x)) → transpose(x).</summary>
    internal static Value? TransposeTwice(RewriteSite site)
    {
        if (site.Defined(0, Transpose.Instance) is not { } inner) return null;
        var first = Permutation(inner);
        int[] both = [.. Permutation(site.Operation).Select(i => first[i])];
        return site.EmitWith(Transpose.Instance, Transpose.Attributes(both), inner.Operands[0]);
    }

    /// <summary>slice(slice(x)) → slice(x), for slices that are not empty.</summary>
    internal static Value? SliceTwice(RewriteSite site)
    {
        if (site.Defined(0, Slice.Instance) is not { } inner || site.Type.Shape.ElementCount == 0) return null;
        var (first, second) = (Bounds(inner), Bounds(site.Operation));
        var rank = site.Type.Rank;
        var (start, limit, stride) = (new int[rank], new int[rank], new int[rank]);
        for (var i = 0; i < rank; i++)
        {
            start[i] = first.Start[i] + second.Start[i] * first.Stride[i];
            stride[i] = (int)Math.Min((long)first.Stride[i] * second.Stride[i], int.MaxValue); // of a single element, any will do
            limit[i] = start[i] + (site.Type.Shape[i] - 1) * stride[i] + 1;
        }
        return site.EmitWith(Slice.Instance, Slice.Attributes(start, limit, stride), inner.Operands[0]);
    }

    /// <summary>A pad by nothing → x.</summary>
    internal static Value? PadNothing(RewriteSite site) =>
        s_amounts.All(n => site.Operation.Ints(n).All(v => v == 0)) ? site[0] : null;

    /// <summary>A splat padded with its own value → a splat.</summary>
    internal static Value? PadSplat(RewriteSite site) =>
        site.Splat(0) is { } x && site.Operation.Attributes["value"] is IR.Attribute.Number pad
            && x.Equals(site.Type.DType.Round(pad.Value))
            ? site.Constant(x) : null;

    /// <summary>concatenate(x) → x.</summary>
    internal static Value? ConcatenateOne(RewriteSite site) => site.Count == 1 ? site[0] : null;

    /// <summary>Which axis of the operand each axis of the result is.</summary>
    internal static int[] Permutation(Operation transpose) => transpose.Ints("permutation");

    private static (int[] Start, int[] Stride) Bounds(Operation slice) => (slice.Ints("start"), slice.Ints("stride"));
}
