using System.Buffers.Binary;
using System.Security.Cryptography;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
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

    /// <summary>The elements as they are in memory; one of zeros where there are none, since a false guard reads element 0.</summary>
    private static byte[] BytesOf(Literal literal)
    {
        var dtype = literal.Type.DType;
        var bytes = new byte[Math.Max(literal.Type.Bytes, dtype.Bytes)];
        for (var i = 0L; i < literal.Type.Shape.ElementCount; i++)
            Write(dtype, literal[i], bytes.AsSpan((int)(i * dtype.Bytes)));
        return bytes;
    }

    private static void Write(DType dtype, double value, Span<byte> to)
    {
        switch (dtype.Name)
        {
            case "f32": BinaryPrimitives.WriteSingleLittleEndian(to, (float)value); break;
            case "f64": BinaryPrimitives.WriteDoubleLittleEndian(to, value); break;
            case "f16": BinaryPrimitives.WriteHalfLittleEndian(to, (Half)value); break;
            case "bf16": BinaryPrimitives.WriteUInt16LittleEndian(to, (ushort)(BitConverter.SingleToUInt32Bits((float)value) >> 16)); break;
            case "i64": BinaryPrimitives.WriteInt64LittleEndian(to, (long)value); break;
            case "i32": BinaryPrimitives.WriteInt32LittleEndian(to, (int)value); break;
            case "u32": BinaryPrimitives.WriteUInt32LittleEndian(to, (uint)value); break;
            case "i8": to[0] = (byte)(sbyte)value; break;
            case "u8" or "bool": to[0] = (byte)value; break;
            default: throw new InternalCompilerException("emit", $"no bytes for {dtype}");
        }
    }
}
