using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.Runtime;
using TorchSharp;
using T = System.Numerics.Tensors.TensorPrimitives;

namespace GraphCompiler.Bench.Micro;

/// <summary>Adam in place: (p, dp, m, √v) → (p, m, v) for step 1, without and with a limit to the gradients' global norm, which has to be
/// known before any update; and a copy that moves as many bytes.</summary>
internal static class Updates
{
    private const double Limit = 1; // Below the norm of any of these gradients.

    // A second moment is never negative, so the operand given is its root.
    public static IEnumerable<MicroCase> All { get; } =
    [
        Adam("Adam 1M", 1 << 20), Adam("Adam 1M, global norm", 1 << 20, Limit), Copy("copy of Adam's 28 MB", 7 << 19),
        Adam("Adam 10M", 10_000_000), Adam("Adam 10M, global norm", 10_000_000, Limit),
        Copy("copy of Adam's 280 MB", 35_000_000),
    ];

    // Adam reads four floats for each parameter and writes three: as much as a copy of 3.5 floats.
    private static MicroCase Copy(string name, int elements) =>
        new(name, [new(elements)], [new(elements)], (_, o) => [-o[0]], (o, r) => T.Negate(o[0], r[0]), o => [o[0].neg()]);

    private static MicroCase Adam(string name, int elements, double? limit = null)
    {
        var adam = new Adam(1e-3) { Gradients = limit is { } l ? [new ClipByGlobalNorm(l)] : [] };
        var shape = new Shape(elements);
        return new(name, [shape, shape, shape, shape], [shape, shape, shape], (builder, o) =>
        {
            var first = builder.Constant(new Literal(DType.I64.Scalar, [0]));
            return [.. builder.Inline(FirstStep(adam, o[0].Type), o[0], o[1], first, o[2], o[3] * o[3])];
        }, (o, _) => Update(adam, o[0], o[1], o[2], o[3], limit is { } l ? Factor(l, T.Norm(o[1])) : 1), o =>
        {
            var (p, g, m, v) = (o[0], o[1], o[2], o[3]);
            if (limit is { } l) g = g.mul(g.norm().add_(1e-6).reciprocal_().mul_(l).clamp_max_(1));
            m.lerp_(g, 1 - adam.Beta1);
            v.mul_(v).mul_(adam.Beta2).addcmul_(g, g, 1 - adam.Beta2);
            p.addcdiv_(m, v.sqrt().div_(Math.Sqrt(1 - adam.Beta2)).add_(adam.Epsilon), -adam.LearningRate.At(0) / (1 - adam.Beta1));
            return [p, m, v];
        }) { Replaced = [0, 2, 3] };
    }

    // (p, dp, count of steps, m, v) → (p, m, v).
    private static Function FirstStep(Adam adam, TensorType type)
    {
        var builder = new FunctionBuilder("adam");
        var (p, gradient) = (builder.Parameter("p", type), builder.Parameter("dp", type));
        var context = new StepContext(builder, Location.Unknown, Seed: 0,
            p => new(p.Name!, p.Type, VariableRole.Trainable, Initializer.Zeros, p.Name!));
        var scope = new UpdateScope(context, "adam", adam, [p]);
        var next = adam.Update(scope, [p], [gradient]);
        return builder.Build([.. next, .. scope.Assignments().Select(a => a.Next).Take(2)]);
    }

    private static float Factor(double limit, float norm) => (float)Math.Min(1, limit / (norm + 1e-6));

    private static void Update(Adam adam, float[] p, float[] g, float[] m, float[] v, float factor)
    {
        const int Block = 4096; // stays in the first-level cache from one call to the next
        Span<float> step = stackalloc float[Block], scaled = stackalloc float[Block];
        for (var at = 0; at < p.Length; at += Block)
        {
            var n = Math.Min(Block, p.Length - at);
            Span<float> ps = p.AsSpan(at, n), ms = m.AsSpan(at, n), vs = v.AsSpan(at, n), s = step[..n];
            scoped var gs = g.AsSpan(at, n);
            if (factor != 1)
            {
                T.Multiply(gs, factor, scaled);
                gs = scaled[..n];
            }
            T.Lerp(ms, gs, (float)(1 - adam.Beta1), ms);
            T.Multiply(vs, vs, vs);
            T.Multiply(gs, gs, s);
            T.Lerp(vs, s, (float)(1 - adam.Beta2), vs);
            T.Sqrt(vs, s);
            T.Multiply(s, 1 / MathF.Sqrt((float)(1 - adam.Beta2)), s);
            T.Add(s, (float)adam.Epsilon, s);
            T.Divide(ms, s, s);
            T.MultiplyAdd(s, (float)(-adam.LearningRate.At(0) / (1 - adam.Beta1)), ps, ps);
        }
    }
}
