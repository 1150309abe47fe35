using System.Diagnostics.CodeAnalysis;
using LLVMSharp.Interop;
using Microsoft.Win32.SafeHandles;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Linked code in this process. Its addresses are valid until it is disposed.</summary>
[SuppressMessage("Interoperability", "CA1419", Justification = "Never marshalled; only the linker makes one.")]
public sealed unsafe class LoadedCode : SafeHandleZeroOrMinusOneIsInvalid
{
    // Exported and callable, as LLVMJITSymbolGenericFlags has them.
    private const byte FunctionFlags = 1 | 4;

    private LoadedCode() : base(ownsHandle: true) { }

    private LLVMOrcOpaqueLLJIT* Jit => (LLVMOrcOpaqueLLJIT*)handle;

    /// <summary>The address of a function or global.</summary>
    /// <remarks>The first look-up links; so errors of linking appear here.</remarks>
    /// <exception cref="BackendException">SGC4003: there is no such symbol, or something it refers to is missing.</exception>
    /// <exception cref="ObjectDisposedException">The code is gone.</exception>
    public nint Symbol(string name)
    {
        var held = false;
        try
        {
            DangerousAddRef(ref held);
            using var text = new MarshaledString(name);
            ulong address = 0;
            NativeText.Check(LLVM.OrcLLJITLookup(Jit, &address, text), $"linking symbol \"{name}\" failed");
            return (nint)address;
        }
        finally
        {
            if (held)
                DangerousRelease();
        }
    }

    internal static LoadedCode Create(IReadOnlyDictionary<string, nint>? symbols)
    {
        LlvmLibrary.Load();
        LLVMOrcOpaqueLLJIT* jit = null;
        // No builder: the host's machine, and the process's own symbols for what objects leave open.
        NativeText.Check(LLVM.OrcCreateLLJIT(&jit, null), "starting the just-in-time linker failed");
        var code = new LoadedCode();
        code.SetHandle((nint)jit);
        try
        {
            if (symbols is { Count: > 0 })
                code.Define(symbols);
            return code;
        }
        catch
        {
            code.Dispose();
            throw;
        }
    }

    internal void Add(ReadOnlySpan<byte> code)
    {
        using var name = new MarshaledString("step");
        fixed (byte* start = code)
        {
            // The linker takes the buffer over, whether it succeeds or not.
            var buffer = LLVM.CreateMemoryBufferWithMemoryRangeCopy((sbyte*)start, (nuint)code.Length, name);
            NativeText.Check(
                LLVM.OrcLLJITAddObjectFile(Jit, LLVM.OrcLLJITGetMainJITDylib(Jit), buffer), "the object is not linkable");
        }
    }

    private void Define(IReadOnlyDictionary<string, nint> symbols)
    {
        var pairs = new LLVMOrcCSymbolMapPair[symbols.Count];
        var count = 0;
        foreach (var (name, address) in symbols)
        {
            using var text = new MarshaledString(name);
            ref var pair = ref pairs[count++];
            pair.Name = LLVM.OrcLLJITMangleAndIntern(Jit, text);
            pair.Sym.Address = (ulong)address;
            pair.Sym.Flags.GenericFlags = FunctionFlags;
        }
        fixed (LLVMOrcCSymbolMapPair* list = pairs)
        {
            var unit = LLVM.OrcAbsoluteSymbols(list, (nuint)count);
            var error = LLVM.OrcJITDylibDefine(LLVM.OrcLLJITGetMainJITDylib(Jit), unit);
            if (error != null)
                LLVM.OrcDisposeMaterializationUnit(unit);
            NativeText.Check(error, "defining the given symbols failed");
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        var error = LLVM.OrcDisposeLLJIT((LLVMOrcOpaqueLLJIT*)handle);
        if (error == null)
            return true;
        LLVM.ConsumeError(error);
        return false;
    }
}
