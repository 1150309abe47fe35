using System.Numerics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <content>Inverse, gamma and remainder functions.</content>
internal static partial class MathReference
{
    // The Bernoulli numbers B₂ₖ for k from 1 on, as fractions.
    private static readonly (BigInteger Numerator, BigInteger Denominator)[] s_bernoulli = Bernoulli(60);

    private static readonly double[] s_bernoulli64 = [.. s_bernoulli.Take(12).Select(b => (double)b.Numerator / (double)b.Denominator)];

    // Where Stirling's series begins, and 60 terms of it leave 2^-250.
    private const int Shifted = 100;

    private static BigInteger SpecialFixed(MathFunction function, double x, double y) => function switch
    {
        MathFunction.Tan => (SinFixed(Fixed(x)) << Precision) / SinFixed(Fixed(x) + Pi / 2),
        MathFunction.Atan => AngleFixed(Fixed(x), One),
        MathFunction.Atan2 => AngleFixed(Fixed(x), Fixed(y)),
        MathFunction.Asin => AngleFixed(Fixed(x), SquareRoot((One - Fixed(x)) * (One + Fixed(x)))),
        MathFunction.Acos => AngleFixed(SquareRoot((One - Fixed(x)) * (One + Fixed(x))), Fixed(x)),
        MathFunction.ErfInv => ErfInvFixed(x),
        MathFunction.Lgamma => x < 0
            ? LogOf((Pi << Precision) / BigInteger.Abs(Fixed(x) * SinFixed(Fixed(x) * Pi >> Precision) >> Precision))
                - LgammaFixed(-Fixed(x))
            : LgammaFixed(Fixed(x)),
        MathFunction.Digamma => x < 0 ? DigammaFixed(One - Fixed(x)) - Pi * SinFixed((Fixed(x) * Pi >> Precision) + Pi / 2)
            / SinFixed(Fixed(x) * Pi >> Precision) : DigammaFixed(Fixed(x)),
        _ => throw new ArgumentOutOfRangeException(nameof(function)),
    };

    /// <summary>The angle of the point (x, y), by halving it four times and the series of the arctangent.</summary>
    private static BigInteger AngleFixed(BigInteger y, BigInteger x)
    {
        const int Halvings = 4;
        // The half angle's tangent is y / (x + r); of a negative x the other way round.
        if (x.Sign < 0) return (y.Sign < 0 ? -1 : 1) * Pi - AngleFixed(y, -x);
        var (top, bottom) = (y, x);
        var scale = Math.Max(0, Precision - (int)BigInteger.Max(BigInteger.Abs(y), x).GetBitLength());
        (top, bottom) = (top << scale, bottom << scale);
        for (var i = 0; i < Halvings; i++) bottom += SquareRoot(top * top + bottom * bottom);
        var t = (top << Precision) / bottom;
        var (sum, power, z) = (BigInteger.Zero, t, t * t >> Precision);
        for (var k = 1; !power.IsZero && power != -1; k += 2, power = -(power * z >> Precision)) sum += power / k;
        return sum << Halvings;
    }

    private static (BigInteger, int) CubeRoot(double x)
    {
        var (m, shift) = Decompose(x);
        for (; shift % 3 != 0; shift--) m <<= 1;
        var n = BigInteger.Abs(m) << 3 * Precision;
        var root = BigInteger.One << (int)(n.GetBitLength() / 3 + 1);
        for (; ; )
        {
            var next = (2 * root + n / (root * root)) / 3;
            if (next >= root) return (m.Sign * root, shift / 3 - Precision);
            root = next;
        }
    }

    // Newton's method from the f64 value: its error squared twice is below 2^-150.
    private static BigInteger ErfInvFixed(double x)
    {
        var y = Fixed(ErfInv(x));
        for (var i = 0; i < 3; i++)
        {
            var slope = (2 * One << Precision) / SquareRoot(Pi << Precision) * ExpFixed(-(y * y >> Precision)) >> Precision;
            y -= (ErfFixed(y) - Fixed(x) << Precision) / slope;
        }
        return y;
    }

    private static BigInteger LogOf(BigInteger x)
    {
        var shift = (int)x.GetBitLength() - Precision - 1;
        return LogFixed(shift >= 0 ? x >> shift : x << -shift, shift);
    }

    private static BigInteger LgammaFixed(BigInteger x)
    {
        var (product, z) = (One, x);
        for (; z < Shifted * One; z += One) product = product * z >> Precision;
        var (sum, power, square) = (BigInteger.Zero, z, z * z >> Precision);
        for (var k = 1; k <= s_bernoulli.Length; k++, power = power * square >> Precision)
            sum += (s_bernoulli[k - 1].Numerator << 2 * Precision) / (s_bernoulli[k - 1].Denominator * (2 * k * (2 * k - 1)) * power);
        return ((z - One / 2) * LogOf(z) >> Precision) - z + LogOf(2 * Pi) / 2 + sum - LogOf(product);
    }

