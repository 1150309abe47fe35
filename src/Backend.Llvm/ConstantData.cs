using System.Security.Cryptography;
using GraphCompiler.IR;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>The dense constants of a module: read-only bytes, aligned to a cache line, equal ones stored once.</summary>
internal sealed class ConstantData(LLVMModuleRef module, LLVMContextRef context)
{
    private const int Alignment = 64;

    private readonly Dictionary<string, LLVMValueRef> _globals = [];

    /// <summary>The address of a constant's elements.</summary>
    public LLVMValueRef Emit(Literal literal)
    {
        var bytes = BytesOf(literal);
        var hash = Convert.ToHexString(SHA256.HashData(bytes));
        return _globals.TryGetValue(hash, out var known) ? known : _globals[hash] = EmitBytes(bytes);
    }

    private LLVMValueRef EmitBytes(ReadOnlySpan<byte> bytes)
    {
        // An array: a vector of so many elements has an alignment of as many bytes, which no page has.
        var data = context.ConstBytes(bytes);
        var global = module.AddGlobal(data.TypeOf, $"constant{_globals.Count}");
        global.Initializer = data;
        global.IsGlobalConstant = true;
        global.Linkage = LLVMLinkage.LLVMInternalLinkage;
        global.SetAlignment(Alignment);
        return global;
    }

    // One element of zeros where there are none, since a false guard reads element 0.
    private static byte[] BytesOf(Literal literal) =>
        literal.ToBytes() is { Length: > 0 } bytes ? bytes : new byte[literal.Type.DType.Bytes];
}
