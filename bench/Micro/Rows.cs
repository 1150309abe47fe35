using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using TorchSharp;
using static TorchSharp.torch;
using T = System.Numerics.Tensors.TensorPrimitives;

namespace GraphCompiler.Bench.Micro;

/// <summary>Softmax and layer norm of the rows of a matrix, forward and backward: (x, dy) → (y, dx).</summary>
internal static class Rows
{
    private const float Epsilon = 1e-5f;
    private static readonly Shape s_narrow = new(4096, 256);
    private static readonly Shape s_wide = new(1024, 1024);

    public static IEnumerable<MicroCase> All { get; } =
    [
        .. new[] { s_narrow, s_wide }.Select(s =>
            ForwardBackward($"softmax {s[0]}x{s[1]}", s, x => x.Softmax(), SoftmaxRow, x => nn.functional.softmax(x, -1))),
        .. new[] { s_narrow, s_wide }.Select(s =>
            ForwardBackward($"layer norm {s[0]}x{s[1]}", s, LayerNorm, LayerNormRow,
                x => nn.functional.layer_norm(x, [x.shape[1]], eps: Epsilon))),
        new($"residual add and layer norm 1024x1024", [s_wide, s_wide], [s_wide, s_wide], (_, o) =>
        {
            var sum = o[0] + o[1];
            return [sum, LayerNorm(sum)];
        }, ResidualLayerNorm, o =>
        {
            var sum = o[0] + o[1];
            return [sum, nn.functional.layer_norm(sum, [sum.shape[1]], eps: Epsilon)];
        }),
    ];

    private delegate void Row(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> y, Span<float> dx);

    private static MicroCase ForwardBackward(string name, Shape shape, Func<Value, Value> compiled, Row row, Func<Tensor, Tensor> torch) =>
        new($"{name} forward and backward", [shape, shape], [shape, shape], (builder, o) =>
        {
            var y = compiled(o[0]);
            return [y, .. Adjoint.AppendDense(builder, y, [o[0]], o[1])];
        }, (o, r) =>
        {
            for (var at = 0; at < o[0].Length; at += shape[1])
                row(o[0].AsSpan(at, shape[1]), o[1].AsSpan(at, shape[1]), r[0].AsSpan(at, shape[1]), r[1].AsSpan(at, shape[1]));
        }, o =>
        {
            var y = torch(o[0]);
            return [y, autograd.grad([y], [o[0]], [o[1]])[0]];
        }) { NeedsGradient = true };

    private static Value LayerNorm(Value x)
    {
        var centered = x - x.Mean([1], keepAxes: true);
        return centered * ((centered * centered).Mean([1], keepAxes: true) + Epsilon).Rsqrt();
    }

    private static void SoftmaxRow(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> y, Span<float> dx)
    {
        T.Subtract(x, T.Max(x), y);
        T.Exp<float>(y, y);
        T.Divide(y, T.Sum<float>(y), y);
        T.Subtract(dy, T.Dot(dy, y), dx);
        T.Multiply(dx, y, dx);
    }

    private static void LayerNormRow(ReadOnlySpan<float> x, ReadOnlySpan<float> dy, Span<float> y, Span<float> dx)
    {
        var scale = Normalize(x, y);
        T.Subtract(dy, T.Sum(dy) / x.Length, dx);
        T.MultiplyAdd(y, -T.Dot(dy, y) / x.Length, dx, dx);
        T.Multiply(dx, scale, dx);
    }

    private static void ResidualLayerNorm(float[][] operands, float[][] results)
    {
        var columns = s_wide[1];
        T.Add(operands[0], operands[1], results[0]);
        for (var at = 0; at < results[0].Length; at += columns) Normalize(results[0].AsSpan(at, columns), results[1].AsSpan(at, columns));
    }

    // Returns 1/σ.
    private static float Normalize(ReadOnlySpan<float> x, Span<float> y)
    {
        T.Subtract(x, T.Sum(x) / x.Length, y);
        var scale = 1 / MathF.Sqrt(T.SumOfSquares<float>(y) / x.Length + Epsilon);
        T.Multiply(y, scale, y);
        return scale;
    }
}
