using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Rounding to bf16 bit by bit, products of what is rounded within their bounds, and the same bits for any number of
/// workers.</summary>
[Trait("Category", "Target")]
public sealed class Bf16Tests
{
    /// <summary>All signs, exponents and kept bits, with what is dropped: nothing, below, at and above half, and all.</summary>
    [Fact]
    public void Rounding_is_to_nearest_and_ties_go_to_even()
    {
        uint[] dropped = [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff];
        float[] x = [.. dropped.SelectMany(low => Enumerable.Range(0, 1 << 16)
            .Select(high => BitConverter.UInt32BitsToSingle((uint)high << 16 | low)))];
        var b = new FunctionBuilder("round");
        var p = b.Parameter("x", F32[x.Length]);
        var result = JitFunction.Run(b.Build(p.ConvertTo(BF16)), [Literal.Of<float>(p.Shape, x)])[0].ToBytes();
        var flushes = TargetInfo.Create().HasBf16Dot;
        for (var i = 0; i < x.Length; i++)
        {
            var actual = BitConverter.ToUInt16(result, 2 * i);
            // AVX512-BF16 takes subnormal numbers for zero.
            if (flushes && !float.IsNormal(x[i]) && float.IsFinite(x[i]) && (actual & 0x7fff) == 0) continue;
            if (actual != Nearest(x[i])) Assert.Fail($"{x[i]:R} became {actual:x4}, not {Nearest(x[i]):x4}");
        }
    }

    // By distance: the neighbour below in magnitude, the one above, and the even one of two that are as near.
    private static ushort Nearest(float x)
    {
        var bits = BitConverter.SingleToUInt32Bits(x);
        var (below, rest) = ((ushort)(bits >> 16), bits & 0xffff);
        if (float.IsNaN(x)) return (ushort)(below | 0x40);
        return rest > 0x8000 || (rest == 0x8000 && below % 2 == 1) ? (ushort)(below + 1) : below;
    }

    [Fact]
    public void F64_is_rounded_once()
    {
        // Just beyond a tie, which f32 rounds to the tie.
        const double Half = 1.0 / 256, Little = Half / (1L << 32);
        double[] x = [1 + Half + Little, 1 + Half, 1 + Half - Little, -1 - 3 * Half + Little, double.NaN, double.NegativeInfinity, 1e300];
        double[] expected = [1 + 2 * Half, 1, 1, -1 - 2 * Half, double.NaN, double.NegativeInfinity, double.PositiveInfinity];
        var b = new FunctionBuilder("round");
        var p = b.Parameter("x", F64[x.Length]);
        Assert.Equal(expected, JitFunction.Run(b.Build(p.ConvertTo(BF16)), [new Literal(p.Type, x.AsSpan())])[0].ToArray());
    }

    /// <summary>LLVM compares bf16 an element at a time, and takes widened numbers for what they were widened from.</summary>
    [Theory]
    [InlineData("x86-64-v3")]
    [InlineData("x86-64-v4")]
    public void Numbers_are_compared_in_vectors(string level)
    {
        var target = TargetInfo.Create(level);
        if (level == "x86-64-v4") target = target.WithBf16Dot();
        var b = new FunctionBuilder("compare");
        var (x, y) = (b.Parameter("x", BF16[4096]), b.Parameter("y", BF16[4096]));
        var largest = x.ConvertTo(F32).Maximum(y.ConvertTo(F32)).ConvertTo(BF16);
        var function = b.Build(x.Maximum(y), x.Less(y).Select(x, -y), largest.ConvertTo(F32).Equal(x.ConvertTo(F32)).Select(x, y),
            x.ConvertTo(Bool), y.ConvertTo(I32));
        var fused = JitFunction.Optimized(function, [new("fuse", new Fuse())]);
        var program = LowerToLoops.Lower(fused, [-1, -1, -1, -1, -1], target.Traits(1), verifies: true);
        var (_, _, assembly) = StepCompiler.Compile([("step", program)], target, withText: true);
        // Functions that round come after it.
        var kernel = assembly!.Split(".Lfunc_end")[0];
        Assert.Contains("vcmp", kernel, StringComparison.Ordinal);
        Assert.DoesNotContain("comiss", kernel, StringComparison.Ordinal);
        Assert.DoesNotContain("pextrw", kernel, StringComparison.Ordinal);
    }

