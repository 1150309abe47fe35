using System.Text.RegularExpressions;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Guards of loads and stores: what LLVM is given, at each level, and what it makes of it at this one.</summary>
[Trait("Category", "Target")]
public sealed partial class MaskTests
{
    /// <summary>LLVM 19 drops masks of which it finds out parts only after it was given them.</summary>
    [Theory]
    [InlineData("x86-64-v2")]
    [InlineData("x86-64-v3")]
    [InlineData("x86-64-v4")]
    public void EveryMaskIsAConstant(string level)
    {
        var target = TargetInfo.Create(level);
        var builder = new FunctionBuilder("guards");
        var (x, y) = (builder.Parameter("x", F32[5, 70]), builder.Parameter("y", F32[200]));
        var p = builder.Parameter("p", F32[33, 5]);
        var gradient = builder.Parameter("a", F32[7, 33]).Transpose().MatMul(builder.Parameter("b", F32[7, 5]));
        var function = builder.Build(x.Pad([1, 2], [0, 3], 1), x.Slice([0, 0], [5, 9]).Pad([1, 2], [2, 0]), y.Pad([5], [7], 0, [1]),
            x.Concat([x], 1), p - 0.1 * gradient / ((gradient * gradient).Sqrt() + 0.5), x.Softmax(), x.Sum([0]));
        var fused = new PassRunner(Pipeline.Training).Run(function, new PassContext());
        var traits = target.Traits(1);
        var program = LowerToLoops.Lower(fused, [.. function.Results.Select(_ => -1)], traits, 0);
        var (_, ir, _) = StepCompiler.Compile([("step", program)], target, withText: true);
        Assert.Contains("@llvm.masked.", ir, StringComparison.Ordinal);
        Assert.Empty(ComputedMask().Matches(ir).Select(m => m.Value));
    }

    [GeneratedRegex(@"call [^\n]*@llvm\.masked\.[^\n]*<\d+ x i1> %[^\n]*")]
    private static partial Regex ComputedMask();

    /// <summary>The smallest case of a dropped mask: a row of w beyond the slice changed, and elements beyond w were read.</summary>
    [Fact]
    public void AnUpdateBySlicesGradient()
    {
        var builder = new FunctionBuilder("update");
        var (w, x) = (builder.Parameter("w", F32[3, 10]), builder.Parameter("x", F32[2, 4]));
        var loss = (w.Slice([1, 2], [3, 6]) * x).Sum();
        CompiledFunctionTests.Agree(builder.Build(w - Adjoint.AppendDense(builder, loss, [w])[0]));
    }

    [Fact]
    public void ARowPaddedOnAllSides()
    {
        var builder = new FunctionBuilder("pads");
        var (x, y) = (builder.Parameter("x", F32[1, 5]), builder.Parameter("y", F64[4, 2, 1, 4]));
        CompiledFunctionTests.Agree(builder.Build(x.Pad([1, 2], [0, 2]), y.Pad([1, 1, 0, 0], [0, 2, 0, 1])));
    }
}
