using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Indices far outside of the rows, with buffers beside pages that cannot be accessed: the nearest row is read or added to,
/// alone, within fused kernels, behind other index maps, into a product, and in the derivative.</summary>
[Trait("Category", "Target")]
public sealed class WildIndexTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void NothingOutsideOfTheRowsIsReadOrWritten(bool isWide)
    {
        var dtype = isWide ? I64 : I32;
        Scalar[] wild = isWide ? [long.MinValue, long.MaxValue, int.MinValue - 1L, int.MaxValue + 1L, 1L << 32, -1, 3, 2, 0]
            : [int.MinValue, int.MaxValue, -1, 3, 1 << 30, -(1 << 30), 4, 2, 0];
        var b = new FunctionBuilder("wild");
        var (x, at, w) = (b.Parameter("x", F32[3, 17]), b.Parameter("at", dtype[9]), b.Parameter("w", F32[17, 5]));
        var (updates, one) = (b.Parameter("updates", F32[9, 17]), b.Parameter("one", F32[1]));
        var taken = x.Take(at);
        Value Scatter(Value to, Value add) => to.Emit(ScatterAdd.Instance, default, AttributeMap.Empty, at, add);
        var loss = (taken.Tanh().MatMul(w) * taken.MatMul(w)).Sum();
        var function = b.Build([taken, (taken * 2 + 1).Sum([1]), taken.Transpose().Pad([1, 0], [0, 2]), taken.MatMul(w).Tanh(),
            taken.Window([0], [3], [2]).Max([1]), x.Take(at.Reshape([3, 3])).Sum([0]), one.Take(at), Scatter(x, updates * 2),
            Scatter(one, updates.Sum([1])), .. Adjoint.AppendDense(b, loss, [x, w])]);
        var random = new Random(1);
        Literal[] arguments = [.. function.Parameters.Select(p => p.Name == "at" ? new Literal(p.Type, wild)
            : new(p.Type, [.. Enumerable.Range(0, (int)p.Shape.ElementCount).Select(_ => 2 * random.NextDouble() - 1)]))];
        var expected = ReferenceInterpreter.Run(function, arguments);
        foreach (var optimize in (bool[])[true, false])
        {
            var actual = JitFunction.Run(function, arguments, workers: 2, optimize, parallelWork: 0);
            for (var r = 0; r < expected.Length; r++)
                for (var i = 0L; i < expected[r].Type.Shape.ElementCount; i++)
                    if (Math.Abs((double)expected[r][i] - (double)actual[r][i]) > 1e-4)
                        Assert.Fail($"result {r}[{i}]: expected {expected[r][i]}, got {actual[r][i]}");
        }
    }
}
