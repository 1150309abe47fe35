using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Wrong convolutions, pools, normalisations, axes and indices fail at the call, as operations and as layers: with the code, the
/// shapes, the file and the line, and leave the model as it was.</summary>
public sealed class BadVisionTests
{
    private readonly GraphBuilder _g = new("bad");
    private readonly Value _x, _kernel, _grouped, _integers, _labels, _line;

    public BadVisionTests() => (_x, _kernel, _grouped, _integers, _labels, _line) = (_g.Input("x", F32[2, 5, 6, 4]),
        _g.Input("kernel", F32[3, 3, 4, 8]), _g.Input("grouped", F32[3, 3, 2, 8]), _g.Input("integers", I32[2, 5, 6, 4]),
        _g.Input("labels", I32[4]), _g.Input("line", F32[2, 5, 4]));

    // The call and this method's argument stand on one line, so both have its number.
    private void Fails(string code, Action call, string says, [CallerLineNumber] int line = 0)
    {
        (int, int, int) Size() => (_g.Parameters.Count, _g.ModelParameters.Count, _g.Operations.Count);
        var before = Size();
        var error = Assert.Throws<GraphException>(call);
        Assert.Equal((code, line), (error.Code, error.Diagnostics[0].Location.Line));
        Assert.Contains($"BadVisionTests.cs({line})", error.Message, StringComparison.Ordinal);
        foreach (var text in says.Split('|')) Assert.Contains(text, error.Message, StringComparison.Ordinal);
        Assert.Equal(before, Size());
    }

    [Fact]
    public void Channels_that_do_not_fit()
    {
        Fails("SGC1002", () => _x.Convolve(_grouped), "x has 4 channels on axis 3|f32[3,3,2,8] is for 2|f32[2,5,6,4]");
        Fails("SGC1002", () => _x.ConvolveTranspose(_grouped), "x has 4 channels on axis 3|f32[3,3,2,8] is for 2|f32[2,5,6,4]");
        Fails("SGC1002", () => _x.Convolve(_kernel, layout: Layout.ChannelsFirst), "x has 5 channels on axis 1|f32[3,3,4,8]|f32[2,5,6,4]");
        Fails("SGC1003", () => _x.Convolve(_line), "the kernel needs 4 axes|f32[2,5,4]|f32[2,5,6,4]");
        Fails("SGC1001", () => _integers.Convolve(_kernel), "i32[2,5,6,4] and f32[3,3,4,8]");
        var conv = new Conv2D(8, 3);
        conv.Apply(_x);
        var other = _g.Input("other", F32[2, 5, 6, 3]);
        Fails("SGC1002", () => conv.Apply(other), "built for 4 channels|f32[2,5,6,3]");
        var norm = new BatchNorm();
        norm.Apply(_x);
        Fails("SGC1002", () => norm.Apply(other), "4|f32[2,5,6,3]");
        Fails("SGC1003", () => _line.Conv2D(8, 3), "2 spatial axes|f32[2,5,4]");
        Fails("SGC1003", () => _x.ConvTranspose1D(8, 3), "1 spatial axes|f32[2,5,6,4]");
        Fails("SGC1001", () => _integers.Conv2D(8, 3), "i32[2,5,6,4]");
        Fails("SGC1001", () => _integers.BatchNorm(), "i32[2,5,6,4]");
    }

