using System.Numerics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Reference values: f64 for f32 results, 300-bit fixed point for f64 results.</summary>
internal static partial class MathReference
{
    private const int Precision = 300;
    private static readonly BigInteger One = BigInteger.One << Precision;
    private static readonly BigInteger Ln2 = 2 * AtanhInverse(3);
    private static readonly BigInteger Pi = 4 * (4 * AtanInverse(5) - AtanInverse(239));

    /// <summary>In f64, with an error far below an f32 ulp.</summary>
    public static double Wide(MathFunction function, double x, double y) => function switch
    {
        MathFunction.Exp => Math.Exp(x),
        MathFunction.Log => Math.Log(x),
        MathFunction.Log1p => Log1p(x),
        MathFunction.Expm1 => Expm1(x),
        MathFunction.Tanh => Math.Tanh(x),
        MathFunction.Logistic => 1.0 / (1.0 + Math.Exp(-x)),
        MathFunction.Erf => Erf(x),
        MathFunction.Sin => Math.Sin(x),
        MathFunction.Cos => Math.Cos(x),
        MathFunction.Pow => Math.Pow(x, y),
        MathFunction.Rsqrt => 1.0 / Math.Sqrt(x),
        MathFunction.Tan => Math.Tan(x),
        MathFunction.Asin => Math.Asin(x),
        MathFunction.Acos => Math.Acos(x),
        MathFunction.Atan => Math.Atan(x),
        MathFunction.Atan2 => Math.Atan2(x, y),
        MathFunction.Cbrt => Math.Cbrt(x),
        MathFunction.ErfInv => ErfInv(x),
        MathFunction.Lgamma => Lgamma(x),
        // What the difference of two numbers of about 4 has left in f64 is too little for a reference.
        MathFunction.Digamma => Digamma(x) is var value && x < 0 && Math.Abs(value) < 1e-5
            ? Math.ScaleB((double)Exact(function, x, y).Value, -Precision) : value,
        MathFunction.Fmod => x % y,
        _ => throw new ArgumentOutOfRangeException(nameof(function)),
    };

    /// <summary>The least that counts as an ulp of an f32 result: of digamma below 0 what is subtracted there in f64 leaves this.</summary>
    public static double LeastUlp(MathFunction function, double x) => function == MathFunction.Digamma && x < 0 ? Math.ScaleB(1, -47) : 0;

    /// <summary>The distance from an f32 result to the true value in ulp of the latter (∞ for a wrong NaN or ∞).</summary>
    public static double Ulps(float actual, double expected, double leastUlp = 0)
    {
        var ulp = Math.Max(Ulp(expected), leastUlp);
        if (double.IsNaN(expected)) return float.IsNaN(actual) ? 0 : double.PositiveInfinity;
        if (actual == (float)expected) return float.IsInfinity(actual) ? 0 : Math.Abs(actual - expected) / ulp;
        if (float.IsNaN(actual)) return double.PositiveInfinity;
        var bounded = float.IsInfinity(actual) ? Math.CopySign(340282366920938463463374607431768211456.0, actual) : actual;
        return double.IsInfinity(expected) ? double.PositiveInfinity : Math.Abs(bounded - expected) / ulp;
    }

    /// <summary>The distance from an f64 result to the 300-bit value.</summary>
    public static double Ulps(MathFunction function, double actual, double x, double y)
    {
        if (!double.IsFinite(actual)) return double.PositiveInfinity;
        var (value, exponent) = Exact(function, x, y);
        var (mantissa, shift) = Decompose(actual);
        // Both as integers times 2^common; an ulp is 2^(top bit - 52), at least 2^-1074.
        var common = Math.Min(exponent, shift);
        var difference = (value << (exponent - common)) - (mantissa << (shift - common));
        var top = (int)BigInteger.Abs(value).GetBitLength() - 1 + exponent;
        // Beside their zeros below 0 these are differences of what is about 4.
        if (function is MathFunction.Lgamma or MathFunction.Digamma && x < 0) top = Math.Max(top, 2);
        var ulp = Math.Max(top - 52, -1074) - common;
        return Math.Abs((double)(difference << 20 >> ulp)) / (1 << 20);
    }

    private static double Ulp(double expected)
    {
        var exponent = (int)(BitConverter.DoubleToUInt64Bits(expected) >> 52 & 0x7FF);
        var ulp = Math.Max(exponent - 23, 1023 - 149);
        return BitConverter.UInt64BitsToDouble((ulong)ulp << 52);
    }

    /// <summary>W. Kahan's correction of log(1 + x) by the rounding of 1 + x.</summary>
    private static double Log1p(double x)
    {
        if (Math.Abs(x) < 1e-17) return x;
        var u = 1 + x;
        return u is 0 or double.PositiveInfinity ? Math.Log(u) : Math.Log(u) + (x - (u - 1)) / u;
    }

    private static double Expm1(double x)
    {
        if (Math.Abs(x) > 0.5 || double.IsNaN(x)) return Math.Exp(x) - 1;
        var (sum, term) = (x, x);
        for (var k = 2; Math.Abs(term) > Math.Abs(x) * 1e-18; k++) sum += term *= x / k;
        return sum;
    }

