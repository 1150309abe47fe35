using GraphCompiler.IR.Loops;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>The emitter knows every kind of statement, expression and operation that LoopIR has, as a scalar and by lanes.</summary>
public sealed class LoopKindTests
{
    [Fact]
    public void Every_statement_and_expression_is_emitted()
    {
        LlvmLibrary.Load();
        using var module = new ModuleEmitter("kinds", TargetInfo.Create());
        var statements = LoopKinds.Statements.Concat(LoopKinds.Reductions).Concat(LoopKinds.Loops).Select(LoopKinds.KernelOf);
        var expressions = LoopKinds.Expressions.Concat(LoopKinds.Operations).Select(LoopKinds.KernelOf);
        var number = 0;
        foreach (var kernel in statements.Concat(expressions)) LoopEmitter.Emit(module, kernel, $"kind{number++}", isPublic: true);
        Assert.NotEmpty(Jit.CompileToObject(module.Module, module.Target));
    }
}
