using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Graphs of many operations, compiled on a stack of 256 KiB:
/// nothing recurses over the graph, and kernels have a bounded size.</summary>
[Trait("Category", "AnyLevel")]
public sealed class DeepGraphTests
{
    private const int SmallStack = 256 << 10;

    public static TheoryData<string> Graphs => 
        ["chain", "transposes", "slices", "concatenate", "concatenate different", "reductions", "fan-out", "layers"];

    [Theory]
    [MemberData(nameof(Graphs))]
    public void CompileAndRun(string kind)
    {
        var b = new FunctionBuilder("deep");
        var x = b.Parameter("x", F32[4, 4]);
        var (y, expected) = Build(kind, x);
        var function = b.Build(y);
        Literal? result = null;
        OtherThread.Run(() => result = JitFunction.Run(function, [new Literal(x.Type, 1.0)], workers: 1)[0], SmallStack);
        Assert.Equal(expected, (double)result![0], 1e-3 * Math.Max(1, Math.Abs(expected)));
    }

    private static (Value Result, double Expected) Build(string kind, Value x) => kind switch
    {
        // Half of the way to 2 in each link.
        "chain" => (Repeat(x, 10_000, h => h * 0.5 + 1), 2),
        "transposes" => (Repeat(x, 2_000, h => -h.Transpose()), 1),
        // Index maps of index maps, which are repeated where they are read.
        "slices" => (Repeat(x, 2_000, h => Broadcasting.To(h.Slice([0, 0], [1, 4]), new Shape(4, 4)).Transpose()) + 0, 1),
        "concatenate" => (x.Concat([.. Enumerable.Repeat(x, 4_999)], 0).Sum(), 80_000),
        "concatenate different" => (x.Concat([.. Enumerable.Range(1, 999).Select(i => x * i)], 0).Sum(), 16 * (1 + 999 * 500)),
        "reductions" => (Repeat(x, 1_000, h => h - h.Mean([1], keepAxes: true) + 1), 1),
        "layers" => Layers(x, 1_600),
        _ => (Enumerable.Range(0, 3_000).Select(i => x * (i % 2 == 0 ? 1.0 : -1.0)).Aggregate((s, t) => s + t), 0),
    };

    // x·x/4 keeps all elements 1. The sum of n layers grows with x by the power n + 1, and its derivative by x sums to as many times 16.
    private static (Value, double) Layers(Value x, int count)
    {
        var weight = x * 0.25;
        var loss = Repeat(x, count, h => h.MatMul(weight).Maximum(0)).Sum();
        return (Adjoint.AppendDense(x.Builder, loss, [x])[0].Sum(), 16 * (count + 1));
    }

    private static Value Repeat(Value x, int count, Func<Value, Value> next)
    {
        for (var i = 0; i < count; i++) x = next(x);
        return x;
    }
}
