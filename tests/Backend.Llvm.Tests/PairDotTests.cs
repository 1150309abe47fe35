using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Contractions that multiply pairs of bf16: what they compute, where the processor has no instruction for it too, and the code
/// for one that has.</summary>
[Trait("Category", "Target")]
public sealed class PairDotTests
{
    private static TargetTraits Traits(TargetInfo target, int workers) =>
        target.Traits(workers) with { HasPairDot = true };

    /// <summary>|result - exact| ≤ K·2⁻²⁴·Σ|x·y|: operands are bf16 already. K that is odd, and of several blocks; few rows, few columns,
    /// batches, operands contiguous along either axis.</summary>
    [Theory]
    [InlineData(1, 1, 37, 5)]
    [InlineData(1, 40, 301, 70)]
    [InlineData(1, 65, 530, 70)]
    [InlineData(3, 17, 64, 48)]
    [InlineData(1, 200, 2, 33)]
    [InlineData(2, 5, 1, 9)]
    public void Products_are_those_of_f64(int batch, int m, int k, int n)
    {
        var b = new FunctionBuilder("pairs");
        var (x, y) = (b.Parameter("x", BF16[batch, m, k]), b.Parameter("y", BF16[batch, k, n]));
        var (xt, yt) = (b.Parameter("xt", BF16[batch, k, m]), b.Parameter("yt", BF16[batch, n, k]));
        Value Dot(Value left, Value right, int contractX, int contractY) => b.Emit(DotGeneral.Instance, [left, right],
            new DotGeneral.Axes([0], [0], [contractX], [contractY]) { Result = F32 }.Attributes);
        var function = b.Build(Dot(x, y, 2, 1), Dot(x, yt, 2, 2), Dot(xt, y, 1, 1));
        var arguments = JitFunction.Draw(function, k);
        var results = RunOnAll(function, arguments);
        double At(int operand, int at, int row, int column, int rows, int columns) =>
            (double)arguments[operand][(at * rows + row) * columns + column];
        for (var r = 0; r < 3; r++)
            for (var i = 0; i < batch * m * n; i++)
            {
                var (at, row, column) = (i / (m * n), i / n % m, i % n);
                double Left(int c) => r == 2 ? At(2, at, c, row, k, m) : At(0, at, row, c, m, k);
                double Right(int c) => r == 1 ? At(3, at, column, c, n, k) : At(1, at, c, column, k, n);
                double[] terms = [.. Enumerable.Range(0, k).Select(c => Left(c) * Right(c))];
                if (!(Math.Abs((double)results[r][i] - terms.Sum()) <= k / (double)(1 << 24) * terms.Sum(Math.Abs)))
                    Assert.Fail($"result {r}[{i}] is {results[r][i]}, not {terms.Sum():R}");
            }
    }

    /// <summary>Windows, whose channels are contiguous along K, even in number and odd; and with their positions contracted, of which a
    /// row has an even number and an odd one; NaN and infinities.</summary>
    [Theory]
    [InlineData(8, 9)]
    [InlineData(5, 9)]
    [InlineData(8, 8)]
    [InlineData(5, 14)]
    [InlineData(14, 26)]
    [InlineData(16, 10)]
    [InlineData(24, 14)]
    [InlineData(48, 9)]
    public void Windows_are_multiplied_too(int channels, int width)
    {
        var b = new FunctionBuilder("windows");
        var (x, kernel) = (b.Parameter("x", BF16[2, 7, width, channels]), b.Parameter("k", BF16[3, 3, channels, 20]));
        var cotangent = b.Parameter("dy", BF16[2, 5, width - 2, 20]);
        Value Dot(Value y, int[] ofWindows, int[] ofOther) => b.Emit(DotGeneral.Instance, [x.Window([1, 2], [3, 3]), y],
            new DotGeneral.Axes([], [], [.. ofWindows], [.. ofOther]) { Result = F32 }.Attributes);
        var function = b.Build(Dot(kernel, [3, 4, 5], [0, 1, 2]), Dot(cotangent, [0, 1, 2], [0, 1, 2]));
        var arguments = JitFunction.Draw(function, channels);
        double[] special = [.. arguments[0].ToArray()];
        (special[0], special[9 * channels - 1]) = (double.NaN, double.PositiveInfinity);
        arguments[0] = new Literal(x.Type, special.AsSpan());
        var (expected, actual) = (ReferenceInterpreter.Run(function, arguments), RunOnAll(function, arguments));
        for (var r = 0; r < expected.Length; r++)
            for (var i = 0; i < expected[r].Type.Shape.ElementCount; i++)
                if (!((double)expected[r][i]).Equals((double)actual[r][i]))
                    Assert.Equal((double)expected[r][i], (double)actual[r][i], 1e-4);
    }

