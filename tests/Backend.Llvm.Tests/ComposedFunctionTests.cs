using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Functions that are made of others, within the bounds of docs/numerics.md: f32 over every 9973rd bit pattern, or every one with
/// SGC_EXHAUSTIVE=1; f64 over random numbers of every magnitude.</summary>
[Trait("Category", "Target")]
public sealed class ComposedFunctionTests
{
    private static readonly Dictionary<string, (Func<Value, Value> Apply, Func<double, double> Exact, double Ulp)> s_functions = new()
    {
        ["log2"] = (x => x.Log2(), Math.Log2, 4), ["log10"] = (x => x.Log10(), Math.Log10, 4),
        ["exp2"] = (x => x.Exp2(), x => Math.Pow(2, x), 1.5),
        ["sinh"] = (x => x.Sinh(), Math.Sinh, 5), ["cosh"] = (x => x.Cosh(), Math.Cosh, 5), ["asinh"] = (x => x.Asinh(), Math.Asinh, 4),
        ["acosh"] = (x => x.Acosh(), Math.Acosh, 4), ["atanh"] = (x => x.Atanh(), Math.Atanh, 4),
        ["sinc"] = (x => x.Sinc(), x => x == 0 ? 1 : double.SinPi(x) / (Math.PI * x), 5),
    };

    public static TheoryData<string> Names => [.. s_functions.Keys];

    /// <summary>All functions are one compiled function. A step takes what is below the normal range for zero.</summary>
    [Fact]
    public void F32_stays_within_its_bounds()
    {
        const int Count = 1 << 15;
        var stride = Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1" ? 1L : 9973;
        var b = new FunctionBuilder("composed");
        var x = b.Parameter("x", F32[Count]);
        var (functions, names) = (s_functions.Values.ToArray(), s_functions.Keys.ToArray());
        using var compiled = new SweptFunction(b.Build([.. functions.Select(f => f.Apply(x))]));
        var blocks = ((1L << 32) + Count * stride - 1) / (Count * stride);
        var gate = new Lock();
        var worst = new (double Ulp, float At)[functions.Length];
        Parallel.For(0, blocks, block =>
        {
            float Number(int i) => BitConverter.UInt32BitsToSingle((uint)((block * Count + i) * stride));
            float[] numbers = [.. Enumerable.Range(0, Count).Select(Number)];
            var found = compiled.Run(numbers);
            for (var f = 0; f < functions.Length; f++)
            {
                var (ulp, at) = Worst(numbers, found[f], functions[f].Exact);
                lock (gate) if (ulp > worst[f].Ulp) worst[f] = (ulp, at);
            }
        });
        for (var f = 0; f < functions.Length; f++)
        {
            MathRecord.Write(names[f], "f32", TargetInfo.Create().Name, worst[f].Ulp, $"{worst[f].At:R}");
            Assert.True(worst[f].Ulp <= functions[f].Ulp, $"{names[f]}({worst[f].At:R}) f32: {worst[f].Ulp} ulp");
        }
    }

    private static (double Ulp, float At) Worst(float[] numbers, float[] found, Func<double, double> exact)
    {
        (double Ulp, float At) worst = default;
        for (var i = 0; i < numbers.Length; i++)
        {
            var wanted = exact(numbers[i]);
            if (Math.Abs(numbers[i]) < 1.1754944e-38f || Math.Abs(wanted) < 1.1754944e-38) continue;
            // Beyond the largest number infinity is as good as it.
            var ulp = Math.Abs(wanted) > float.MaxValue && Math.Abs(found[i]) >= float.MaxValue * 0.999999f ? 0
                : MathReference.Ulps(found[i], wanted);
            if (ulp > worst.Ulp) worst = (ulp, numbers[i]);
        }
        return worst;
    }

    [Theory, MemberData(nameof(Names))]
    public void F64_stays_within_its_bound(string name)
    {
        const int Count = 1 << 14;
        var (apply, exact, bound) = s_functions[name];
        var b = new FunctionBuilder(name);
        var x = b.Parameter("x", F64[Count]);
        var function = b.Build(apply(x));
        var random = new Random(11);
        double[] numbers = [.. Enumerable.Range(0, Count).Select(i => i % 4 == 0 ? random.NextDouble() * 2 - 1
            : i % 4 == 1 ? (random.NextDouble() - 0.5) * 1400 : Math.ScaleB(random.NextDouble() * 2 - 1, random.Next(-300, 300)))];
        var found = JitFunction.Run(function, [new Literal(x.Type, numbers)])[0];
        for (var i = 0; i < Count; i++)
        {
            // .NET's own has up to one ulp.
            var wanted = exact(numbers[i]);
            var size = Math.Abs(wanted);
            if (size != 0)
                Check($"{name}({numbers[i]:R}) f64", wanted, (double)found[i], Math.BitIncrement(size) - size, double.MaxValue, bound + 2);
        }
    }

