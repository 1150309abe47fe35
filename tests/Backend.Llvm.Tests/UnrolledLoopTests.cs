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

    [Theory]
    [InlineData("x86-64-v2", F32Bytes)]
    [InlineData("x86-64-v3", F32Bytes)]
    [InlineData("x86-64-v3", F64Bytes)]
    [InlineData("x86-64-v4", F32Bytes)]
    public void ATileOfSeveralStepsStaysInRegisters(string level, int bytes)
    {
        var (target, dtype) = (TargetInfo.Create(level), bytes == F32Bytes ? F32 : F64);
        var b = new FunctionBuilder("product");
        var function = b.Build(b.Parameter("x", dtype[512, 512]).MatMul(b.Parameter("y", dtype[512, 512])));
        var fused = new PassRunner(Pipeline.Training).Run(function, new PassContext());
        var program = LowerToLoops.Lower(fused, [-1],
            new TargetTraits(target.VectorBytes, target.VectorRegisters, 32 * 1024, 512 * 1024, 1), 0);
        var (_, _, assembly) = StepCompiler.Compile([("step", program)], target, withText: true);
        // The loop with the most multiply-adds, from its label to the jump back.
        var loops = Loop().Matches(assembly!).Select(m => m.Value);
        var tile = loops.MaxBy(l => MultiplyAdd().Count(l))!;
        Assert.True(MultiplyAdd().Count(tile) >= 48, tile);
        Assert.DoesNotContain("(%rsp", tile, StringComparison.Ordinal);
    }

    private const int F32Bytes = 4, F64Bytes = 8;

    [GeneratedRegex(@"(?<label>\.LBB\d+_\d+):\n(?:(?!\.LBB)[^\n]*\n)*?\tj\w+\t\k<label>\n")]
    private static partial Regex Loop();

    [GeneratedRegex(@"\tvfmadd|\tmulp")]
    private static partial Regex MultiplyAdd();
}
