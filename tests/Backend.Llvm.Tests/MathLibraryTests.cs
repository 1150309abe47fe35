using GraphCompiler.IR.Loops;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>The bounds of docs/numerics.md, per function, format and target.</summary>
/// <remarks>
/// SGC_EXHAUSTIVE=1 visits every f32 on the native target and on x86-64-v3 (of two arguments: each 17th x with a random y) instead of each
/// 257th and 2570th, which x86-64-v2 always samples.
/// </remarks>
public class MathLibraryTests
{
    private static readonly bool Exhaustive = Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1";

    /// <summary>In ulp, on every target.</summary>
    private static readonly Dictionary<MathFunction, (double F32, double F64)> Bounds = new()
    {
        [MathFunction.Exp] = (1, 1),
        [MathFunction.Log] = (1, 1),
        [MathFunction.Log1p] = (1, 1),
        [MathFunction.Expm1] = (1, 1.5),
        [MathFunction.Tanh] = (1, 1.5),
        [MathFunction.Logistic] = (1, 1),
        [MathFunction.Erf] = (2, 1.5),
        [MathFunction.Sin] = (2, 1),
        [MathFunction.Cos] = (2, 1),
        [MathFunction.Pow] = (1, 1),
        [MathFunction.Rsqrt] = (1, 1.5),
        [MathFunction.Tan] = (4, 2.5),
        [MathFunction.Asin] = (1.2, 1.2),
        [MathFunction.Acos] = (2, 2),
        [MathFunction.Atan] = (1.5, 1.5),
        [MathFunction.Atan2] = (1.7, 1.7),
        [MathFunction.Cbrt] = (1, 1),
        [MathFunction.ErfInv] = (1, 4),
        [MathFunction.Lgamma] = (1, 7),
        [MathFunction.Digamma] = (1, 5),
        [MathFunction.Fmod] = (0, 0),
    };

    public static TheoryData<MathFunction, string> Cases()
    {
        var data = new TheoryData<MathFunction, string>();
        foreach (var target in MathKernel.Targets)
        foreach (var function in Bounds.Keys)
            data.Add(function, target);
        return data;
    }

    [Theory, MemberData(nameof(Cases))]
    public void F32_stays_within_its_bound(MathFunction function, string target)
    {
        using var kernel = new MathKernel(function, isDouble: false, lanes: 16, target);
        var sweep = new FloatSweep(function);
        ulong stride = (Exhaustive, target) switch { (true, not "x86-64-v2") => 1, (_, "native") => 257, _ => 2570 };
        if (MathLibrary.ArityOf(function) == 2) stride = stride == 1 ? 17 : stride * 4;
        sweep.Run(kernel, stride);
        MathRecord.Write(function, "f32", target, sweep.Worst, sweep.WorstAt);
        Assert.True(sweep.Worst <= Bounds[function].F32, $"{function} f32 {target}: {sweep.Worst} ulp at {sweep.WorstAt}");
    }

    // Where runs over every f32, and searches, found the largest errors that there were; digamma's are beside its zeros.
    [Theory]
    [InlineData(MathFunction.Asin, new[] { 0.8390503f, -0.8403938f, 0.84044713f })]
    [InlineData(MathFunction.Atan, new[] { 0.42620113f, -0.45118597f, 0.5000001f })]
    [InlineData(MathFunction.Atan2, new[] { 0.721114814f, 1.73100972f, 0.670174718f, 1.33132148f })]
    [InlineData(MathFunction.Digamma, new[] { -66.795906f, -0.50408304f, -1.5734984f, -2.610721f, -3.6352933f, -4.653238f, -5.6671624f })]
    public void Arguments_of_the_largest_errors_stay_within_the_bound(MathFunction function, float[] arguments)
    {
        foreach (var target in MathKernel.Targets)
        {
            using var kernel = new MathKernel(function, isDouble: false, lanes: 0, target);
            foreach (var pair in arguments.Chunk(MathLibrary.ArityOf(function)))
            {
                var (x, y) = (pair[0], pair[^1]);
                var ulps = MathReference.Ulps(kernel.Apply(x, y), MathReference.Wide(function, x, y), MathReference.LeastUlp(function, x));
                Assert.True(ulps <= Bounds[function].F32, $"{function}({x:R}, {y:R}) f32 {target}: {ulps} ulp");
            }
        }
    }

