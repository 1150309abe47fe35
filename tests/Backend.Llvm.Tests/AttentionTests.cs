using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Attention and its gradient, kernels against their definition: sizes about those of blocks, heads in groups, masks, and
/// workers.</summary>
[Trait("Category", "Target")]
public sealed class AttentionTests
{
    /// <summary>Queries, keys, heads, heads of keys, width; sequences are two.</summary>
    public static TheoryData<int, int, int, int, int> Sizes => new()
    {
        { 1, 1, 1, 1, 1 },      // one of everything
        { 1, 70, 4, 2, 20 },    // one query, heads in groups, blocks of keys that overlap
        { 63, 64, 2, 1, 8 },    // less than a block and a whole one, one head of keys for two
        { 64, 65, 1, 1, 20 },   // blocks of keys that overlap by one, a width of vectors and some lanes
        { 65, 63, 4, 2, 32 },   // blocks of queries that overlap, heads in groups
        { 130, 130, 1, 1, 64 }, // several blocks of both
        { 128, 96, 2, 1, 8 },   // several blocks of whole vectors, of different sizes
        { 64, 64, 2, 2, 12 },   // one block of whole vectors
        { 5, 200, 3, 3, 7 },    // few queries, many keys, an odd width
        { 200, 3, 3, 1, 33 },   // the opposite
    };

    private static bool IsLong => Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1";

    [Theory]
    [MemberData(nameof(Sizes))]
    public void AgreesWithTheReference(int queries, int keys, int heads, int keyHeads, int width) =>
        Agree(F32, 2e-5, queries, keys, heads, keyHeads, width);

    [Theory]
    [InlineData(65, 70, 2, 1, 20)]
    [InlineData(70, 9, 1, 1, 3)]
    public void AgreesInDoublePrecision(int queries, int keys, int heads, int keyHeads, int width) =>
        Agree(F64, 1e-12, queries, keys, heads, keyHeads, width);

    [Theory]
    [InlineData(65, 70, 2, 1, 20)]
    [InlineData(9, 130, 1, 1, 32)]
    public void AgreesInNarrowPrecision(int queries, int keys, int heads, int keyHeads, int width)
    {
        Agree(BF16, 3e-2, queries, keys, heads, keyHeads, width);
        Agree(F16, 4e-3, queries, keys, heads, keyHeads, width);
    }

    private static void Agree(DType dtype, double tolerance, int queries, int keys, int heads, int keyHeads, int width)
    {
        Case sizes = new(dtype, 2, queries, keys, heads, keyHeads, width);
        foreach (var isCausal in (bool[])[false, true]) Agree(sizes.Function(isCausal, null), tolerance, queries + keys);
    }

    /// <summary>Every way in which a mask's axes can be repeated, of truth values and added to scores.</summary>
    [Fact]
    public void MasksOfAnyShapeAgree()
    {
        Case sizes = new(F32, 2, 67, 70, 4, 2, 8);
        int[] most = [2, 4, 67, 70];
        foreach (var repeated in Enumerable.Range(0, 16).Where(r => IsLong || r is 0 or 3 or 4 or 9 or 13 or 14))
        {
            Shape shape = new([.. most.Select((n, i) => (repeated >> i & 1) == 1 ? 1 : n)]);
            Agree(sizes.Function(isCausal: repeated == 3, new(repeated % 2 == 0 ? Bool : F32, shape)), 2e-5, repeated);
        }
        Agree(new Case(BF16, 1, 5, 9, 2, 2, 8).Function(isCausal: false, BF16[1, 2, 5, 9]), 3e-2, 1);
        Agree(new Case(F64, 1, 70, 66, 1, 1, 3).Function(isCausal: true, F64[1, 1, 70, 66]), 1e-12, 1);
        Agree(new Case(F32, 2, 1, 70, 2, 1, 8).Function(isCausal: false, Bool[2, 1, 1, 70]), 2e-5, 1);
    }

    /// <summary>Weights that are dropped, in blocks that overlap and beside whole ones, with masks and without, one worker or several: the
    /// same as by the definition of random bits.</summary>
    [Fact]
    public void DroppedWeightsAgree()
    {
        Agree(new Case(F32, 2, 67, 70, 4, 2, 8, Dropout: 0.3).Function(isCausal: false, Bool[2, 1, 67, 70]), 2e-5, 1);
        Agree(new Case(F32, 1, 130, 65, 2, 2, 20, Dropout: 0.9).Function(isCausal: true, null), 1e-4, 2);
        Agree(new Case(F32, 1, 64, 64, 2, 2, 8, Dropout: 0.5).Function(isCausal: true, null), 1e-4, 2);
        Agree(new Case(F64, 2, 5, 9, 2, 1, 3, Dropout: 0.5).Function(isCausal: false, null), 1e-12, 3);
        Agree(new Case(BF16, 1, 65, 9, 1, 1, 8, Dropout: 0.5).Function(isCausal: false, null), 3e-2, 1);
    }