    /// <summary>Channels of windows in even number are read as they lie in memory; an odd number is not, as pairs would reach into the next
    /// pixel.</summary>
    [Theory]
    [InlineData(32, true)]
    [InlineData(31, false)]
    public void Pairs_of_channels_are_not_packed(int channels, bool areInMemory)
    {
        var b = new FunctionBuilder("windows");
        var (x, kernel) = (b.Parameter("x", BF16[8, 28, 28, channels]), b.Parameter("k", BF16[3, 3, channels, 64]));
        var function = b.Build(b.Emit(DotGeneral.Instance, [x.Window([1, 2], [3, 3]), kernel],
            new DotGeneral.Axes([], [], [3, 4, 5], [0, 1, 2]) { Result = F32 }.Attributes));
        var fused = JitFunction.Optimized(function, [new("fuse", new Fuse())]);
        var program = LowerToLoops.Lower(
            fused, [-1], Traits(TargetInfo.Create(), 1), 0, verifies: true, algorithm: ConvolutionAlgorithm.Direct);
        var ways = program.Calls.Single().Kernel.Choice!.Ways;
        Assert.Equal(areInMemory, ways.Any(w => $"{w}".Contains("A packed: None", StringComparison.Ordinal)));
    }

    /// <summary>Of the block that has the most dot products, rows of two vectors each: no accumulator leaves its register.</summary>
    [Fact]
    public void The_instruction_is_used_and_nothing_is_spilled()
    {
        var target = TargetInfo.Create("x86-64-v4").WithBf16Dot();
        var b = new FunctionBuilder("product");
        var function = b.Build(b.Parameter("x", F32[512, 512]).MatMul(b.Parameter("y", F32[512, 512])));
        var fused = new PassRunner(Pipeline.For(Precision.BFloat16)).Run(function, new PassContext());
        var program = LowerToLoops.Lower(fused, [-1], Traits(target, 1), verifies: true);
        var (_, _, assembly) = StepCompiler.Compile([("step", program)], target, withText: true);
        const string Instruction = "vdpbf16ps";
        int Dots(string text) => text.Split(Instruction).Length - 1;
        string[] blocks = assembly!.Split(".LBB");
        var hot = blocks.MaxBy(Dots)!;
        Assert.InRange(Dots(hot), 2 * 8, int.MaxValue);
        Assert.Contains("zmm", hot, StringComparison.Ordinal);
        Assert.DoesNotContain("Spill", hot, StringComparison.Ordinal);
        Assert.DoesNotContain("Reload", hot, StringComparison.Ordinal);
        Assert.DoesNotContain("(%rsp)", hot, StringComparison.Ordinal);
        // What is rounded is rounded by an instruction.
        Assert.Contains("vcvtneps2bf16", assembly, StringComparison.Ordinal);
    }

    // Directly: every way to schedule, and any number of workers, the same bits.
    private static Literal[] RunOnAll(Function function, Literal[] arguments)
    {
        var target = TargetInfo.Create();
        var fused = JitFunction.Optimized(function, [new("fuse", new Fuse())]);
        ImmutableArray<int> donated = [.. fused.Results.Select(_ => -1)];
        Literal[] Run(int workers, IReadOnlyDictionary<string, int>? choices)
        {
            var program = LowerToLoops.Lower(fused, donated, Traits(target, workers), 0, verifies: true, choices: choices,
                algorithm: ConvolutionAlgorithm.Direct);
            using var code = Jit.Load(StepCompiler.Compile(program, target));
            return JitFunction.Call(code.Symbol(StepCompiler.EntryName), fused, program, arguments, workers, donated);
        }
        var alone = Run(1, null);
        foreach (var workers in (int[])[1, 3])
        {
            KernelChoice[] choices = [.. LowerToLoops.Lower(fused, donated, Traits(target, workers), 0,
                algorithm: ConvolutionAlgorithm.Direct).Calls.Select(c => c.Kernel.Choice).OfType<KernelChoice>()];
            for (var way = 0; way < choices.Max(c => c.Ways.Length); way++)
            {
                var taken = choices.DistinctBy(c => $"{c.Task}").ToDictionary(c => $"{c.Task}", c => Math.Min(way, c.Ways.Length - 1));
                var shared = Run(workers, taken);
                for (var r = 0; r < alone.Length; r++) Assert.Equal(alone[r].ToBytes(), shared[r].ToBytes());
            }
        }
        return alone;
    }
}