    private static void Check(string what, double wanted, double found, double ulp, double largest, double bound)
    {
        var isSame = wanted.Equals(found) || (double.IsNaN(wanted) && double.IsNaN(found))
            || Math.Abs(wanted - found) <= bound * ulp || (Math.Abs(wanted) > largest * 0.999999 && Math.Abs(found) >= largest * 0.999999);
        if (!isSame) Assert.Fail($"{what} is {found:R}, not {wanted:R}: {Math.Abs(wanted - found) / ulp} ulp");
    }

    [Fact]
    public void Special_values()
    {
        const double Inf = double.PositiveInfinity;
        var b = new FunctionBuilder("special");
        var x = b.Parameter("x", F64[7]);
        Value[] results = [x.Sinh(), x.Cosh(), x.Asinh(), x.Acosh(), x.Atanh(), x.Log2(), x.Exp2()];
        var function = b.Build(results);
        double[] at = [0, -0.0, 1, -1, Inf, -Inf, double.NaN];
        var argument = new Literal(x.Type, at);
        Func<double, double>[] exact = [Math.Sinh, Math.Cosh, Math.Asinh, Math.Acosh, Math.Atanh, Math.Log2, v => Math.Pow(2, v)];
        foreach (var found in (Literal[][])[ReferenceInterpreter.Run(function, argument), JitFunction.Run(function, [argument])])
            for (var i = 0; i < exact.Length; i++)
                for (var k = 0; k < at.Length; k++)
                {
                    var (wanted, ours) = (exact[i](at[k]), (double)found[i][k]);
                    var isSame = wanted.Equals(ours) && double.IsNegative(wanted) == double.IsNegative(ours)
                        || double.IsNaN(wanted) && double.IsNaN(ours) || wanted != 0 && Math.Abs(wanted - ours) <= 1e-15 * Math.Abs(wanted);
                    Assert.True(isSame, $"result {i} at {at[k]}: {ours:R}, not {wanted:R}");
                }
    }

    [Fact]
    public void Kinds_of_numbers_and_remainders()
    {
        var b = new FunctionBuilder("kinds");
        var (x, i, j) = (b.Parameter("x", F32[4]), b.Parameter("i", I32[8]), b.Parameter("j", I32[8]));
        var function = b.Build(x.IsNaN(), x.IsInf(), x.IsFinite(), i.IsNaN(), i.IsFinite(), i.Remainder(j), i.Remainder(j, truncated: true),
            x.Lerp(x.Constant(3), 1), x.Lerp(x.Constant(3), x.Constant(0)));
        Literal[] arguments = [new(x.Type, double.NaN, double.NegativeInfinity, -7, 2), new(i.Type, 7, -7, 7, -7, 6, -6, 5, int.MinValue),
            new(j.Type, 3, 3, -3, -3, 3, -3, 0, -1)];
        double[][] expected = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1],
            [1, 2, -2, -1, 0, 0, 5, 0], [1, -1, 1, -1, 0, 0, 5, 0]];
        foreach (var found in (Literal[][])[ReferenceInterpreter.Run(function, arguments), JitFunction.Run(function, arguments)])
        {
            Assert.Equal(expected, found[..7].Select(r => r.ToArray()));
            Assert.Equal([3.0, 3], found[7].ToArray()[2..]);
            Assert.Equal([-7.0, 2], found[8].ToArray()[2..]);
        }
    }

    /// <summary>With the sign of the divisor as Python's, with that of the dividend as C's; integers raised to integers wrap.</summary>
    [Fact]
    public void Remainders_and_integer_powers()
    {
        const double Inf = double.PositiveInfinity;
        var b = new FunctionBuilder("remainders");
        var (x, y) = (b.Parameter("x", F64[8]), b.Parameter("y", F64[8]));
        var (n, e) = (b.Parameter("n", I32[9]), b.Parameter("e", I32[9]));
        var function = b.Build(x.Remainder(y), x.Remainder(y, truncated: true), n.Pow(e), n.ConvertTo(U8).Pow(e.ConvertTo(U8)));
        Literal[] arguments = [new(x.Type, 5.5, -5.5, 5.5, -5.5, -1, 1e300, 6, 1), new(y.Type, 2, 2, -2, -2, Inf, 3, -3, 0),
            new(n.Type, 2, -3, 7, 0, 0, 1, -1, 2, int.MaxValue), new(e.Type, 31, 3, 40, 0, 5, -7, -7, -1, -2)];
        double[][] expected = [[1.5, 0.5, -0.5, -1.5, Inf, 1e300 % 3, 0, double.NaN], [1.5, -1.5, 1.5, -1.5, -1, 1e300 % 3, 0, double.NaN],
            [int.MinValue, -27, Wrapped(7, 40), 1, 0, 1, -1, 0, 0], [0, 229, (byte)Wrapped(7, 40), 1, 0, 1, 255, 0, 1]];
        foreach (var found in (Literal[][])[ReferenceInterpreter.Run(function, arguments), JitFunction.Run(function, arguments)])
            Assert.Equal(expected, found.Select(r => r.ToArray()));
        static int Wrapped(int number, int power) => Enumerable.Repeat(number, power).Aggregate(1, (a, f) => unchecked(a * f));
    }
}
