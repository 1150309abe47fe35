using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.Backend.Llvm.Tests.SizeSweep;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Reductions and contractions, and what is fused with them, at every size of <see cref="SizeSweep"/>.</summary>
[Trait("Category", "Target")]
public sealed class ContractionSweepTests
{
    [Fact]
    public void RowReductions() => Sweep([F32, F64], (b, dtype, n) =>
    {
        var x = b.Parameter("x", dtype[Other(n, 1), n]);
        var centred = x - x.Mean([1], keepAxes: true);
        return
        [
            x.Softmax(), x.LogSoftmax(), centred * ((centred * centred).Mean([1], keepAxes: true) + 1e-3).Rsqrt(),
            x.Sum([1]), x.Max([1]), x.Min([1]), (x.Exp() * x).Sum([1]), x.Reshape([-1]).Sum(), x.Mean(), x.Max(),
        ];
    });

    [Fact]
    public void ColumnReductions() => Sweep([F32, F64], (b, dtype, n) =>
    {
        var (x, y) = (b.Parameter("x", dtype[Other(n, 3), n]), b.Parameter("y", dtype[3, n, Other(n, 1)]));
        return [x.Sum([0]), x.Max([0]), x.Softmax(0), (x * x).Mean([0]), y.Sum([1]), y.Min([0]),
            y.Sum([0, 1]), y.Sum([0, 2]), y.Softmax(1), y.Max([0, 2])];
    });

    [Fact]
    public void Matmuls() => Sweep([F32, F64], (b, dtype, n) =>
    {
        var (other, third) = (Other(n, 1), Other(n, 4));
        Value[] Of(string name, int m, int k, int c)
        {
            var (x, y) = (b.Parameter($"x{name}", dtype[m, k]), b.Parameter($"y{name}", dtype[k, c]));
            var (xt, yt) = (b.Parameter($"xt{name}", dtype[k, m]), b.Parameter($"yt{name}", dtype[c, k]));
            var z = x.MatMul(y) + b.Parameter($"b{name}", dtype[c]);
            return [z.Maximum(z.Constant(0)), x.MatMul(yt.Transpose()), xt.Transpose().MatMul(y)];
        }
        return [.. Of("m", n, other, third), .. Of("k", third, n, other), .. Of("n", other, third, n)];
    }, tolerance: 1e-4);

    // A matrix times a vector, both contiguous along K, with what follows; integers exactly.
    [Fact]
    public void MatrixTimesVector() => Sweep([F32, F64], (b, dtype, n) =>
    {
        Value[] Of(string name, int m, int k)
        {
            var (a, x) = (b.Parameter($"a{name}", dtype[m, k]), b.Parameter($"x{name}", dtype[k]));
            var (batch, vectors) = (b.Parameter($"b{name}", dtype[3, m, k]), b.Parameter($"v{name}", dtype[3, k, 1]));
            var y = a.MatMul(x.Reshape([k, 1])) + b.Parameter($"bias{name}", dtype[1]);
            return [y.Maximum(y.Constant(0)), x.Reshape([1, k]).MatMul(a.Transpose()), batch.MatMul(vectors), y * y];
        }
        return [.. Of("n", n, 37 + n % 5), .. Of("k", Other(n, 2), 15 + n)];
    }, tolerance: 1e-4, byTurns: [I32, F16]);

    [Fact]
    public void BatchedMatmulsAndWhatFollows() => Sweep([F32, F64], (b, dtype, n) =>
    {
        var (other, third) = (Other(n, 2), Other(n, 1));
        var (x, y) = (b.Parameter("x", dtype[3, n, other]), b.Parameter("y", dtype[3, other, third]));
        var (p, g) = (b.Parameter("p", dtype[n, third]), b.Parameter("g", dtype[other, n]));
        var gradient = g.Transpose().MatMul(b.Parameter("d", dtype[other, third]));
        var matmul = b.Parameter("u", dtype[other, third]).MatMul(b.Parameter("v", dtype[third, n])).Tanh();
        return [x.MatMul(y), x.MatMul(y).Softmax(), p - 0.1 * gradient / ((gradient * gradient).Sqrt() + 0.5),
            matmul, matmul.Sum([0]), matmul.Sum([1]), matmul.Softmax()];
    }, tolerance: 1e-4);
}
