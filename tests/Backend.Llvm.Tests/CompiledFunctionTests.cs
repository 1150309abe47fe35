using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Compiled code against the reference interpreter.</summary>
[Trait("Category", "Target")]
public sealed class CompiledFunctionTests
{
    private static Literal Random(TensorType type, int seed)
    {
        var random = new Random(seed);
        var values = new double[type.Shape.ElementCount];
        for (var i = 0; i < values.Length; i++)
            values[i] = type.DType.IsFloating ? random.NextDouble() * 2 - 1 : random.Next(0, 7);
        return new Literal(type, values);
    }

    internal static void Agree(Function function, double tolerance = 2e-5, int seed = 1)
    {
        var arguments = function.Parameters.Select((p, i) => Random(p.Type, seed * 100 + i)).ToArray();
        var expected = ReferenceInterpreter.Run(function, arguments);
        var alone = JitFunction.Run(function, arguments);
        Compare(function, expected, alone, tolerance);
        Compare(function, expected, JitFunction.Run(function, arguments, optimize: false), tolerance);
        var threaded = JitFunction.Run(function, arguments, workers: 2);
        for (var r = 0; r < alone.Length; r++)
            Assert.Equal(alone[r].ToArray().Select(BitConverter.DoubleToInt64Bits),
                threaded[r].ToArray().Select(BitConverter.DoubleToInt64Bits));
    }

    /// <summary>Compiled once, optimized, for so many workers.</summary>
    internal static void AgreeOnce(Function function, double tolerance, int seed, int workers,
        ConvolutionAlgorithm algorithm = ConvolutionAlgorithm.ByCost)
    {
        var arguments = function.Parameters.Select((p, i) => Random(p.Type, seed * 100 + i)).ToArray();
        Compare(function, ReferenceInterpreter.Run(function, arguments),
            JitFunction.Run(function, arguments, workers, algorithm: algorithm), tolerance);
    }

    private static void Compare(Function function, Literal[] expected, Literal[] actual, double tolerance)
    {
        for (var r = 0; r < expected.Length; r++)
        {
            for (var i = 0L; i < expected[r].Type.Shape.ElementCount; i++)
            {
                var (e, a) = (expected[r][i], actual[r][i]);
                if (e.Equals(a) || e == a || Scalar.Abs(e - a) <= tolerance * Scalar.Max(1, Scalar.Abs(e))) continue;
                Assert.Fail($"result {r}[{i}]: expected {e}, got {a}\n{function}");
            }
        }
    }

