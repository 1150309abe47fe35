using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Canonicalization;

namespace GraphCompiler.Passes;

/// <summary>Replaces operations by equal, simpler ones: identities, index maps that merge, transposes folded into contractions.</summary>
/// <remarks>The law for rules: never to worse code, and NaN, infinity and the sign of zero keep their meaning, so x·0 is not 0
/// and x + 0 is x only where x cannot be -0. Sums of broadcasts become multiplications, which round once instead of at each term.
/// Removes stop_gradient, so derivatives must be taken before. Leaves dead operations to dce. Sweeps until nothing changes;
/// O(operations) a sweep.</remarks>
public sealed class Canonicalize : IPass
{
    // Each sweep follows chains to their end; more than a few are needed only when a rule makes another's pattern.
    private const int MaxSweeps = 16;

    private static readonly Dictionary<Op, Rule[]> s_rules = new()
    {
        [Add.Instance] = [AlgebraRules.ConstantToRight, AlgebraRules.AddZero, AlgebraRules.AddNegated, AlgebraRules.AddIntegers],
        [Subtract.Instance] =
            [AlgebraRules.SubtractZero, AlgebraRules.SubtractNegated, AlgebraRules.SubtractSelf, AlgebraRules.SubtractFromZero],
        [Multiply.Instance] = [AlgebraRules.ConstantToRight, AlgebraRules.MultiplyByConstant, AlgebraRules.MultiplyNegated],
        [Divide.Instance] = [AlgebraRules.DivideByConstant, AlgebraRules.DivideNegated],
        [Negate.Instance] = [AlgebraRules.NegateNegated, AlgebraRules.NegateScaled],
        [Abs.Instance] = [AlgebraRules.AbsOfSigned],
        [Maximum.Instance] = [AlgebraRules.ConstantToRight, AlgebraRules.EqualOperands],
        [Minimum.Instance] = [AlgebraRules.ConstantToRight, AlgebraRules.EqualOperands],
        [And.Instance] = [AlgebraRules.EqualOperands, AlgebraRules.AndConstant],
        [Or.Instance] = [AlgebraRules.EqualOperands, AlgebraRules.OrConstant],
        [Not.Instance] = [AlgebraRules.NotNot],
        [Select.Instance] = [AlgebraRules.SelectKnown, AlgebraRules.SelectNot],
        [IR.Ops.Convert.Instance] = [AlgebraRules.ConvertToSame, AlgebraRules.ConvertTwice],
        [StopGradient.Instance] = [AlgebraRules.Forward],
        [Broadcast.Instance] = [ShapeRules.SameShape, ShapeRules.OfSplat, ShapeRules.BroadcastTwice],
        [Reshape.Instance] = [ShapeRules.SameShape, ShapeRules.OfSplat, ShapeRules.ReshapeTwice, ShapeRules.ReshapeConstant],
        [Transpose.Instance] = [ShapeRules.TransposeNothing, ShapeRules.OfSplat, ShapeRules.TransposeTwice, DotRules.TransposeOfDot],
        [Reverse.Instance] = [ShapeRules.ReverseNothing, ShapeRules.OfSplat],
        [Window.Instance] = [ShapeRules.OfSplat, WindowRules.OfOneTap],
        [OverlapAdd.Instance] = [WindowRules.OverlapAddOfOneTap, DepthwiseRules.OverlapAddOfProduct,
            PhaseRules.OverlapAddOfDot, StridedWindowRules.OverlapAddOfDot, WindowRules.OverlapAddOfDot],
        [Slice.Instance] = [ShapeRules.SameShape, ShapeRules.OfSplat, ShapeRules.SliceTwice, DepthwiseRules.OverlapAddOfProduct,
            PhaseRules.OverlapAddOfDot, StridedWindowRules.OverlapAddOfDot, WindowRules.OverlapAddOfDot],
        [Pad.Instance] = [ShapeRules.PadNothing, ShapeRules.PadSplat],
        [Concatenate.Instance] = [ShapeRules.ConcatenateOne],
        [ReduceSum.Instance] = [ReductionRules.OverNothing, ReductionRules.OfSplat, ReductionRules.OfBroadcast, ReductionRules.OfOneHot,
            DotRules.SumOfDot],
        [ReduceMax.Instance] = [ReductionRules.OverNothing, ReductionRules.OfSplat, ReductionRules.OfBroadcast, ReductionRules.Twice],
        [ReduceMin.Instance] = [ReductionRules.OverNothing, ReductionRules.OfSplat, ReductionRules.OfBroadcast, ReductionRules.Twice],
        [ReduceProd.Instance] = [ReductionRules.OverNothing],
        [DotGeneral.Instance] = [DotRules.OfTranspose],
    };

    /// <inheritdoc/>
    public string Name => "canonicalize";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context)
    {
        for (var sweep = 0; sweep < MaxSweeps; sweep++)
        {
            var before = context.Budget.Spent;
            var next = Sweep(function, context.Budget);
            if (context.Budget.Spent == before) return function;
            function = next;
        }
        return function;
    }

    private static Function Sweep(Function function, RewriteBudget budget)
    {
        var uses = UseCounts.Of(function);
        return Rewriter.Rebuild(function, (operation, _, operands) =>
            Simplify(new RewriteSite(operation, operands, uses), budget) is { } value ? [value] : null);
    }

    private static Value? Simplify(RewriteSite site, RewriteBudget budget)
    {
        if (budget.IsExhausted || !site.IsLive) return null;
        foreach (var rule in s_rules.GetValueOrDefault(site.Operation.Op, []))
            if (rule(site) is { } value && budget.TryTake()) return value;
        return ShapeRules.ReshapeLater(site) is { } later && budget.TryTake() ? later : null;
    }
}
