using GraphCompiler.IR.Ops;

namespace GraphCompiler.IR.Tests;

/// <summary>For each registered op a small function that applies it; a test demands that none is missing.</summary>
internal static class OpSamples
{
    private static readonly Dictionary<string, Func<FunctionBuilder, Value>> s_special = new()
    {
        ["and"] = b => Apply(b, "and", [DType.Bool[2], DType.Bool[2]]),
        ["or"] = b => Apply(b, "or", [DType.Bool[2], DType.Bool[2]]),
        ["not"] = b => Apply(b, "not", [DType.Bool[2]]),
        ["attention"] = b => Apply(b, "attention",
            [DType.F32[1, 2, 4, 3], DType.F32[1, 3, 2, 3], DType.F32[1, 3, 2, 3], DType.Bool[1, 1, 2, 3]],
            Attention.Attributes(0.5, isCausal: true)),
        ["attention_gradient"] = b => Apply(b, "attention_gradient", [DType.F32[1, 2, 2, 3], DType.F32[1, 3, 1, 3], DType.F32[1, 3, 1, 3],
            DType.F32[1, 2, 2], DType.F32[1, 2, 2], DType.F32[1, 2, 2, 3]], Attention.Attributes(-1, isCausal: false)),
        ["broadcast_in_dim"] = b => Apply(b, "broadcast_in_dim", [DType.F32[3]], Broadcast.Attributes(new Shape(2, 3), [1])),
        ["clamp"] = b => Apply(b, "clamp", [DType.F32[3]], AttributeMap.Empty.With("low", double.NegativeInfinity).With("high", 0.1)),
        ["compare"] = b => Apply(b, "compare", [DType.F32[3], DType.F32[3]], AttributeMap.Empty.With("direction", "le")),
        ["concatenate"] = b => Apply(b, "concatenate", [DType.I32[1, 2], DType.I32[3, 2]], AttributeMap.Empty.With("dimension", 0)),
        ["constant"] = b => b.Constant(new Literal(DType.F64[2, 2], 0.1, double.NaN, -0.0, 1e300)),
        ["convert"] = b => Apply(b, "convert", [DType.F32[0, 2]], AttributeMap.Empty.With("dtype", "i8")),
        ["cumulative_max"] = b => Apply(b, "cumulative_max", [DType.I32[2, 3]], Cumulation(1, 0, 1)),
        ["cumulative_min"] = b => Apply(b, "cumulative_min", [DType.F32[2, 3]], Cumulation(0, 1, 0)),
        ["cumulative_prod"] = b => Apply(b, "cumulative_prod", [DType.F64[2, 3]], Cumulation(1, 1, 1)),
        ["cumulative_sum"] = b => Apply(b, "cumulative_sum", [DType.F32[2, 3]], Cumulation(0, 0, 0)),
        ["custom_gradient"] = CustomRule,
        ["dot_general"] = b =>
            Apply(b, "dot_general", [DType.F32[2, 4, 3], DType.F32[3, 2, 5]], new DotGeneral.Axes([0], [1], [2], [0]).Attributes),
        ["dynamic_update_slice"] = b => Apply(b, "dynamic_update_slice", [DType.F32[3, 4], DType.F32[2, 3], DType.I64[2]]),
        ["first_occurrence"] = b => Apply(b, "first_occurrence", [DType.I64[2, 2]], FirstOccurrence.Attributes(3)),
        ["fusion"] = Fused,
        ["gather_along_axis"] = b => Apply(b, "gather_along_axis", [DType.F32[3, 2], DType.I64[4, 2]], GatherAlongAxis.Attributes(0)),
        ["gather"] = b => Apply(b, "gather", [DType.F32[3, 2], DType.I64[2, 2]]),
        ["iota"] = b => Apply(b, "iota", [], Iota.Attributes(DType.I32[2, 3], 1)),
        ["linear_recurrence"] = b => Apply(b, "linear_recurrence", [DType.F32[2, 3], DType.F32[2, 3]],
            LinearRecurrence.Attributes(1, true)),
        ["log_softmax"] = b => Apply(b, "log_softmax", [DType.F32[2, 3]], AttributeMap.Empty.With("axis", 0)),
        ["softmax"] = b => Apply(b, "softmax", [DType.F32[2, 3]], AttributeMap.Empty.With("axis", 1)),
        ["pad"] = b => Apply(b, "pad", [DType.F32[2, 0]], Pad.Attributes(-1.5, [1, 0], [0, 2], [3, 0])),
        ["overlap_add"] = b => Apply(b, "overlap_add", [DType.F32[2, 3, 2]],
            OverlapAdd.Attributes(new([0], [3], [2], [1]), new Shape(5, 2))),
        ["reverse"] = b => Apply(b, "reverse", [DType.F32[2, 3]], Reverse.Attributes([1])),
        ["window"] = b => Apply(b, "window", [DType.I32[5, 2]], new Window.Geometry([0], [2], [2], [3]).Attributes),
        ["reshape"] = b => Apply(b, "reshape", [DType.F32[2, 3]], Reshape.Attributes(new Shape(3, 1, 2))),
        ["scatter_add"] = b => Apply(b, "scatter_add", [DType.F32[3, 2], DType.I32[4], DType.F32[4, 2]]),
        ["scatter_add_along_axis"] = b => Apply(b, "scatter_add_along_axis", [DType.F32[3, 2], DType.I32[4, 2], DType.F32[4, 2]],
            ScatterAddAlongAxis.Attributes(0)),
        ["scatter_along_axis"] = b => Apply(b, "scatter_along_axis", [DType.F32[3, 2], DType.I32[4, 2], DType.F32[4, 2]],
            ScatterAlongAxis.Attributes(0, ScatterKind.Max)),
        ["scatter"] = b => Apply(b, "scatter", [DType.F32[3, 2], DType.I32[4], DType.F32[4, 2]], Scatter.Attributes(ScatterKind.Set)),
        ["clamp_index"] = b => Apply(b, "clamp_index", [DType.I64[3]], ClampIndex.Attributes(2)),
        ["select"] = b => Apply(b, "select", [DType.Bool[2], DType.BF16[2], DType.BF16[2]]),
        ["slice"] = b => Apply(b, "slice", [DType.U8[5]], Slice.Attributes([1], [5], [3])),
        ["xor"] = b => Apply(b, "xor", [DType.U8[3], DType.U8[3]]),
        ["shift_left"] = b => Apply(b, "shift_left", [DType.I32[3], DType.I32[3]]),
        ["shift_right_logical"] = b => Apply(b, "shift_right_logical", [DType.I8[3], DType.I8[3]]),
        ["shift_right_arithmetic"] = b => Apply(b, "shift_right_arithmetic", [DType.I64[3], DType.I64[3]]),
        ["philox"] = b => Apply(b, "philox", [DType.U32[3], DType.U32[3], DType.U32[3]], Philox.Attributes(1)),
        ["random_bits"] = b => Apply(b, "random_bits", [DType.I64.Scalar], RandomBits.Attributes(new Shape(2, 3), ulong.MaxValue, 5, 1)),
        ["sort"] = b => Apply(b, "sort", [DType.F32[2, 3]], Sort.Attributes(1, true, 2)),
        ["transpose"] = b => Apply(b, "transpose", [DType.F16[1, 2, 3]], Transpose.Attributes([2, 0, 1])),
    };

