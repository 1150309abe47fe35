using System.Runtime.InteropServices;
using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;
using Xunit;
using Avx2 = System.Runtime.Intrinsics.X86.Avx2;
using Fma = System.Runtime.Intrinsics.X86.Fma;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>A compiled loop `result[i] = function(x[i], y[i])` for one format, lane count and target.</summary>
internal sealed unsafe class MathKernel : IDisposable
{
    private static readonly Lock Gate = new();
    private static bool _initialized;
    private readonly LLVMOrcOpaqueLLJIT* _jit;
    private readonly delegate* unmanaged<void*, void*, void*, long, void> _entry;
    private readonly int _step;

    public MathKernel(MathFunction function, bool isDouble, uint lanes, string target)
    {
        Initialize();
        _step = (int)Math.Max(1, lanes);
        using var context = LLVMContextRef.Create();
        using var module = context.CreateModuleWithName("math");
        Define(module, function, isDouble, lanes, HasFma(target));
        Assert.True(module.TryVerify(LLVMVerifierFailureAction.LLVMReturnStatusAction, out var message), message);
        LLVMOrcOpaqueLLJIT* jit;
        Check(LLVM.OrcCreateLLJIT(&jit, null));
        _jit = jit;
        Check(LLVM.OrcLLJITAddObjectFile(jit, LLVM.OrcLLJITGetMainJITDylib(jit), Compile(module, target)));
        ulong address;
        using var name = new MarshaledString("kernel");
        Check(LLVM.OrcLLJITLookup(jit, &address, name));
        _entry = (delegate* unmanaged<void*, void*, void*, long, void>)address;
    }

    /// <summary>The targets that this machine can run.</summary>
    public static IEnumerable<string> Targets =>
        RuntimeInformation.ProcessArchitecture != Architecture.X64 ? ["native"]
        : Avx2.IsSupported && Fma.IsSupported ? ["native", "x86-64-v3", "x86-64-v2"] : ["native", "x86-64-v2"];

    /// <summary>Lengths are multiples of the lane count.</summary>
    public void Run<T>(T[] x, T[] y, T[] result) where T : unmanaged
    {
        Assert.Equal(0, x.Length % _step);
        fixed (T* px = x, py = y, pr = result) _entry(px, py, pr, x.Length);
    }

    public float Apply(float x, float y) => Single(x, y);

    public double Apply(double x, double y) => Single(x, y);

    public void Dispose() => Check(LLVM.OrcDisposeLLJIT(_jit));

    private T Single<T>(T x, T y) where T : unmanaged
    {
        var (xs, ys, results) = (new T[_step], new T[_step], new T[_step]);
        Array.Fill(xs, x);
        Array.Fill(ys, y);
        Run(xs, ys, results);
        return results[^1];
    }

    private static bool HasFma(string target) =>
        target == "x86-64-v3" || (target == "native" && (Fma.IsSupported || RuntimeInformation.ProcessArchitecture == Architecture.Arm64));

    private static void Define(LLVMModuleRef module, MathFunction function, bool isDouble, uint lanes, bool hasFma)
    {
        var context = module.Context;
        var element = isDouble ? context.DoubleType : context.FloatType;
        var type = lanes == 0 ? element : LLVMTypeRef.CreateVector(element, lanes);
        LLVMTypeRef pointer = LLVM.PointerTypeInContext(context, 0);
        var kernel = module.AddFunction(
            "kernel", LLVMTypeRef.CreateFunction(context.VoidType, [pointer, pointer, pointer, context.Int64Type]));
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
        var result = new MathLibrary(module, hasFma).Emit(
            b, function, function == MathFunction.Pow ? [Load(0), Load(1)] : [Load(0)]);
        b.BuildStore(result, At(2)).SetAlignment(4);
        var next = b.BuildAdd(i, LLVMValueRef.CreateConstInt(context.Int64Type, Math.Max(1, lanes)), "next");
        i.AddIncoming([LLVMValueRef.CreateConstInt(context.Int64Type, 0), next], [entry, body], 2);
        b.BuildCondBr(b.BuildICmp(LLVMIntPredicate.LLVMIntULT, next, kernel.GetParam(3), ""), body, exit);
        b.PositionAtEnd(exit);
        b.BuildRetVoid();
    }

    private static LLVMOpaqueMemoryBuffer* Compile(LLVMModuleRef module, string target)
    {
        var triple = LLVMTargetRef.DefaultTriple;
        Assert.True(LLVMTargetRef.TryGetTargetFromTriple(triple, out var found, out var error), error);
        var native = target == "native";
        var machine = found.CreateTargetMachine(
            triple, native ? Text(LLVM.GetHostCPUName()) : target, native ? Text(LLVM.GetHostCPUFeatures()) : "",
            LLVMCodeGenOptLevel.LLVMCodeGenLevelDefault, LLVMRelocMode.LLVMRelocPIC, LLVMCodeModel.LLVMCodeModelDefault);
        using var passes = new MarshaledString("default<O2>");
        var options = LLVM.CreatePassBuilderOptions();
        Check(LLVM.RunPasses(module, passes, machine, options));
        LLVM.DisposePassBuilderOptions(options);
        Dump(module, machine, target);
        Assert.True(machine.TryEmitToMemoryBuffer(module, LLVMCodeGenFileType.LLVMObjectFile, out error, out var buffer), error);
        LLVM.DisposeTargetMachine(machine);
        return buffer;
    }

    /// <summary>SGC_MATH_ASM=directory keeps the assembly of the last kernel of each target.</summary>
    private static void Dump(LLVMModuleRef module, LLVMTargetMachineRef machine, string target)
    {
        if (Environment.GetEnvironmentVariable("SGC_MATH_ASM") is not { } path) return;
        machine.TryEmitToFile(module.Clone(), Path.Combine(path, target + ".s"), LLVMCodeGenFileType.LLVMAssemblyFile, out _);
    }

    private static void Initialize()
    {
        lock (Gate)
        {
            if (_initialized) return;
            LLVM.ResolveLibrary += (_, _, _) =>
                NativeLibrary.TryLoad("libLLVM-19.so.1", out var handle)
                || NativeLibrary.TryLoad("/usr/lib/llvm-19/lib/libLLVM.so.19.1", out handle) ? handle : 0;
            LLVM.InitializeX86TargetInfo();
            LLVM.InitializeX86Target();
            LLVM.InitializeX86TargetMC();
            LLVM.InitializeX86AsmPrinter();
            _initialized = true;
        }
    }

    private static string Text(sbyte* message) => Marshal.PtrToStringUTF8((nint)message) ?? "";

    private static void Check(LLVMOpaqueError* error)
    {
        if (error != null) throw new InvalidOperationException(Text(LLVM.GetErrorMessage(error)));
    }
}
