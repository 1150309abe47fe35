using GraphCompiler.IR.Loops;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Visits f32 arguments by bit pattern and keeps the worst error.</summary>
internal sealed class FloatSweep(MathFunction function)
{
    private const int Block = 1 << 14;
    private readonly float[] _x = new float[Block], _y = new float[Block], _result = new float[Block];

    public double Worst { get; private set; }
    public string WorstAt { get; private set; } = "";

    public void Run(MathKernel kernel, ulong stride)
    {
        var count = 0;
        var random = new Random(1);
        for (ulong bits = 0; bits < 1ul << 32; bits += stride)
        {
            var x = BitConverter.UInt32BitsToSingle((uint)bits);
            if (function is MathFunction.Sin or MathFunction.Cos or MathFunction.Tan && Math.Abs(x) > TrigonometricFunctions.Limit32)
                continue;
            _y[count] = MathLibrary.ArityOf(function) == 2 ? Second(function, x, random) : 0;
            _x[count++] = x;
            if (count == Block) count = Flush(kernel, count);
        }
        Flush(kernel, count);
    }

    // Of an angle and of a remainder mostly a number of about x's size, and some of any.
    private static float Second(MathFunction function, float x, Random random) => function == MathFunction.Pow ? Exponent(x, random)
        : random.Next(4) == 0 ? BitConverter.UInt32BitsToSingle((uint)random.NextInt64(1L << 32))
        : (float)(x * Math.ScaleB(random.NextDouble() * 2 - 1, random.Next(-20, 20)));

    /// <summary>Mostly an exponent whose power is finite; some of any size.</summary>
    private static float Exponent(float x, Random random)
    {
        var range = random.Next(8) == 0 ? 1e6 : 150 / Math.Max(1e-6, Math.Abs(Math.Log2(Math.Abs((double)x))));
        var y = (random.NextDouble() * 2 - 1) * range;
        return (float)(x < 0 ? Math.Round(y) : y);
    }

    private int Flush(MathKernel kernel, int count)
    {
        kernel.Run(_x, _y, _result);
        for (var i = 0; i < count; i++)
        {
            var ulps = MathReference.Ulps(_result[i], MathReference.Wide(function, _x[i], _y[i]),
                MathReference.LeastUlp(function, _x[i]));
            if (!(ulps > Worst)) continue;
            Worst = ulps;
            WorstAt = $"{_x[i]:R}" + (MathLibrary.ArityOf(function) == 2 ? $", {_y[i]:R}" : "");
        }
        return 0;
    }
}

/// <summary>Random f64 arguments over each function's interesting range, against the 300-bit reference.</summary>
internal static class DoubleSample
{
    public static (double Worst, string At) Worst(MathKernel kernel, MathFunction function, int count)
    {
        var random = new Random(7);
        var (x, y, result) = (new double[count], new double[count], new double[count]);
        for (var i = 0; i < count; i++) (x[i], y[i]) = Argument(function, random, i);
        kernel.Run(x, y, result);
        var (worst, at) = (0.0, "");
        for (var i = 0; i < count; i++)
        {
            var ulps = MathReference.Ulps(function, result[i], x[i], y[i]);
            if (ulps > worst) (worst, at) = (ulps, $"{x[i]:R}" + (MathLibrary.ArityOf(function) == 2 ? $", {y[i]:R}" : ""));
        }
        return (worst, at);
    }

    private static (double X, double Y) Argument(MathFunction function, Random random, int i)
    {
        var u = random.NextDouble() * 2 - 1;
        var spread = Math.ScaleB(1 + random.NextDouble(), random.Next(-60, 5)) * Math.Sign(u);
        switch (function)
        {
            case MathFunction.Exp: return (i % 3 == 0 ? u * 1.0 : i % 3 == 1 ? u * 700 : -700 - Math.Abs(u) * 44, 0);
            case MathFunction.Expm1: return (i % 3 == 0 ? u * 1.5 : i % 3 == 1 ? u * 45 : spread, 0);
            case MathFunction.Tanh: return (i % 3 == 0 ? u : i % 3 == 1 ? u * 21 : spread, 0);
            case MathFunction.Logistic: return (i % 3 == 0 ? u : i % 3 == 1 ? u * 40 : u * 740, 0);
            case MathFunction.Erf: return (i % 3 == 0 ? u * 1.5 : i % 3 == 1 ? u * 6.1 : spread, 0);
            case MathFunction.Log or MathFunction.Rsqrt: return (Positive(random, i), 0);
            case MathFunction.Log1p:
                return (i % 3 == 0 ? u * 0.9999 : i % 3 == 1 ? Math.Abs(spread) : Math.Abs(u) * 1e6 - 0.9999999, 0);
            case MathFunction.Sin or MathFunction.Cos or MathFunction.Tan:
                // Every third beside a multiple of π/2, where the reduction must keep every bit.
                return (i % 3 == 0 ? u * 4 : i % 3 == 1 ? u * 1e6 : random.Next(1, 600_000) * (Math.PI / 2), 0);
            case MathFunction.Asin or MathFunction.Acos:
                return (i % 3 == 0 ? u : i % 3 == 1 ? Math.CopySign(1 - Math.Abs(spread) % 1, u) : spread % 1, 0);
            case MathFunction.ErfInv:
                return (i % 3 == 0 ? u : i % 3 == 1 ? Math.CopySign(1 - Math.ScaleB(1 + Math.Abs(u), random.Next(-53, -2)), u)
                    : spread % 1, 0);
            case MathFunction.Atan: return (i % 2 == 0 ? u * 4 : spread * 1e9, 0);
            case MathFunction.Cbrt: return (Positive(random, i) * Math.Sign(u), 0);
            // Beyond 2^14 the reference would take too long.
            case MathFunction.Lgamma or MathFunction.Digamma:
                return (i % 3 == 0 ? 3 * Math.Abs(u) : i % 3 == 1 ? u * 20 : Math.Abs(spread * 1000), 0);
            case MathFunction.Atan2: return (spread, Math.ScaleB(random.NextDouble() * 2 - 1, random.Next(-60, 5)));
            case MathFunction.Fmod:
                return (Math.CopySign(Positive(random, i), u), Positive(random, random.Next(3)) * (i % 2 == 0 ? 1 : -1));
            default:
                var x = Positive(random, i);
                return (x, u * 707 / Math.Max(1e-9, Math.Abs(Math.Log(x))));
        }
    }

    /// <summary>Near 1, in [0, 10] and over the whole range with subnormal numbers.</summary>
    private static double Positive(Random random, int i) => (i % 3) switch
    {
        0 => 0.6 + random.NextDouble(),
        1 => random.NextDouble() * 10,
        _ => Math.ScaleB(1 + random.NextDouble(), random.Next(-1074, 1023)),
    };
}

/// <summary>SGC_MATH_RECORD=file appends each measured maximum, for the table of docs/numerics.md.</summary>
internal static class MathRecord
{
    private static readonly Lock Gate = new();

    public static void Write(MathFunction function, string format, string target, double worst, string at) =>
        Write(function.ToString(), format, target, worst, at);

    public static void Write(string function, string format, string target, double worst, string at)
    {
        if (Environment.GetEnvironmentVariable("SGC_MATH_RECORD") is not { } path) return;
        lock (Gate) File.AppendAllText(path, $"| {function} | {format} | {target} | {worst:F3} | {at} |\n");
    }
}
