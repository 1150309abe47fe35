using System.Text;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Turns modules into objects and objects into callable code.</summary>
/// <remarks>
/// All functions are thread-safe as long as each module has a context of its own. An object is the unit that the disk
/// cache keeps and that ahead-of-time compilation writes; the linker takes either.
/// </remarks>
public static unsafe class Jit
{
    /// <summary>The passes of <see cref="Optimization.Light"/>.</summary>
    /// <remarks>
    /// Kernels arrive vectorised, blocked and unrolled, so what is left is scalar: inline the math functions, put
    /// register tiles into registers (sroa), fold address arithmetic, hoist invariants (rotation lets loads move too),
    /// and remove repeats. No vectoriser, no unroller, no interprocedural pass: the emitter has done their work.
    /// </remarks>
    public const string LightPipeline =
        "always-inline,function(sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>," +
        "loop-mssa(loop-rotate,licm),early-cse<memssa>,gvn,instcombine<no-verify-fixpoint>,adce,simplifycfg),globaldce";

    private const string FullPipeline = "default<O2>";

    /// <summary>Verifies, optimises and compiles a module to an object file in memory.</summary>
    /// <remarks>The module is rewritten on the way; afterwards the caller can only dispose it.</remarks>
    /// <exception cref="BackendException">SGC4003; SGC4004 when this libLLVM lacks the target.</exception>
    public static byte[] CompileToObject(
        LLVMModuleRef module, TargetInfo target, Optimization optimization = Optimization.Light) =>
        Compile(module, target, optimization, LLVMCodeGenFileType.LLVMObjectFile);

    /// <summary>As <see cref="CompileToObject"/>, as assembly text; for dumps. The module is not changed.</summary>
    /// <exception cref="BackendException">SGC4003; SGC4004 when this libLLVM lacks the target.</exception>
    public static string CompileToAssembly(
        LLVMModuleRef module, TargetInfo target, Optimization optimization = Optimization.Light)
    {
        LLVMModuleRef copy = LLVM.CloneModule(module);
        try
        {
            return Encoding.UTF8.GetString(Compile(copy, target, optimization, LLVMCodeGenFileType.LLVMAssemblyFile));
        }
        finally
        {
            LLVM.DisposeModule(copy);
        }
    }

    /// <summary>Verifies and optimises a module in place and returns its text; for dumps.</summary>
    /// <exception cref="BackendException">SGC4003; SGC4004 when this libLLVM lacks the target.</exception>
    public static string Optimize(LLVMModuleRef module, TargetInfo target, Optimization optimization = Optimization.Light)
    {
        ArgumentNullException.ThrowIfNull(target);
        using var machine = TargetMachine.Create(target, optimization);
        Prepare(module, target, machine, optimization);
        return NativeText.Take(LLVM.PrintModuleToString(module));
    }

    /// <summary>Links one object into this process.</summary>
    /// <param name="code">The object file's bytes; copied.</param>
    /// <param name="symbols">Addresses for names the object leaves open; names of the process (memcpy...) need none.</param>
    /// <remarks>Linking ends at the first look-up. <see cref="TargetInfo.RequireHostSupport"/> is the caller's to ask.</remarks>
    /// <exception cref="BackendException">SGC4003.</exception>
    public static LoadedCode Load(ReadOnlySpan<byte> code, IReadOnlyDictionary<string, nint>? symbols = null)
    {
        var loaded = LoadedCode.Create(symbols);
        try
        {
            loaded.Add(code);
            return loaded;
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>Links several objects, which may refer to each other, into this process.</summary>
    /// <exception cref="BackendException">SGC4003.</exception>
    public static LoadedCode Load(IReadOnlyList<byte[]> objects, IReadOnlyDictionary<string, nint>? symbols = null)
    {
        ArgumentNullException.ThrowIfNull(objects);
        var loaded = LoadedCode.Create(symbols);
        try
        {
            foreach (var code in objects)
                loaded.Add(code);
            return loaded;
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    private static byte[] Compile(
        LLVMModuleRef module, TargetInfo target, Optimization optimization, LLVMCodeGenFileType kind)
    {
        ArgumentNullException.ThrowIfNull(target);
        using var machine = TargetMachine.Create(target, optimization);
        Prepare(module, target, machine, optimization);
        sbyte* error = null;
        LLVMOpaqueMemoryBuffer* buffer = null;
        var failed = LLVM.TargetMachineEmitToMemoryBuffer(machine.Pointer, module, kind, &error, &buffer);
        var message = NativeText.Take(error);
        if (failed != 0)
            throw BackendException.CodeGeneration($"code generation for {target.Name} failed: {message}");
        try
        {
            return new ReadOnlySpan<byte>(LLVM.GetBufferStart(buffer), checked((int)LLVM.GetBufferSize(buffer))).ToArray();
        }
        finally
        {
            LLVM.DisposeMemoryBuffer(buffer);
        }
    }

    /// <summary>Verifies the module, gives it the target's triple and layout, and runs the passes.</summary>
    private static void Prepare(LLVMModuleRef module, TargetInfo target, TargetMachine machine, Optimization optimization)
    {
        Verify(module);
        using var triple = new MarshaledString(target.Triple);
        LLVM.SetTarget(module, triple);
        var layout = LLVM.CreateTargetDataLayout(machine.Pointer);
        LLVM.SetModuleDataLayout(module, layout);
        LLVM.DisposeTargetData(layout);
        if (optimization == Optimization.None)
            return;
        using var pipeline = new MarshaledString(optimization == Optimization.Light ? LightPipeline : FullPipeline);
        var options = LLVM.CreatePassBuilderOptions();
        LLVM.PassBuilderOptionsSetLoopVectorization(options, 0);
        LLVM.PassBuilderOptionsSetSLPVectorization(options, 0);
        LLVM.PassBuilderOptionsSetLoopUnrolling(options, 0);
        LLVM.PassBuilderOptionsSetLoopInterleaving(options, 0);
        var error = LLVM.RunPasses(module, pipeline, machine.Pointer, options);
        LLVM.DisposePassBuilderOptions(options);
        NativeText.Check(error, "the optimisation passes failed");
    }

    // Always on: code generation does not check, and invalid IR would crash the process there.
    private static void Verify(LLVMModuleRef module)
    {
        sbyte* message = null;
        var broken = LLVM.VerifyModule(module, LLVMVerifierFailureAction.LLVMReturnStatusAction, &message);
        var text = NativeText.Take(message);
        if (broken != 0)
            throw BackendException.CodeGeneration($"the generated module is invalid: {text.Trim()}");
    }
}