    /// <summary>What is not seen at all: output 0, logsumexp -∞, and gradients 0.</summary>
    [Theory]
    [InlineData(70, 66)]
    [InlineData(3, 2)]
    public void QueryThatSeesNothingGivesNothing(int queries, int keys)
    {
        var (function, arguments) = new Case(F32, 1, queries, keys, 2, 2, 8).Function(isCausal: true, Bool[1, 2, queries, keys]);
        arguments[3] = new Literal(arguments[3].Type,
            [.. Enumerable.Range(0, 2 * queries * keys).Select(i => i / keys % queries < 2 ? 0 : 1)]);
        var results = JitFunction.Run(function, arguments);
        for (var i = 0L; i < 2 * 2 * 8; i++) Assert.Equal((0, 0), ((double)results[0][i], (double)results[2][i]));
        for (var i = 0L; i < 2 * 2; i++) Assert.Equal(double.NegativeInfinity, (double)results[1][i]);
        foreach (var result in results.Where((_, i) => i != 1))
            Assert.All(result.Values, v => Assert.True(double.IsFinite((double)v)));
        Compare(function, arguments, results, 2e-5);
    }

    /// <summary>Nothing to see, or nobody who looks.</summary>
    [Theory]
    [InlineData(1, 3, 0)]
    [InlineData(1, 0, 3)]
    [InlineData(0, 3, 100)]
    [InlineData(2, 0, 0)]
    public void EmptyAxesAreAllowed(int batch, int queries, int keys) =>
        Agree(new Case(F32, batch, queries, keys, 2, 1, 4).Function(isCausal: true, Bool[1, 1, 1, 1]), 0, 1);

    /// <summary>Scores far beyond what e^x can hold, and such that all of a row but one vanish.</summary>
    [Fact]
    public void LargeScoresDoNotOverflow()
    {
        var (function, arguments) = new Case(F32, 1, 70, 66, 1, 1, 4).Function(isCausal: false, null);
        arguments[0] = new Literal(arguments[0].Type, [.. arguments[0].Values.Select(v => v * 300.0)]);
        Compare(function, arguments, JitFunction.Run(function, arguments), 1e-3);
    }

    [Fact]
    public void NaNOfAQueryStaysWithIt()
    {
        var (function, arguments) = new Case(F32, 1, 66, 65, 1, 1, 4).Function(isCausal: false, null);
        arguments[0] = new Literal(arguments[0].Type, [.. arguments[0].Values.Select((v, i) => i == 9 ? double.NaN : v)]);
        var results = JitFunction.Run(function, arguments);
        for (var i = 0L; i < 66 * 4; i++)
        {
            Assert.Equal(i / 4 == 2, double.IsNaN((double)results[0][i]));
            Assert.Equal(i / 4 == 2, double.IsNaN((double)results[2][i]));
        }
        Assert.Equal(Enumerable.Range(0, 66).Select(i => i == 2), results[1].Values.Select(v => double.IsNaN((double)v)));
    }

    [Theory]
    [InlineData(1, 130, 200, 1, 1, 16)]
    [InlineData(3, 65, 65, 4, 2, 8)]
    [InlineData(2, 260, 70, 5, 5, 8)]
    public void HasTheSameBitsForAnyNumberOfWorkers(int batch, int queries, int keys, int heads, int keyHeads, int width)
    {
        foreach (var isCausal in (bool[])[false, true])
        {
            var (function, arguments) = new Case(F32, batch, queries, keys, heads, keyHeads, width, isCausal ? 0 : 0.2)
                .Function(isCausal, null);
            var alone = JitFunction.Run(function, arguments).Select(r => r.ToBytes()).ToArray();
            foreach (var workers in (int[])[2, 3, 8])
                Assert.Equal(alone, JitFunction.Run(function, arguments, workers, parallelWork: 0).Select(r => r.ToBytes()));
        }
    }

