using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Reductions to more columns than have their sums in registers, which read several rows together: against the interpreter, and
/// with the same bits for any number of workers.</summary>
[Trait("Category", "Target")]
public sealed class ColumnReductionTests
{
    /// <summary>Rows that are no whole groups, or take levels of partial results; columns that have whole chunks, a remainder, or are
    /// prime. Every other element type comes up by turns.</summary>
    public static TheoryData<int, int> Sizes => new()
    {
        { 17, 65 }, { 23, 66 }, { 24, 1025 }, { 64, 127 }, { 18, 2100 }, { 130, 96 }, { 41, 1009 }, { 521, 130 }, { 1100, 72 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Every_kind_and_type_agrees(int rows, int columns)
    {
        DType[] others = [F64, I32, F64, I32, BF16];
        foreach (var dtype in (DType[])[F32, others[rows % others.Length]])
        {
            var b = new FunctionBuilder($"columns_{dtype}");
            var (x, y) = (b.Parameter("x", dtype[rows, columns]), b.Parameter("y", dtype[rows, columns]));
            var (ofColumn, ofRow) = (b.Parameter("c", dtype[columns]), b.Parameter("r", dtype[rows, 1]));
            var d = x - y;
            Value[] results = [(x * y).Sum(0), x.Sum(0), d.Max([0]), d.Min([0]), (ofRow * x + ofColumn).Sum(0) * ofColumn, d];
            Value[] narrow = [.. results, .. dtype.IsFloating ? (Value[])[(x * 0.01 + 1).Prod([0])] : []];
            Check(b.Build(narrow), dtype == BF16 ? 0.06 : 1e-4, rows + columns);
        }
    }

    /// <summary>Leading axes that are kept, or reduced with others between, and what is stored beside its sum.</summary>
    [Theory]
    [InlineData(3, 20, 5, 70)]
    [InlineData(2, 33, 3, 130)]
    [InlineData(5, 1, 19, 1100)]
    public void Axes_around_the_rows(int outer, int rows, int between, int columns)
    {
        var b = new FunctionBuilder("axes");
        var (x, mask) = (b.Parameter("x", F32[outer, rows, between, columns]), b.Parameter("m", F32[outer, rows, between, columns]));
        var scale = b.Parameter("s", F32[outer, rows, between, 1]);
        var (masked, scaled) = (x.Maximum(mask), x * scale);
        Value[] sums = [masked.Sum(0, 1, 2), scaled.Sum(1, 2), x.Sum(1), (x * mask).Sum(0, 2), scaled.Sum(0, 1, 2).Tanh()];
        Check(b.Build([masked, .. sums]), 1e-4, columns);
    }

    /// <summary>Sums over one tensor are one kernel, and what is normalized by a row's mean is computed where it is read.</summary>
    [Theory]
    [InlineData(20, 1024)]
    [InlineData(200, 100)]
    public void Gradients_of_a_normalization(int rows, int columns)
    {
        var b = new FunctionBuilder("normalization");
        var (x, weights) = (b.Parameter("x", F32[rows, columns]), b.Parameter("w", F32[rows, columns]));
        var (scale, bias) = (b.Parameter("scale", F32[columns]), b.Parameter("bias", F32[columns]));
        var centred = x - x.Mean([1], keepAxes: true);
        var normal = centred * ((centred * centred).Mean([1], keepAxes: true) + 1e-5).Rsqrt();
        var loss = ((normal * scale + bias).Tanh() * weights).Sum();
        Check(b.Build([loss, .. Adjoint.AppendDense(b, loss, [x, scale, bias])]), 1e-3, rows);
    }

    /// <summary>Whether rows are read together shows in the partial results that a worker has.</summary>
    [Theory]
    [InlineData(40, 96, true)]
    [InlineData(40, 64, false)] // Sums of so few columns are in registers.
    [InlineData(16, 96, false)] // So few rows are unrolled.
    public void Partial_results_are_in_scratch(int rows, int columns, bool expected)
    {
        var b = new FunctionBuilder("scratch");
        var (x, y) = (b.Parameter("x", F32[rows, columns]), b.Parameter("y", F32[rows, columns]));
        var fused = JitFunction.Optimized(b.Build((x * y).Sum(0), x.Sum(0)), Pipeline.Training);
        var program = LowerToLoops.Lower(fused, [-1, -1], TargetInfo.Create().Traits(2), verifies: true);
        Assert.Equal(expected ? 2 : 0, program.Calls.Sum(c =>
            c.Kernel.Scratch.Count(s => s.Name.StartsWith("total", StringComparison.Ordinal))));
    }

    /// <summary>A sum of nothing, and state that replaces what it was computed from.</summary>
    [Fact]
    public void Nothing_and_state()
    {
        var b = new FunctionBuilder("nothing");
        var x = b.Parameter("x", F32[0, 70]);
        Check(b.Build(x.Sum(0), x.Prod([0])), 0, 1);
        b = new FunctionBuilder("state");
        var (m, y) = (b.Parameter("m", F32[100]), b.Parameter("y", F32[30, 100]));
        var gradient = y.Maximum(y.Constant(0));
        var function = b.Build(m * 0.9 + 0.1 * (gradient + m).Sum(0), gradient);
        var arguments = JitFunction.Draw(function, seed: 2);
        var found = JitFunction.RunFused(JitFunction.Optimized(function, Pipeline.Training), arguments, workers: 2, parallelWork: 0,
            donated: [0, 1]);
        foreach (var (expected, actual) in ReferenceInterpreter.Run(function, arguments).Zip(found))
            for (var i = 0; i < expected.Type.Shape.ElementCount; i++) Assert.Equal((double)expected[i], (double)actual[i], 1e-5);
    }

    /// <summary>What is not a number, infinite or -0 ends as it does alone.</summary>
    [Fact]
    public void Special_values()
    {
        var b = new FunctionBuilder("special");
        var x = b.Parameter("x", F32[19, 70]);
        double[] special = [double.NaN, double.PositiveInfinity, double.NegativeInfinity, -0.0, 0, 1];
        var random = new Random(7);
        // A column has specials of one kind, so that which of two is kept does not matter; the last are all -0.
        Literal argument = new(x.Type, [.. Enumerable.Range(0, 19 * 70).Select(i => (Scalar)(i % 70 >= 64 ? -0.0
            : random.Next(4) == 0 ? special[i % 70 % special.Length] : random.NextDouble()))]);
        var function = b.Build(x.Sum(0), x.Max([0]), x.Min([0]), x.Prod([0]));
        var expected = ReferenceInterpreter.Run(function, [argument]);
        var found = JitFunction.Run(function, [argument], workers: 2, parallelWork: 0);
        for (var r = 0; r < expected.Length; r++)
            for (var i = 0; i < 70; i++)
            {
                double e = (double)expected[r][i], f = (double)found[r][i];
                var agrees = double.IsFinite(e) ? Math.Abs(e - f) <= 1e-5 * Math.Max(1, Math.Abs(e)) : e.Equals(f);
                Assert.True(agrees, $"{r}[{i}]: {e}, got {f}");
                if (e == 0) Assert.Equal(double.IsNegative(e), double.IsNegative(f));
            }
    }

    private static void Check(Function function, double tolerance, int seed)
    {
        CompiledFunctionTests.AgreeOnce(function, tolerance, seed, workers: 3);
        var random = new Random(seed);
        Literal[] arguments = [.. function.Parameters.Select(p =>
            new Literal(p.Type, [.. Enumerable.Range(0, (int)p.Shape.ElementCount).Select(_ =>
                p.DType.IsFloating ? (Scalar)(2 * random.NextDouble() - 1) : random.Next(-8, 9))]))];
        var alone = JitFunction.Run(function, arguments, workers: 1, parallelWork: 0);
        foreach (var workers in (int[])[2, 5])
        {
            var shared = JitFunction.Run(function, arguments, workers, parallelWork: 0);
            for (var r = 0; r < alone.Length; r++) Assert.Equal(alone[r].ToBytes(), shared[r].ToBytes());
        }
    }
}