    private static BigInteger DigammaFixed(BigInteger x)
    {
        var (sum, z) = (BigInteger.Zero, x);
        for (; z < Shifted * One; z += One) sum -= (One << Precision) / z;
        var (power, square) = (z * z >> Precision, z * z >> Precision);
        sum += LogOf(z) - (One << Precision) / (2 * z);
        for (var k = 1; k <= s_bernoulli.Length; k++, power = power * square >> Precision)
            sum -= (s_bernoulli[k - 1].Numerator << 2 * Precision) / (s_bernoulli[k - 1].Denominator * (2 * k) * power);
        return sum;
    }

    private static (BigInteger, int) FmodExact(double x, double y)
    {
        var ((a, shift), (b, other)) = (Decompose(x), Decompose(y));
        var common = Math.Min(shift, other);
        return (BigInteger.Remainder(a << (shift - common), b << (other - common)), common);
    }

    // Σ binomial(n + 1, k) Bₖ = 0, solved for the last.
    private static (BigInteger, BigInteger)[] Bernoulli(int count)
    {
        var all = new List<(BigInteger N, BigInteger D)> { (1, 1), (-1, 2) };
        for (var n = 2; n <= 2 * count; n++)
        {
            var (sum, denominator, binomial) = (BigInteger.Zero, BigInteger.One, BigInteger.One);
            for (var k = 0; k < n; k++)
            {
                (sum, denominator) = (sum * all[k].D + binomial * all[k].N * denominator, denominator * all[k].D);
                var divisor = BigInteger.GreatestCommonDivisor(sum, denominator);
                (sum, denominator) = (sum / divisor, denominator / divisor);
                binomial = binomial * (n + 1 - k) / (k + 1);
            }
            all.Add((-sum, denominator * (n + 1)));
        }
        return [.. Enumerable.Range(1, count).Select(k => all[2 * k])];
    }

    private static double ErfInv(double x)
    {
        var size = Math.Abs(x);
        if (!(size < 1)) return size == 1 ? x * double.PositiveInfinity : double.NaN;
        // The first two terms of Maclaurin's series.
        if (size < 1e-5) return Math.Sqrt(Math.PI) / 2 * x * (1 + Math.PI / 12 * x * x);
        var (low, high) = (0.0, 6.0);
        var y = Math.Min(size, 3);
        for (var i = 0; i < 60; i++)
        {
            var difference = size < 0.7 ? Erf(y) - size : 1 - size - Erfc(y);
            if (difference > 0) high = y; else low = y;
            var next = y - difference / (2 / Math.Sqrt(Math.PI) * Math.Exp(-y * y));
            if (!(next > low && next < high)) next = (low + high) / 2;
            if (Math.Abs(next - y) <= 1e-16 * y) break;
            y = next;
        }
        return Math.CopySign(y, x);
    }

    private static double Erfc(double y)
    {
        if (y < 0.7) return 1 - Erf(y);
        var fraction = y;
        for (var k = (int)(500 / (y * y)) + 20; k >= 1; k--) fraction = y + k / 2.0 / fraction;
        return Math.Exp(-y * y) / (Math.Sqrt(Math.PI) * fraction);
    }

    // Beside its zeros 1 and 2 by the midpoint rule of ψ, which is exact to 1e-17 of a distance below 2^-8.
    private static double Lgamma(double x)
    {
        if (double.IsNaN(x) || double.IsInfinity(x)) return x * x;
        if (x <= 0) return Math.Log(Math.PI / (-x * Math.Abs(double.SinPi(x)))) is var log && x < -1e-15 ? log - Lgamma(-x) : -Math.Log(-x);
        if (Math.Abs(x - 1) < 0.02) return Slope(1, x - 1);
        if (Math.Abs(x - 2) < 0.02) return Slope(2, x - 2);
        var product = 1.0;
        for (; x < 14; x++) product *= x;
        var (sum, power) = (0.0, x);
        for (var k = 1; k <= s_bernoulli64.Length; k++, power *= x * x) sum += s_bernoulli64[k - 1] / (2 * k * (2 * k - 1) * power);
        return (x - 0.5) * (Math.Log(x) - 1) + (Math.Log(2 * Math.PI) - 1) / 2 + sum - Math.Log(product);
    }

    // ∫ ψ by Gauss's rule of four points.
    private static double Slope(double from, double length)
    {
        var (a, b) = (0.3399810435848563, 0.8611363115940526);
        double At(double t) => Digamma(from + length * (1 + t) / 2);
        return length / 2 * (0.6521451548625461 * (At(a) + At(-a)) + 0.34785484513745385 * (At(b) + At(-b)));
    }

    private static double Digamma(double x)
    {
        if (double.IsNaN(x) || double.IsPositiveInfinity(x)) return x;
        if (x == 0) return double.IsNegative(x) ? double.PositiveInfinity : double.NegativeInfinity;
        if (x < 0) return x == Math.Floor(x) ? double.NaN : Digamma(1 - x) - Math.PI / double.TanPi(x);
        var sum = 0.0;
        for (; x < 14; x++) sum -= 1 / x;
        var power = x * x;
        sum += Math.Log(x) - 0.5 / x;
        for (var k = 1; k <= s_bernoulli64.Length; k++, power *= x * x) sum -= s_bernoulli64[k - 1] / (2 * k * power);
        return sum;
    }
}