    /// <summary>|result - exact| ≤ (2·2⁻⁸ + 2⁻¹⁶ + K·2⁻²⁴)·Σ|x·y|: each operand is off by half a unit, 2⁻⁹ or less of it, and sums are
    /// f32's. Packed or not, one row, few columns, several blocks of K, batches, and a transposed operand.</summary>
    [Theory]
    [InlineData(1, 1, 300, 40)]
    [InlineData(1, 5, 300, 7)]
    [InlineData(1, 70, 700, 70)]
    [InlineData(1, 200, 33, 130)]
    [InlineData(3, 17, 64, 48)]
    [InlineData(1, 64, 2100, 1)]
    public void Products_are_within_their_bounds(int batch, int m, int k, int n)
    {
        var b = new FunctionBuilder("products");
        var (x, y, z) = (b.Parameter("x", F32[batch, m, k]), b.Parameter("y", F32[batch, k, n]), b.Parameter("z", F32[batch, n, k]));
        var function = b.Build(x.MatMul(y), x.MatMul(z.Emit(Transpose.Instance, default, Transpose.Attributes([0, 2, 1]))));
        var arguments = JitFunction.Draw(function, k);
        var results = RunOnAll(function, arguments);
        for (var r = 0; r < 2; r++)
            for (var i = 0; i < batch * m * n; i++)
            {
                var (at, row, column) = (i / (m * n), i / n % m, i % n);
                double[] terms = [.. Enumerable.Range(0, k).Select(c => (double)arguments[0][(at * m + row) * k + c]
                    * (double)(r == 0 ? arguments[1][(at * k + c) * n + column] : arguments[2][(at * n + column) * k + c]))];
                var bound = (2.0 / 256 + 1.0 / 65536 + k / (double)(1 << 24)) * terms.Sum(Math.Abs);
                if (!(Math.Abs((double)results[r][i] - terms.Sum()) <= bound))
                    Assert.Fail($"result {r}[{i}] is {results[r][i]}, {terms.Sum():R} ± {bound:R} is right");
            }
    }

    [Fact]
    public void What_is_not_finite_stays_so()
    {
        var b = new FunctionBuilder("special");
        var (x, y) = (b.Parameter("x", F32[4, 2]), b.Parameter("y", F32[2, 20]));
        var function = b.Build(x.MatMul(y));
        const double Largest = float.MaxValue;
        Literal[] arguments =
        [
            new(x.Type, [double.NaN, 1, double.PositiveInfinity, 1, double.PositiveInfinity, double.NegativeInfinity, Largest, 0.0]),
            new(y.Type, 1.0),
        ];
        var result = RunOnAll(function, arguments)[0];
        // The largest f32 is beyond the largest bf16 by more than half a unit.
        double[] expected = [double.NaN, double.PositiveInfinity, double.NaN, double.PositiveInfinity];
        for (var i = 0; i < 80; i++) Assert.Equal(expected[i / 20], (double)result[i]);
    }

    /// <summary>A convolution with its derivatives, by Winograd's algorithm and directly.</summary>
    [Theory]
    [InlineData(ConvolutionAlgorithm.Winograd)]
    [InlineData(ConvolutionAlgorithm.Direct)]
    public void Convolutions_have_the_same_bits_for_any_number_of_workers(ConvolutionAlgorithm algorithm)
    {
        var b = new FunctionBuilder("convolutions");
        var (x, kernel) = (b.Parameter("x", F32[2, 12, 14, 9]), b.Parameter("k", F32[3, 3, 9, 20]));
        var y = x.Tanh().Pad([0, 1, 1, 0], [0, 1, 1, 0]).Window([1, 2], [3, 3])
            .Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [3, 4, 5], [0, 1, 2]).Attributes, kernel).Tanh();
        var loss = (y * y).Mean();
        var function = b.Build([loss, .. Adjoint.AppendDense(b, loss, [x, kernel])]);
        var random = new Random(5);
        Literal[] arguments = [.. function.Parameters.Select(p => Literal.Rounded(p.Type,
            [.. Enumerable.Range(0, (int)p.Shape.ElementCount).Select(_ => (Scalar)(random.NextDouble() - 0.5))]))];
        var results = RunOnAll(function, arguments, algorithm);
        var exact = JitFunction.Run(function, arguments);
        for (var r = 0; r < results.Length; r++)
        {
            var scale = exact[r].ToArray().Max(Math.Abs);
            for (var i = 0; i < exact[r].Type.Shape.ElementCount; i++)
                Assert.Equal((double)exact[r][i], (double)results[r][i], 0.02 * scale);
        }
    }

    private static Literal[] RunOnAll(Function function, Literal[] arguments, ConvolutionAlgorithm algorithm = ConvolutionAlgorithm.ByCost)
    {
        var fused = JitFunction.Optimized(function, Pipeline.For(Precision.BFloat16));
        var alone = JitFunction.RunFused(fused, arguments, 1, 0, algorithm: algorithm);
        foreach (var workers in (int[])[2, 3, 8])
        {
            var shared = JitFunction.RunFused(fused, arguments, workers, 0, algorithm: algorithm);
            for (var r = 0; r < alone.Length; r++) Assert.Equal(alone[r].ToBytes(), shared[r].ToBytes());
        }
        return alone;
    }
}
