using System.Text.RegularExpressions;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Loops of which several iterations stand in one of the code, and the register tiles that they are for.</summary>
[Trait("Category", "Target")]
public sealed unsafe partial class UnrolledLoopTests
{
    /// <summary>Horner's rule: each iteration needs the one before.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 4)]
    [InlineData(4, 4)]
    [InlineData(7, 2)]
    [InlineData(11, 4)]
    [InlineData(12, 3)]
    public void EveryIterationRunsInItsTurn(int count, int unroll)
    {
        LlvmLibrary.Load();
        var (from, to) = (new LoopBuffer("x", F64, count, BufferScope.Argument),
            new LoopBuffer("to", F64, 1, BufferScope.Argument, isWritten: true));
        var (i, sum) = (new LoopVariable("i"), new Local("sum", F64));
        var next = new MultiplyAddExpr(new LocalExpr(sum), ScalarExpr.Constant(F64, 3), new LoadExpr(from, i.Value));
        Statement[] body =
        [
            new LetStatement(sum, ScalarExpr.Constant(F64, 0)),
            new ForStatement(i, count, LoopKind.Serial, 1, [new AssignStatement(sum, 0, next)]) { Unroll = unroll },
            new StoreStatement(to, ScalarExpr.Index(0), new LocalExpr(sum)),
        ];
        var kernel = new Kernel("horner", [from, to], [], [.. body], [], 1);
        LoopVerifier.Verify(kernel);
        using var module = new ModuleEmitter("unrolled", TargetInfo.Create());
        LoopEmitter.Emit(module, kernel, "horner", isPublic: true);
        using var code = Jit.Load(Jit.CompileToObject(module.Module, module.Target));
        double[] x = [.. Enumerable.Range(1, count)];
        double result;
        fixed (double* p = x)
            ((delegate* unmanaged<double*, double*, long, long, void*, void>)code.Symbol("horner"))(p, &result, 0, 1, null);
        Assert.Equal(x.Aggregate(0.0, (a, b) => 3 * a + b), result);
    }

    /// <summary>A value that stands in memory more than once is in all lanes, at every number of them.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void CopiesOfAValueAreInAllLanes(int lanes)
    {
        LlvmLibrary.Load();
        var (from, to) = (new LoopBuffer("x", F32, 6, BufferScope.Argument),
            new LoopBuffer("to", F32, 3 * lanes, BufferScope.Argument, isWritten: true));
        var (value, lane) = (new LoopVariable("value"), new LoopVariable("lane"));
        var load = new LoadExpr(from, value.Value * 2) { Copies = 2 };
        var kernel = new Kernel("copies", [from, to], [], [new ForStatement(value, 3, LoopKind.Serial, 1,
            [new ForStatement(lane, lanes, LoopKind.Vector, lanes,
                [new StoreStatement(to, value.Value * lanes + lane.Value, load + ScalarExpr.Constant(F32, 1))])])], [], 1);
        LoopVerifier.Verify(kernel);
        using var module = new ModuleEmitter("copies", TargetInfo.Create());
        LoopEmitter.Emit(module, kernel, "copies", isPublic: true);
        using var code = Jit.Load(Jit.CompileToObject(module.Module, module.Target));
        var (x, y) = ((float[])[5, 5, 7, 7, -2, -2], new float[3 * lanes]);
        fixed (float* p = x, q = y)
            ((delegate* unmanaged<float*, float*, long, long, void*, void>)code.Symbol("copies"))(p, q, 0, 1, null);
        Assert.Equal([.. new float[] { 6, 8, -1 }.SelectMany(v => Enumerable.Repeat(v, lanes))], y);
    }

    [Theory]
    [InlineData("x86-64-v2", F32Bytes, 40)]
    [InlineData("x86-64-v2", F64Bytes, 40)]
    [InlineData("x86-64-v3", F32Bytes, 48)]
    [InlineData("x86-64-v3", F64Bytes, 48)]
    [InlineData("x86-64-v4", F32Bytes, 48)]
    public void ATileOfSeveralStepsStaysInRegisters(string level, int bytes, int multiplyAdds)
    {
        var (target, dtype) = (TargetInfo.Create(level), bytes == F32Bytes ? F32 : F64);
        var b = new FunctionBuilder("product");
        var function = b.Build(b.Parameter("x", dtype[512, 512]).MatMul(b.Parameter("y", dtype[512, 512])));
        var fused = new PassRunner(Pipeline.Training).Run(function, new PassContext());
        var program = LowerToLoops.Lower(fused, [-1],
            target.Traits(workers: 1) with { L1Bytes = 32 * 1024, L2Bytes = 512 * 1024 }, 0);
        var (_, _, assembly) = StepCompiler.Compile([("step", program)], target, withText: true);
        // The loop with the most multiply-adds, from its label to the jump back.
        var loops = Loop().Matches(assembly!).Select(m => m.Value);
        var tile = loops.MaxBy(l => MultiplyAdd().Count(l))!;
        Assert.True(MultiplyAdd().Count(tile) >= multiplyAdds, tile);
        Assert.DoesNotContain("(%rsp", tile, StringComparison.Ordinal);
        // No shuffle beside the multiply-adds: a load alone has an element in all lanes.
        Assert.DoesNotContain("shuf", tile, StringComparison.Ordinal);
    }

    private const int F32Bytes = 4, F64Bytes = 8;

    [GeneratedRegex(@"(?<label>\.LBB\d+_\d+):\n(?:(?!\.LBB)[^\n]*\n)*?\tj\w+\t\k<label>\n")]
    private static partial Regex Loop();

    [GeneratedRegex(@"\tvfmadd|\tmulp")]
    private static partial Regex MultiplyAdd();
}