    /// <summary>A function that applies the op.</summary>
    public static Function Of(Op op)
    {
        var builder = new FunctionBuilder($"sample.{op.Name}");
        var result = s_special.TryGetValue(op.Name, out var make) ? make(builder)
            : op.Name.StartsWith("reduce_", StringComparison.Ordinal)
                ? Apply(builder, op.Name, [DType.F32[2, 3, 1]], AttributeMap.Empty.With("axes", (int[])[0, 2]))
            : Apply(builder, op.Name, [.. Enumerable.Repeat(DType.F32[3, 1], op.Arity)]);
        return builder.Build(result.Definition!.Results.AsSpan());
    }

    /// <summary>Arguments of a function: small numbers, of which indices are in range.</summary>
    public static Literal[] Arguments(Function function) => [.. function.Parameters.Select(p =>
        new Literal(p.Type, [.. Enumerable.Range(0, (int)p.Type.Shape.ElementCount).Select(i => p.DType.IsFloating ? 0.25 + i : i % 2)]))];

    private static Value Apply(FunctionBuilder builder, string op, TensorType[] types, AttributeMap? attributes = null)
    {
        Value[] operands = [.. types.Select((t, i) => builder.Parameter($"x{i}", t))];
        return builder.Emit(OpRegistry.Find(op)!, operands, attributes);
    }

    private static AttributeMap Cumulation(int axis, int reverse, int exclusive) =>
        AttributeMap.Empty.With("axis", axis).With("reverse", reverse).With("exclusive", exclusive);

    private static Value CustomRule(FunctionBuilder builder)
    {
        var x = builder.Parameter("x", DType.F32[3, 1]);
        var y = builder.Parameter("y", DType.F32[3]);
        var (region, captured) = builder.Region("rule", [("ct", y.Type), ("t", x.Type)], default,
            v => [v[0].Reshape([3, 1]) * x, (v[1] * x).Sum([1])]);
        return builder.EmitAll(CustomGradient.Instance, [y, x, .. captured], CustomGradient.Attributes(1), body: region)[0];
    }

    private static Value Fused(FunctionBuilder builder)
    {
        var body = new FunctionBuilder("body");
        var p = body.Parameter("p0", DType.F32[3]);
        var doubled = p + p;
        var region = body.Build(doubled, (doubled * p).Sum());
        var x = builder.Parameter("x", DType.F32[3]);
        return builder.EmitAll(Fusion.Instance, [x], AttributeMap.Empty.With("kind", "loop"), body: region)[0];
    }
}