    [Fact]
    public void Digamma_beside_a_zero_below_0_is_that_of_50_digits()
    {
        const double Expected = -6.6815477437689715e-09; // mpmath's
        Assert.Equal(Expected, MathReference.Wide(MathFunction.Digamma, -66.795906f, 0), 1e-22);
        foreach (var target in MathKernel.Targets)
        {
            using var kernel = new MathKernel(MathFunction.Digamma, isDouble: false, lanes: 0, target);
            Assert.Equal(Expected, kernel.Apply(-66.795906f, 0), Math.ScaleB(1, -47));
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void F64_stays_within_its_bound(MathFunction function, string target)
    {
        using var kernel = new MathKernel(function, isDouble: true, lanes: 8, target);
        var (worst, at) = DoubleSample.Worst(kernel, function, Exhaustive ? 200_000 : 2_000);
        MathRecord.Write(function, "f64", target, worst, at);
        Assert.True(worst <= Bounds[function].F64, $"{function} f64 {target}: {worst} ulp at {at}");
    }

    [Theory, MemberData(nameof(Cases))]
    public void Special_values_are_those_of_C(MathFunction function, string target)
    {
        using var narrow = new MathKernel(function, isDouble: false, lanes: 0, target);
        using var wide = new MathKernel(function, isDouble: true, lanes: 0, target);
        foreach (var (x, y, expected) in MathSpecialValues.Of(function))
        {
            AssertSame(expected, wide.Apply(x, y), $"{function}({x:R}, {y:R}) f64 {target}");
            if (double.IsFinite(x) && (float)x != x || double.IsFinite(y) && (float)y != y) continue;
            AssertSame((float)expected, narrow.Apply((float)x, (float)y), $"{function}({x:R}, {y:R}) f32 {target}");
        }
    }

    [Theory]
    [InlineData(0u), InlineData(1u), InlineData(2u), InlineData(3u), InlineData(4u), InlineData(8u), InlineData(32u), InlineData(64u)]
    public void Any_lane_count_gives_the_same_bits(uint lanes)
    {
        foreach (var function in Bounds.Keys)
        foreach (var isDouble in (bool[])[false, true])
        {
            using var one = new MathKernel(function, isDouble, 0, "native");
            using var many = new MathKernel(function, isDouble, lanes, "native");
            for (var i = 0; i < 200; i++)
            {
                var (x, y) = ((i - 50) * 0.37, i % 7 - 2.5);
                if (isDouble) Assert.Equal(one.Apply(x, y), many.Apply(x, y));
                else Assert.Equal(one.Apply((float)x, (float)y), many.Apply((float)x, (float)y));
            }
        }
    }

    /// <summary>Where one lane takes a branch, the others keep their bits.</summary>
    [Theory, MemberData(nameof(Cases))]
    public void Neighbors_do_not_change_the_bits_of_a_lane(MathFunction function, string target)
    {
        const int Count = 1 << 12;
        using var one = new MathKernel(function, isDouble: false, lanes: 0, target);
        using var many = new MathKernel(function, isDouble: false, lanes: 16, target);
        var random = new Random(1);
        var (x, y, alone, together) = (new float[Count], new float[Count], new float[Count], new float[Count]);
        for (var i = 0; i < Count; i++)
        {
            x[i] = i % 3 == 0 ? BitConverter.UInt32BitsToSingle((uint)random.NextInt64(1L << 32)) : (float)(random.NextDouble() * 8);
            y[i] = (float)(random.NextDouble() * 8 - 4);
        }
        one.Run(x, y, alone);
        many.Run(x, y, together);
        for (var i = 0; i < Count; i++) AssertSame(alone[i], together[i], $"{function}({x[i]:R}, {y[i]:R}) f32 {target}");
    }

    private static void AssertSame(double expected, double actual, string what)
    {
        var same = double.IsNaN(expected)
            ? double.IsNaN(actual)
            : BitConverter.DoubleToInt64Bits(expected) == BitConverter.DoubleToInt64Bits(actual);
        Assert.True(same, $"{what}: {actual:R}, expected {expected:R}");
    }
}
