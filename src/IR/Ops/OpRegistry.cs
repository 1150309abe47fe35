using System.Collections.Frozen;

namespace GraphCompiler.IR.Ops;

/// <summary>Every op: a list rather than reflection, so that trimming keeps it. A test finds the unlisted.</summary>
public static class OpRegistry
{
    /// <summary>Every op, in alphabetical order of class.</summary>
    public static IReadOnlyList<Op> All { get; } =
    [
        Abs.Instance, Acos.Instance, Add.Instance, And.Instance, Asin.Instance, Atan.Instance, Atan2.Instance, Attention.Instance,
        AttentionGradient.Instance, Broadcast.Instance, ByMode.Instance, Cbrt.Instance, Ceil.Instance, Clamp.Instance, ClampIndex.Instance,
        Compare.Instance, Concatenate.Instance, Constant.Instance, Convert.Instance, Cosine.Instance, CumulativeMax.Instance,
        CumulativeMin.Instance, CumulativeProd.Instance, CumulativeSum.Instance, CustomGradient.Instance, Digamma.Instance, Divide.Instance,
        DotGeneral.Instance, DynamicUpdateSlice.Instance, Erf.Instance, ErfInv.Instance, Expm1.Instance, Exponential.Instance,
        FirstOccurrence.Instance, Floor.Instance, Fusion.Instance, Gather.Instance, GatherAlongAxis.Instance, Iota.Instance,
        Lgamma.Instance, LinearRecurrence.Instance, Log.Instance, Log1p.Instance,
        Logistic.Instance, LogisticDensity.Instance, LogSoftmax.Instance, Maximum.Instance, Minimum.Instance, Multiply.Instance,
        Negate.Instance, Not.Instance, Or.Instance, OverlapAdd.Instance, Pad.Instance, Philox.Instance, Power.Instance, RandomBits.Instance,
        ReduceMax.Instance, ReduceMaxIndex.Instance, ReduceMin.Instance, ReduceMinIndex.Instance, ReduceProd.Instance, ReduceSum.Instance,
        Remainder.Instance, Reshape.Instance, Reverse.Instance, RoundNearestEven.Instance, Rsqrt.Instance, Scatter.Instance,
        ScatterAdd.Instance, ScatterAddAlongAxis.Instance, ScatterAlongAxis.Instance, SechSquared.Instance, Select.Instance,
        ShiftLeft.Instance,
        ShiftRightArithmetic.Instance, ShiftRightLogical.Instance, Sign.Instance, Sine.Instance, Slice.Instance, Softmax.Instance,
        Softplus.Instance, Sort.Instance, Sqrt.Instance, StopGradient.Instance, Subtract.Instance, Tan.Instance, Tanh.Instance,
        Transpose.Instance, Window.Instance, Xor.Instance,
    ];

    private static readonly FrozenDictionary<string, Op> s_byName = All.ToFrozenDictionary(o => o.Name);

    /// <summary>The op with this mnemonic, or null.</summary>
    public static Op? Find(string mnemonic) => s_byName.GetValueOrDefault(mnemonic);
}