    /// <summary>A training step has no tensor, and its memory no room for one, of queries × keys.</summary>
    [Theory]
    [InlineData(512, 2, 8)]
    [InlineData(2048, 2, 8)]
    public void NothingOfQueriesTimesKeysIsInMemory(int positions, int heads, int width)
    {
        var b = new FunctionBuilder("step");
        var x = b.Parameter("x", F32[1, positions, heads * width]);
        Value[] weights = [.. "qkv".Select(n => b.Parameter($"w{n}", F32[heads * width, heads * width]))];
        var parts = weights.Select(w => x.MatMul(w).Reshape([1, positions, heads, width])).ToArray();
        var loss = parts[0].Attention(parts[1], parts[2], causal: true).Square().Mean();
        var function = JitFunction.Optimized(b.Build([loss, .. Adjoint.AppendDense(b, loss, weights).Zip(weights, (g, w) => w - g * 0.1)]),
            Pipeline.Training);
        var pairs = (long)positions * positions;
        var inner = function.Operations.SelectMany(o => o.Body is null ? [o] : o.Body.Operations.Append(o)).ToArray();
        Assert.Contains(inner, o => o.Op is AttentionGradient);
        Assert.All(inner, o => Assert.All(o.Results, r => Assert.True(r.Shape.ElementCount < pairs, o.ToString())));
        var program = JitFunction.Lower(function, [-1, 1, 2, 3], workers: 2, parallelWork: null);
        Assert.InRange(program.ArenaBytes, 1, pairs * sizeof(float));
    }

    /// <summary>The kernels against a decomposition into dots and a softmax, both compiled.</summary>
    [Fact]
    public void AgreesWithItsDecomposition()
    {
        var (function, arguments) = new Case(F32, 2, 66, 70, 4, 2, 8, Dropout: 0.2).Function(isCausal: true, F32[2, 1, 66, 70]);
        var decomposed = Rewriter.Rebuild(function, (operation, _, operands) =>
            operation.Op is OpaqueOp op && op.DecomposeAll(operation, operands.AsSpan()) is { } results ? [.. results] : null);
        Assert.DoesNotContain(decomposed.Operations, o => o.Op is Attention or AttentionGradient);
        CompareWith(JitFunction.Run(decomposed, arguments), function, JitFunction.Run(function, arguments), 2e-5);
    }

    /// <summary>The sizes of a function that gives output, logsumexp, dq, dk and dv.</summary>
    private sealed record Case(DType DType, int Batch, int Queries, int Keys, int Heads, int KeyHeads, int Width, double Dropout = 0)
    {
        public (Function Function, Literal[] Arguments) Function(bool isCausal, TensorType? mask)
        {
            var b = new FunctionBuilder("attention");
            var ofKeys = DType[Batch, Keys, KeyHeads, Width];
            Value[] operands = [b.Parameter("q", DType[Batch, Queries, Heads, Width]), b.Parameter("k", ofKeys), b.Parameter("v", ofKeys),
                .. Dropout > 0 ? (Value[])[b.Constant(new Literal(I64.Scalar, (1L << 40) + 3))] : [],
                .. mask is null ? (Value[])[] : [b.Parameter("mask", mask)]];
            var results = b.EmitAll(Attention.Instance, operands, 
                Dropout > 0 ? Attention.Attributes(0.5, isCausal, Dropout, ulong.MaxValue - 5, 3) : Attention.Attributes(0.5, isCausal));
            var cotangent = b.Parameter("ct", results[0].Type);
            var gradients = Adjoint.AppendDense(b, results[0], operands[..3], cotangent);
            var function = b.Build([.. results, .. gradients]);
            return (function, [.. function.Parameters.Select((p, i) => Drawn(p.Type, i))]);
        }

        private static Literal Drawn(TensorType type, int seed)
        {
            var random = new Random(seed);
            return Literal.Rounded(type, [.. Enumerable.Range(0, (int)type.Shape.ElementCount)
                .Select(_ => type.DType == Bool ? random.Next(2) : (Scalar)(2 * random.NextDouble() - 1))]);
        }
    }

    private static void Agree((Function Function, Literal[] Arguments) of, double tolerance, int seed) =>
        Compare(of.Function, of.Arguments, JitFunction.Run(of.Function, of.Arguments, workers: 1 + seed % 3), tolerance);

    private static void Compare(Function function, Literal[] arguments, Literal[] actual, double tolerance) =>
        CompareWith(ReferenceInterpreter.Run(function, arguments), function, actual, tolerance);

    private static void CompareWith(Literal[] expected, Function function, Literal[] actual, double tolerance)
    {
        for (var r = 0; r < expected.Length; r++)
            for (var i = 0L; i < expected[r].Type.Shape.ElementCount; i++)
            {
                var (e, a) = (expected[r][i], actual[r][i]);
                if (e.Equals(a) || e == a || Scalar.Abs(e - a) <= tolerance * Scalar.Max(1, Scalar.Abs(e))) continue;
                Assert.Fail($"result {r}[{i}]: expected {e}, got {a}\n{function}");
            }
    }
}