    [Fact]
    public void Windows_larger_than_what_is_padded()
    {
        Fails("SGC1002", () => _x.Convolve(_kernel, dilation: 3), "3 taps, 3 apart, spans 7 elements|axis 1 of f32[2,5,6,4]");
        Fails("SGC1002", () => _x.Conv2D(8, 9, padding: 1), "spans 9 elements|axis 1 of f32[2,5,6,4], 7 elements with|Padding.Same");
        Fails("SGC1002", () => _line.Conv1D(8, 6), "spans 6 elements|axis 1 of f32[2,5,4], 5 elements");
        Fails("SGC1002", () => _x.MaxPool2D((2, 8)), "spans 8 elements|axis 2 of f32[2,5,6,4]");
        Fails("SGC1002", () => _x.AveragePool(8), "spans 8 elements|axis 1 of f32[2,5,6,4]");
        Fails("SGC1002", () => _x.L2Pool(6), "spans 6 elements|axis 1 of f32[2,5,6,4]");
        Fails("SGC1002", () => _x.Window([1], [6]), "spans 6 elements|axis 1 of|f32[2,5,6,4]");
        Fails("SGC1002", () => _x.ConvTranspose2D(8, 3, padding: 9), "padding = 9 leaves|f32[2,5,6,4]");
    }

    [Fact]
    public void Strides_below_one()
    {
        foreach (var stride in (int[])[0, -1, int.MinValue])
        {
            Fails("SGC1011", () => _x.Convolve(_kernel, stride), $"stride = {stride} must be at least 1|f32[2,5,6,4]|f32[3,3,4,8]");
            Fails("SGC1011", () => _x.ConvolveTranspose(_kernel, stride), $"stride = {stride} must be at least 1|f32[2,5,6,4]");
            Fails("SGC1011", () => _x.Conv2D(8, 3, stride: stride), $"stride = {stride} must be at least 1");
            Fails("SGC1011", () => _x.MaxPool2D(2, (1, stride)), $"stride = (1, {stride}) must be at least 1|f32[2,5,6,4]");
            Fails("SGC1011", () => _x.AveragePool2D(2, stride), $"stride = {stride} must be at least 1|f32[2,5,6,4]");
            Fails("SGC1005", () => _x.Window([1], [2], [stride]), $"stride=[{stride}] needs a number of at least 1|f32[2,5,6,4]");
            Fails("SGC1005", () => _x.Slice([0, 0, 0, 0], [1, 1, 1, 1], [1, stride, 1, 1]), $"{stride}|f32[2,5,6,4]");
        }
        Fails("SGC1011", () => _x.Conv2D(8, 3, dilation: 0), "dilation = 0 must be at least 1");
        Fails("SGC1011", () => _x.MaxPool2D(0), "size = 0 must be at least 1|f32[2,5,6,4]");
        Fails("SGC1011", () => _x.Conv2D(8, 3, stride: (1, 1, 1)), "stride = (1, 1, 1), but there are 2 spatial axes");
    }

    [Fact]
    public void Groups_that_do_not_divide()
    {
        Fails("SGC1011", () => _x.Convolve(_kernel, groups: 3), "groups = 3|4 channels and the 8 filters|f32[2,5,6,4]|f32[3,3,4,8]");
        Fails("SGC1011", () => _x.ConvolveTranspose(_kernel, groups: 0), "groups = 0 must be at least 1|f32[2,5,6,4]");
        Fails("SGC1011", () => _x.Conv2D(9, 3, groups: 3), "3 groups do not divide the 4 channels of %x : f32[2,5,6,4]");
        Fails("SGC1011", () => _x.Conv2D(8, 3, groups: 3), "divide the 8 filters, got 3");
        Fails("SGC1011", () => _x.Conv2D(8, 3, groups: -1), "got -1");
        Fails("SGC1011", () => _x.GroupNorm(3), "3 groups do not divide the 4 channels of %x : f32[2,5,6,4]");
        Fails("SGC1011", () => _x.GroupNorm(0), "0");
    }

