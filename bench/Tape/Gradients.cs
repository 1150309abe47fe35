using System.Numerics.Tensors;

namespace GraphCompiler.Tape;

/// <summary>Backward rules, written by hand for the tape and independent of the compiler's.</summary>
internal static class Gradients
{
    /// <summary>y = a/b: ct/b and -ct·y/b.</summary>
    public static void Divide(int wrt, ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> y, ReadOnlySpan<float> ct,
        Span<float> dx)
    {
        TensorPrimitives.Divide(ct, b, dx);
        if (wrt == 0) return;
        TensorPrimitives.Multiply(dx, y, dx);
        TensorPrimitives.Negate(dx, dx);
    }

    /// <summary>The larger or smaller: all to the one that was taken, half to each at a tie.</summary>
    public static void Extremum(int wrt, ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> y, ReadOnlySpan<float> ct,
        Span<float> dx)
    {
        var x = wrt == 0 ? a : b;
        for (var i = 0; i < dx.Length; i++) dx[i] = a[i] == b[i] ? 0.5f * ct[i] : x[i] == y[i] ? ct[i] : 0;
    }

    /// <summary>ct/(1 + x).</summary>
    public static void Log1p(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> ct, Span<float> dx)
    {
        TensorPrimitives.Add(x, 1f, dx);
        TensorPrimitives.Divide(ct, dx, dx);
    }

    /// <summary>ct·(1 - y²).</summary>
    public static void Tanh(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> ct, Span<float> dx)
    {
        TensorPrimitives.Multiply(y, y, dx);
        TensorPrimitives.Multiply(dx, ct, dx);
        TensorPrimitives.Subtract(ct, dx, dx);
    }

    /// <summary>1/cosh² x.</summary>
    public static void SechSquared(ReadOnlySpan<float> x, Span<float> y)
    {
        TensorPrimitives.Cosh(x, y);
        TensorPrimitives.Multiply<float>(y, y, y);
        TensorPrimitives.Divide(1, y, y);
    }

    /// <summary>-2·ct·y·tanh x.</summary>
    public static void SechSquared(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> ct, Span<float> dx)
    {
        TensorPrimitives.Tanh(x, dx);
        TensorPrimitives.Multiply(dx, y, dx);
        TensorPrimitives.Multiply(dx, ct, dx);
        TensorPrimitives.Multiply(dx, -2, dx);
    }

    /// <summary>ct·y·(1 - y).</summary>
    public static void Logistic(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> ct, Span<float> dx)
    {
        TensorPrimitives.Multiply(y, y, dx);
        TensorPrimitives.Subtract(y, dx, dx);
        TensorPrimitives.Multiply(dx, ct, dx);
    }

    /// <summary>ct/(2·y).</summary>
    public static void Sqrt(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> ct, Span<float> dx)
    {
        TensorPrimitives.Divide(ct, y, dx);
        TensorPrimitives.Multiply(dx, 0.5f, dx);
    }

    /// <summary>ct·cos x.</summary>
    public static void Sine(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> ct, Span<float> dx)
    {
        TensorPrimitives.Cos(x, dx);
        TensorPrimitives.Multiply(dx, ct, dx);
    }

    /// <summary>-ct·sin x.</summary>
    public static void Cosine(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> ct, Span<float> dx)
    {
        TensorPrimitives.Sin(x, dx);
        TensorPrimitives.Multiply(dx, ct, dx);
        TensorPrimitives.Negate(dx, dx);
    }

    /// <summary>ct with the sign of x, 0 at 0.</summary>
    public static void Abs(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> ct, Span<float> dx)
    {
        for (var i = 0; i < dx.Length; i++) dx[i] = x[i] > 0 ? ct[i] : x[i] < 0 ? -ct[i] : 0;
    }
}

/// <summary>The error function, which TensorPrimitives lacks.</summary>
internal static class ErrorFunction
{
    // Press et al., Numerical Recipes in C, 2nd edition, section 6.2 (erfcc): relative error below 1.2e-7.
    private static readonly double[] s_coefficients =
        [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277];

    public static void Fill(ReadOnlySpan<float> x, Span<float> y)
    {
        for (var i = 0; i < y.Length; i++)
        {
            double size = Math.Abs(x[i]), t = 1 / (1 + 0.5 * size), sum = 0;
            for (var k = s_coefficients.Length - 1; k >= 0; k--) sum = sum * t + s_coefficients[k];
            y[i] = (float)Math.CopySign(1 - t * Math.Exp(sum - size * size), x[i]);
        }
    }

    public static void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> ct, Span<float> dx)
    {
        TensorPrimitives.Multiply(x, x, dx);
        TensorPrimitives.Negate(dx, dx);
        TensorPrimitives.Exp(dx, dx);
        TensorPrimitives.Multiply(dx, (float)(2 / Math.Sqrt(Math.PI)), dx);
        TensorPrimitives.Multiply(dx, ct, dx);
    }
}
