using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>A compiled loop `result[i] = function(x[i], y[i])` for one format, lane count and target.</summary>
internal sealed unsafe class MathKernel : IDisposable
{
    private readonly LoadedCode _code;
    private readonly delegate* unmanaged<void*, void*, void*, long, void> _entry;
    private readonly int _step;

    public MathKernel(MathFunction function, bool isDouble, uint lanes, string target)
    {
        var info = TargetInfo.Create(target);
        _step = (int)Math.Max(1, lanes);
        using var context = LLVMContextRef.Create();
        using var module = context.CreateModuleWithName("math");
        Define(module, function, isDouble, lanes, info);
        Dump(module, info);
        _code = Jit.Load(Jit.CompileToObject(module, info));
        _entry = (delegate* unmanaged<void*, void*, void*, long, void>)_code.Symbol("kernel");
    }

    /// <summary>The targets that this machine can run.</summary>
    public static IEnumerable<string> Targets =>
        ((string[])["native", "x86-64-v3", "x86-64-v2"]).Where(name => TargetInfo.Create(name).IsSupportedByHost);

    /// <summary>Lengths are multiples of the lane count.</summary>
    public void Run<T>(T[] x, T[] y, T[] result) where T : unmanaged
    {
        Assert.Equal(0, x.Length % _step);
        fixed (T* px = x, py = y, pr = result) _entry(px, py, pr, x.Length);
    }

    public float Apply(float x, float y) => Single(x, y);

    public double Apply(double x, double y) => Single(x, y);

    public void Dispose() => _code.Dispose();

    private T Single<T>(T x, T y) where T : unmanaged
    {
        var (xs, ys, results) = (new T[_step], new T[_step], new T[_step]);
        Array.Fill(xs, x);
        Array.Fill(ys, y);
        Run(xs, ys, results);
        return results[^1];
    }

    private static void Define(LLVMModuleRef module, MathFunction function, bool isDouble, uint lanes, TargetInfo target)
    {
        var context = module.Context;
        var element = isDouble ? context.DoubleType : context.FloatType;
        var type = lanes == 0 ? element : LLVMTypeRef.CreateVector(element, lanes);
        LLVMTypeRef pointer = LLVM.PointerTypeInContext(context, 0);
        var kernel = module.AddFunction(
            "kernel", LLVMTypeRef.CreateFunction(context.VoidType, [pointer, pointer, pointer, context.Int64Type]));
        target.ApplyTo(kernel);
        using var b = context.CreateBuilder();
        var (entry, body, exit) = (kernel.AppendBasicBlock("entry"), kernel.AppendBasicBlock("body"), kernel.AppendBasicBlock("exit"));
        b.PositionAtEnd(entry);
        b.BuildBr(body);
        b.PositionAtEnd(body);
        var i = b.BuildPhi(context.Int64Type, "i");
        LLVMValueRef At(uint parameter) => b.BuildGEP2(element, kernel.GetParam(parameter), [i], "");
        LLVMValueRef Load(uint parameter)
        {
            var load = b.BuildLoad2(type, At(parameter), "");
            load.SetAlignment(4);
            return load;
        }
        var result = new MathLibrary(module, target).Emit(
            b, function, MathLibrary.ArityOf(function) == 2 ? [Load(0), Load(1)] : [Load(0)]);
        b.BuildStore(result, At(2)).SetAlignment(4);
        var next = b.BuildAdd(i, LLVMValueRef.CreateConstInt(context.Int64Type, Math.Max(1, lanes)), "next");
        i.AddIncoming([LLVMValueRef.CreateConstInt(context.Int64Type, 0), next], [entry, body], 2);
        b.BuildCondBr(b.BuildICmp(LLVMIntPredicate.LLVMIntULT, next, kernel.GetParam(3), ""), body, exit);
        b.PositionAtEnd(exit);
        b.BuildRetVoid();
    }

    /// <summary>SGC_MATH_ASM=directory keeps the assembly of the last kernel of each target.</summary>
    private static void Dump(LLVMModuleRef module, TargetInfo target)
    {
        if (Environment.GetEnvironmentVariable("SGC_MATH_ASM") is not { } path) return;
        File.WriteAllText(Path.Combine(path, target.Name + ".s"), Jit.CompileToAssembly(module, target));
    }
}