    /// <summary>The all-positive series 2/√π e^(-x²) Σ 2^k x^(2k+1) / (2k+1)!!.</summary>
    private static double Erf(double x)
    {
        if (double.IsNaN(x)) return x;
        if (Math.Abs(x) > 6) return Math.Sign(x);
        var (sum, term, square) = (x, x, 2 * x * x);
        for (var k = 1; Math.Abs(term) > Math.Abs(sum) * 1e-15; k++) sum += term *= square / (2 * k + 1);
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    private static (BigInteger Value, int Exponent) Exact(MathFunction function, double x, double y)
    {
        switch (function)
        {
            case MathFunction.Exp: return Exp(Fixed(x));
            case MathFunction.Pow: return Exp(Multiply(LogFixed(x), y));
            case MathFunction.Log: return (LogFixed(x), -Precision);
            case MathFunction.Log1p: return (LogFixed(One + Fixed(x), 0), -Precision);
            case MathFunction.Expm1: return (ExpFixed(Fixed(x)) - One, -Precision);
            case MathFunction.Sin: return (SinFixed(Fixed(x)), -Precision);
            case MathFunction.Cos: return (SinFixed(Fixed(x) + Pi / 2), -Precision);
            case MathFunction.Erf: return (ErfFixed(Fixed(x)), -Precision);
            case MathFunction.Tanh:
                var t = ExpFixed(2 * Fixed(x));
                return ((t - One << Precision) / (t + One), -Precision);
            case MathFunction.Logistic:
                var (e, exponent) = Exp(-BigInteger.Abs(Fixed(x)));
                var sum = One + (e >> (-Precision - exponent));
                return x < 0 ? ((e << Precision) / sum, exponent) : ((One << Precision) / sum, -Precision);
            case MathFunction.Rsqrt:
                var (m, shift) = Decompose(x);
                if (shift % 2 != 0) (m, shift) = (m << 1, shift - 1);
                return (SquareRoot((BigInteger.One << 2 * Precision) / m), -Precision - shift / 2);
            case MathFunction.Fmod: return FmodExact(x, y);
            case MathFunction.Cbrt: return CubeRoot(x);
            default: return (SpecialFixed(function, x, y), -Precision);
        }
    }

    private static (BigInteger Value, int Exponent) Exp(BigInteger x)
    {
        var n = (int)Floor(x * One / Ln2);
        return (ExpSeries(x - n * Ln2), n - Precision);
    }

    private static BigInteger ExpFixed(BigInteger x)
    {
        var (value, exponent) = Exp(x);
        var shift = exponent + Precision;
        return shift >= 0 ? value << shift : value >> -shift;
    }

    private static BigInteger ExpSeries(BigInteger r)
    {
        var (sum, term) = (One, One);
        for (var k = 1; !term.IsZero; k++) sum += term = (term * r >> Precision) / k;
        return sum;
    }

    private static BigInteger LogFixed(double x)
    {
        var (m, shift) = Decompose(x);
        return LogFixed(m << (Precision - 52), shift + 52);
    }

    private static BigInteger LogFixed(BigInteger m, int exponent)
    {
        while (m > 3 * One / 2) (m, exponent) = (m >> 1, exponent + 1); // drops no bit above 2^-200 of the value
        while (m < 3 * One / 4) (m, exponent) = (m << 1, exponent - 1);
        var s = (m - One << Precision) / (m + One);
        var z = s * s >> Precision;
        var (sum, power) = (BigInteger.Zero, s);
        for (var k = 1; !power.IsZero && power != -1; k += 2, power = power * z >> Precision) sum += power / k;
        return 2 * sum + exponent * Ln2;
    }

    private static BigInteger SinFixed(BigInteger x)
    {
        var n = Floor(2 * x * One / Pi + One / 2);
        var r = x - n * Pi / 2;
        var odd = !n.IsEven;
        var (term, k) = (odd ? One : r, odd ? 1 : 2);
        var (sum, z) = (term, r * r >> Precision);
        for (; !term.IsZero && term != -1; k += 2) sum += term = -(term * z >> Precision) / (k * (k + 1));
        return (n & 2).IsZero ? sum : -sum;
    }

    private static BigInteger ErfFixed(BigInteger x)
    {
        if (BigInteger.Abs(x) > 7 * One) return x.Sign * One; // erfc(7) < 2^-74
        var square = x * x >> Precision;
        var (sum, term) = (x, x);
        for (var k = 1; !term.IsZero && term != -1; k++) sum += term = 2 * (term * square >> Precision) / (2 * k + 1);
        var rootPi = SquareRoot(Pi << Precision);
        return (2 * sum << Precision) / rootPi * ExpFixed(-square) >> Precision;
    }

    private static BigInteger SquareRoot(BigInteger n)
    {
        if (n.IsZero) return n;
        var root = BigInteger.One << (int)(n.GetBitLength() / 2 + 1);
        for (; ; )
        {
            var next = (root + n / root) >> 1;
            if (next >= root) return root;
            root = next;
        }
    }

    private static BigInteger AtanhInverse(int n) => InverseSeries(n, 1);

    private static BigInteger AtanInverse(int n) => InverseSeries(n, -1);

    private static BigInteger InverseSeries(int n, int sign)
    {
        var (sum, power) = (BigInteger.Zero, One / n);
        for (var k = 1; !power.IsZero; k += 2, power = sign * power / (n * n)) sum += power / k;
        return sum;
    }

    private static BigInteger Floor(BigInteger value) => value >> Precision;

    private static BigInteger Multiply(BigInteger value, double factor)
    {
        var (m, shift) = Decompose(factor);
        return shift >= 0 ? value * m << shift : value * m >> -shift;
    }

    private static BigInteger Fixed(double x) => Multiply(One, x);

    private static (BigInteger Mantissa, int Exponent) Decompose(double x)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        var exponent = (int)(bits >> 52 & 0x7FF);
        var mantissa = bits & 0xFFFFFFFFFFFFF;
        if (exponent != 0) mantissa |= 1L << 52;
        return (bits < 0 ? -mantissa : mantissa, Math.Max(exponent, 1) - 1075);
    }
}
