using System.Numerics.Tensors;

namespace GraphCompiler.Tape;

/// <summary>log(1 + eˣ) as max(x, 0) + log(1 + e^-|x|), and its gradient ct·σ(x).</summary>
internal static class SoftplusFunction
{
    public static void Fill(ReadOnlySpan<float> x, Span<float> y)
    {
        TensorPrimitives.Abs(x, y);
        TensorPrimitives.Negate(y, y);
        TensorPrimitives.Exp(y, y);
        TensorPrimitives.LogP1(y, y);
        for (var i = 0; i < y.Length; i++) y[i] += Math.Max(x[i], 0);
    }

    public static void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> ct, Span<float> dx)
    {
        TensorPrimitives.Sigmoid(x, dx);
        TensorPrimitives.Multiply(dx, ct, dx);
    }
}
