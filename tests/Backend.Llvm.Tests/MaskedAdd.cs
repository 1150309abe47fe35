using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>A module with sum[i] = a[i] + b[i] over any length, in vectors whose tail is masked.</summary>
internal static class MaskedAdd
{
    public const string Symbol = "masked_add";

    /// <summary>Builds the module in a fresh context and gives it to the use, then frees both.</summary>
    public static T With<T>(TargetInfo target, int lanes, Func<LLVMModuleRef, T> use)
    {
        using var context = LLVMContextRef.Create();
        using var module = context.CreateModuleWithName("test");
        Build(context, module, target, lanes);
        return use(module);
    }

    private static void Build(LLVMContextRef context, LLVMModuleRef module, TargetInfo target, int lanes)
    {
        var (pointer, int64) = (context.OpaquePointer, context.Int64Type);
        var type = LLVMTypeRef.CreateFunction(context.VoidType, [pointer, pointer, pointer, int64]);
        var function = module.AddFunction(Symbol, type);
        target.ApplyTo(function);
        function.AddFunctionAttribute("nounwind");

        var (entry, loop, exit) = (context.AppendBasicBlock(function, "entry"),
            context.AppendBasicBlock(function, "loop"), context.AppendBasicBlock(function, "exit"));
        using var builder = context.CreateBuilder();
        builder.PositionAtEnd(entry);
        var zero = LLVMValueRef.CreateConstInt(int64, 0);
        var count = function.GetParam(3);
        builder.BuildCondBr(builder.BuildICmp(LLVMIntPredicate.LLVMIntSGT, count, zero), loop, exit);

        builder.PositionAtEnd(loop);
        var i = builder.BuildPhi(int64, "i");
        var vector = LLVMTypeRef.CreateVector(context.FloatType, (uint)lanes);
        var mask = Mask(builder, int64, builder.BuildSub(count, i), lanes);
        LLVMValueRef At(uint parameter) => builder.BuildInBoundsGEP2(context.FloatType, function.GetParam(parameter), [i]);
        var four = LLVMValueRef.CreateConstInt(context.Int32Type, 4);
        LLVMValueRef Load(uint parameter) => builder.CallIntrinsic(
            "llvm.masked.load", [vector, pointer], At(parameter), four, mask, LLVMValueRef.CreateConstNull(vector));
        var sum = builder.BuildFAdd(Load(0), Load(1), "sum");
        builder.CallIntrinsic("llvm.masked.store", [vector, pointer], sum, At(2), four, mask);
        var next = builder.BuildAdd(i, LLVMValueRef.CreateConstInt(int64, (ulong)lanes), "next");
        i.AddIncoming([zero, next], [entry, loop], 2);
        builder.BuildCondBr(builder.BuildICmp(LLVMIntPredicate.LLVMIntSLT, next, count), loop, exit);

        builder.PositionAtEnd(exit);
        builder.BuildRetVoid();
    }

    /// <summary>Lane k is on when k &lt; remaining.</summary>
    private static LLVMValueRef Mask(LLVMBuilderRef builder, LLVMTypeRef int64, LLVMValueRef remaining, int lanes)
    {
        var steps = new LLVMValueRef[lanes];
        for (var k = 0; k < lanes; k++)
            steps[k] = LLVMValueRef.CreateConstInt(int64, (ulong)k);
        return builder.BuildICmp(
            LLVMIntPredicate.LLVMIntSLT, LLVMValueRef.CreateConstVector(steps), builder.Splat(remaining, lanes), "mask");
    }
}