    /// <summary>Padding is a type of its own, so what is unknown is a number of pairs that is not that of the axes, or one below
    /// zero.</summary>
    [Fact]
    public void Padding_that_there_is_not()
    {
        Fails("SGC1011", () => _x.Convolve(_kernel, padding: [(1, 1)]), "padding = [(1, 1)], but there are 2 spatial axes|f32[2,5,6,4]");
        Fails("SGC1011", () => _x.Convolve(_kernel, padding: -1), "padding = -1 must not be negative|f32[2,5,6,4]|f32[3,3,4,8]");
        Fails("SGC1011", () => _x.Conv2D(8, 3, padding: [(0, 1), (0, -2)]), "(0, -2)]|must not be negative");
        Fails("SGC1011", () => _x.Conv2D(8, 3, padding: [(0, 1), (0, 1), (0, 1)]), "but there are 2 spatial axes");
        Fails("SGC1011", () => _line.AveragePool1D(2, padding: [(0, 1), (0, 1)]), "but there are 1 spatial axes|f32[2,5,4]");
        Fails("SGC1011", () => _x.MaxPool2D(2, padding: -3), "padding = -3 must not be negative|f32[2,5,6,4]");
        Fails("SGC1011", () => _x.ConvTranspose2D(8, 3, outputPadding: 1), "outputPadding = 1 must be below the stride, 1");
        Fails("SGC1011", () => _x.MaxPool2D(2, layout: (Layout)7), "7 is no layout|f32[2,5,6,4]");
    }

    [Fact]
    public void An_axis_named_twice()
    {
        Fails("SGC1004", () => _x.Sum([1, -3]), "twice|f32[2,5,6,4]");
        Fails("SGC1004", () => _x.Mean([1, 1]), "twice|f32[2,5,6,4]");
        Fails("SGC1004", () => _x.Max([0, 0]), "twice|f32[2,5,6,4]");
        Fails("SGC1004", () => _x.MaxWithIndex([3, -1]), "twice|f32[2,5,6,4]");
        Fails("SGC1004", () => _x.Variance([2, 2]), "twice|f32[2,5,6,4]");
        Fails("SGC1004", () => _x.LogSumExp([2, 2]), "twice|f32[2,5,6,4]");
        Fails("SGC1004", () => _x.Standardize([1, 1]), "twice|f32[2,5,6,4]");
        Fails("SGC1004", () => _x.RmsNormalize([1, 1]), "twice|f32[2,5,6,4]");
        Fails("SGC1004", () => _x.Reverse([2, -2]), "twice|f32[2,5,6,4]");
        Fails("SGC1004", () => _x.Window([1, 1], [2, 2]), "twice|f32[2,5,6,4]");
        Fails("SGC1004", () => _x.Transpose([0, 1, 1, 3]), "f32[2,5,6,4]");
        Fails("SGC1004", () => _x.Window([2, 1], [2, 2]), "must increase|f32[2,5,6,4]");
        Fails("SGC1004", () => _x.BatchNorm(axis: 4), "4|f32[2,5,6,4]");
    }

    [Fact]
    public void Indices_of_the_wrong_type()
    {
        var (floats, bytes) = (_g.Input("floats", F32[4]), _g.Input("bytes", U8[4]));
        Fails("SGC1001", () => _x.Take(floats), "indices must be i32 or i64|f32[4]|f32[2,5,6,4]");
        Fails("SGC1001", () => _x.Take(bytes), "indices must be i32 or i64|u8[4]|f32[2,5,6,4]");
        Fails("SGC1001", () => floats.Embedding(10, 4), "indices are i32 or i64, got %floats : f32[4]");
        Fails("SGC1001", () => bytes.Embedding(10, 4), "%bytes : u8[4]|ConvertTo(I32)");
        var (matrix, few) = (_x.Reshape([60, 4]), _labels[..3]);
        var logits = matrix[..4];
        Fails("SGC1001", () => matrix.Emit(ScatterAdd.Instance, Here(), AttributeMap.Empty, floats, logits), "indices must be|f32[4]");
        Fails("SGC1001", () => logits.SoftmaxCrossEntropy(floats), "labels must be integers, got f32[4]");
        Fails("SGC1002", () => logits.SoftmaxCrossEntropy(few), "labels i32[3] do not fit logits f32[4,4]");
        Fails("SGC1003", () => _x.SoftmaxCrossEntropy(_labels), "logits must be [batch, classes], got f32[2,5,6,4]");
    }

    private static Location Here([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) => new(file, line);
}
