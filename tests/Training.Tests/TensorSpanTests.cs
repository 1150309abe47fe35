using System.Numerics.Tensors;
using GraphCompiler.Frontend;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime.Tests;
using GraphCompiler.Tensors;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Training.Tests;

/// <summary>Steps on tensors of System.Numerics.Tensors.</summary>
[Trait("Category", "AnyLevel")]
public sealed class TensorSpanTests
{
    [Fact]
    public void Functions_run_on_tensors_of_their_shapes_without_copies()
    {
        var g = new GraphBuilder("tensors");
        var (x, y) = (g.Input("x", F32[2, 3]), g.Input("y", F32[3]));
        var w = g.Variable("w", F32[1, 3], Initializer.Zeros);
        using var f = g.Function(("sum", x + y + w), ("total", (x + y).Sum())).Compile(new() { Threads = 1 });
        var matrix = Tensor.Create<float>([1, 2, 3, 4, 5, 6], [2, 3]);
        var row = Tensor.Create<float>([10, 20, 30], [3]);
        f.VariableTensor<float>("w")[0, 2] = 0.5f;
        f.Run(matrix.AsReadOnlyTensorSpan(), row.AsReadOnlyTensorSpan());
        var sum = f.OutputTensor<float>("sum");
        Assert.Equal([2, 3], sum.Lengths.ToArray());
        Assert.Equal((11f, 26f), (sum[0, 0], sum[1, 1] + sum[0, 0] - 10));
        Assert.Equal(36.5f, sum[1, 2]);
        Assert.Equal(141, f.OutputTensor<float>("total")[0]);
        matrix[0, 0] = 7; // The tensor's own memory is read, also the next time.
        f.Run(matrix.AsReadOnlyTensorSpan(), row.AsReadOnlyTensorSpan());
        Assert.Equal(17, f.OutputTensor<float>("sum")[0, 0]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) f.Run(matrix.AsReadOnlyTensorSpan(), row.AsReadOnlyTensorSpan());
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        Errors.Expect("SGC5001", () => f.Run(Tensor.Create<float>(new float[6], [3, 2]).AsReadOnlyTensorSpan(), row.AsReadOnlyTensorSpan()),
            "'x' is f32[2,3]", "[3,2]");
        Errors.Expect("SGC5001", () => f.Run(matrix.AsReadOnlyTensorSpan(), matrix.AsReadOnlyTensorSpan()), "'y' is f32[3]", "[2,3]");
        Errors.Expect("SGC5001", () => f.Run(Tensor.Create<float>(new float[12], [2, 6]).AsReadOnlyTensorSpan().Slice([0..2, 1..4]),
            row.AsReadOnlyTensorSpan()), "not dense");
        Errors.Expect("SGC5003", () => f.Run(Tensor.Create<int>(new int[6], [2, 3]).AsReadOnlyTensorSpan(), row.AsReadOnlyTensorSpan()));
        Errors.Expect("SGC5007", () => f.Run(matrix.AsReadOnlyTensorSpan()));
        Errors.Expect("SGC5004", () => _ = f.OutputTensor<float>("none").Rank);
    }

    /// <summary>As many tensors as spans: the order of sixteen inputs is that of the declaration.</summary>
    [Fact]
    public void Functions_of_many_inputs_run_on_tensors()
    {
        var g = new GraphBuilder("many");
        var inputs = Enumerable.Range(0, 16).Select(i => g.Input($"x{i:D2}", F32[1])).ToArray();
        var sum = inputs.Select((x, i) => x * (float)Math.Pow(2, i)).Aggregate((a, b) => a + b);
        using var f = g.Function(("sum", sum)).Compile(new() { Threads = 1 });
        var (one, two) = (Tensor.Create<float>([1], [1]), Tensor.Create<float>([2], [1]));
        ReadOnlyTensorSpan<float> a = one.AsReadOnlyTensorSpan(), b = two.AsReadOnlyTensorSpan();
        f.Run(a, b, a, a, a, a, a, a, a, a, a, a, a, a, a, b);
        Assert.Equal(65535f + 2 + 32768, f.OutputTensor<float>("sum")[0]);
        Errors.Expect("SGC5007", () => f.Run(one.AsReadOnlyTensorSpan(), one.AsReadOnlyTensorSpan(), one.AsReadOnlyTensorSpan(),
            one.AsReadOnlyTensorSpan(), one.AsReadOnlyTensorSpan()));
    }
}