    // The epilogue of a narrow contraction runs over the elements of a tile, that of a wide one over its rows; the last tile overlaps the
    // one before.
    [Theory]
    [InlineData(128, 64, 10)]
    [InlineData(33, 7, 5)]
    [InlineData(1, 9, 3)]
    [InlineData(50, 8, 1)]
    [InlineData(61, 20, 16)]
    [InlineData(61, 20, 40)]
    [InlineData(200, 300, 70)]
    [InlineData(512, 150, 70)] // rows a power of two apart are packed, and 512 is no number of whole tiles
    public void MatmulsWithAnUpdate(int rows, int k, int columns)
    {
        foreach (var dtype in (DType[])[F32, F64])
        {
            var builder = new FunctionBuilder("update");
            var gradient = builder.Parameter("x", dtype[k, rows]).Transpose([1, 0])
                .MatMul(builder.Parameter("dy", dtype[k, columns]));
            var (p, m, v) = (builder.Parameter("p", dtype[rows, columns]), builder.Parameter("m", dtype[rows, columns]),
                builder.Parameter("v", dtype[rows, columns]));
            var rate = builder.Parameter("rate", dtype[1]);
            var nextM = m * 0.9f + gradient * 0.1f;
            var nextV = v * v * 0.99f + gradient * gradient * 0.01f;
            Agree(builder.Build(p - rate * (nextM / (nextV.Sqrt() + 0.5f)), nextM, nextV));
        }
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 3, 1)]
    [InlineData(1, 5, 3)]
    [InlineData(1, 1, 40)]
    [InlineData(32, 64, 10)]
    [InlineData(64, 30, 1)]
    [InlineData(17, 33, 65)]
    [InlineData(100, 300, 130)]
    [InlineData(211, 512, 70)] // packed by each worker for itself; the last tile overlaps the one before
    [InlineData(61, 512, 70)] // packed by all for all
    public void Matmuls(int m, int k, int n)
    {
        foreach (var dtype in (DType[])[F32, F64])
        {
            var b = new FunctionBuilder("matmul");
            var (x, y) = (b.Parameter("x", dtype[m, k]), b.Parameter("y", dtype[k, n]));
            var (xt, yt) = (b.Parameter("xt", dtype[k, m]), b.Parameter("yt", dtype[n, k]));
            var bias = b.Parameter("bias", dtype[n]);
            var z = x.MatMul(y) + bias;
            var left = x.Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [1], [1]).Attributes, yt);
            var both = xt.Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [0], [0]).Attributes, y);
            Agree(b.Build(z.Maximum(z.Constant(0)), left, both), tolerance: k * 1e-6);
        }
    }

    [Fact]
    public void BatchedMatmul()
    {
        var b = new FunctionBuilder("batched");
        var (x, y) = (b.Parameter("x", F32[3, 5, 7]), b.Parameter("y", F32[3, 7, 9]));
        Agree(b.Build(x.MatMul(y)));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 10)]
    [InlineData(65, 129)]
    public void RowsAndColumns(int rows, int columns)
    {
        var b = new FunctionBuilder("rows");
        var x = b.Parameter("x", F32[rows, columns]);
        Agree(b.Build(x.LogSoftmax(), x.Softmax(0), x.Sum([0]), x.Max([1]), x.Min(), x.Mean(), (x - x.Mean([1], keepAxes: true)).Exp()));
    }

    [Fact]
    public void IndexMaps()
    {
        var b = new FunctionBuilder("maps");
        var x = b.Parameter("x", F32[5, 6]);
        var indices = b.Parameter("indices", I32[4]);
        Agree(b.Build(
            x.Transpose().Exp(), x.Slice([1, 0], [5, 6], [2, 3]) * 2, x.Pad([1, 2], [0, 3], 7), x.Concat([x * 2, x], 1),
            x.Reshape([3, 10]).Tanh(), x.Take(indices), x.Take(indices).Sum([0]),
            x.Emit(ScatterAdd.Instance, default, AttributeMap.Empty, indices, x.Slice([0, 0], [4, 6]))));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 5, 17)]
    [InlineData(2, 33, 70)]
    public void FluentSyntax(int batch, int rows, int columns)
    {
        var b = new FunctionBuilder("fluent");
        var (x, w, i) = (b.Parameter("x", F32[batch, rows, columns]), b.Parameter("w", F32[columns, 3]), b.Parameter("i", I32[rows, 5]));
        var noNumber = (x > 0.5).Select(x.Constant(double.NaN), x);
        Agree(b.Build(x.ArgMax(-1), x.ArgMin(1), noNumber.ArgMax(2), i.ArgMax(0), x.Variance(-1), x.Std([0, 1], correction: 1),
            x.LogSumExp(2), x.LogSumExp(keepAxes: true), x[0], x[^1, .., ^1], x[.., ..1] * 2, x.Stack(x * x, axis: -1), x.MatMul(w),
            x[0].MatMul(x.Transpose([0, 2, 1])), i.Pow(3), x.Pow(4), i <= 3, x.Sum(0, 2), x.Mean(0, 1, 2)), tolerance: columns * 2e-6);
    }

    [Fact]
    public void Elements()
    {
        var b = new FunctionBuilder("elements");
        var (x, y) = (b.Parameter("x", F32[37]), b.Parameter("y", F32[37]));
        Agree(b.Build(
            x.Exp(), x.Tanh(), x.Sigmoid(), x.Erf(), x.Sin(), x.Cos(), x.Abs().Log(), x.Abs().Sqrt(), x.Expm1(), x.Floor(), x.Ceil(),
            (x * 3).Round(), x.Sign(), x.Abs().Pow(y), x.Maximum(y), x.Minimum(y), x.Less(y).Select(x, y), x.Clip(-0.5, 0.25),
            x.ConvertTo(I32), x.Less(y).And(y.Less(x).Not())));
    }

    [Fact]
    public void TrainingStep()
    {
        var b = new FunctionBuilder("step");
        var (x, labels) = (b.Parameter("x", F32[32, 64]), b.Parameter("labels", I32[32]));
        var (w1, b1) = (b.Parameter("w1", F32[64, 32]), b.Parameter("b1", F32[32]));
        var (w2, b2) = (b.Parameter("w2", F32[32, 10]), b.Parameter("b2", F32[10]));
        var h = x.MatMul(w1) + b1;
        var a = h.Greater(h.Constant(0)).Select(h, h.Constant(0));
        var log = (a.MatMul(w2) + b2).LogSoftmax();
        var classes = b.Emit(Iota.Instance, [], Iota.Attributes(I32[32, 10], 1));
        var picked = classes.Equal(labels.Reshape([32, 1])).Select(log, log.Constant(0)).Sum([1]);
        var loss = -picked.Mean();
        Value[] parameters = [w1, b1, w2, b2];
        var gradients = Adjoint.AppendDense(b, loss, parameters);
        Agree(b.Build([loss, .. parameters.Zip(gradients, (p, g) => p - 0.1 * g)]));
    }
}
