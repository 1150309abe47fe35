using System.Text;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Calls of LLVM's overloaded intrinsics by name.</summary>
internal static unsafe class Intrinsics
{
    /// <summary>Calls <paramref name="name"/> (such as <c>llvm.fma</c>) for the overload with these types.</summary>
    public static LLVMValueRef Call(LLVMModuleRef module, LLVMBuilderRef builder, string name,
        ReadOnlySpan<LLVMTypeRef> overload, params ReadOnlySpan<LLVMValueRef> arguments)
    {
        var text = Encoding.ASCII.GetBytes(name + "\0");
        uint id;
        fixed (byte* p = text) id = LLVM.LookupIntrinsicID((sbyte*)p, (nuint)name.Length);
        LLVMValueRef function;
        LLVMTypeRef type;
        fixed (LLVMTypeRef* types = overload)
        {
            function = LLVM.GetIntrinsicDeclaration(module, id, (LLVMOpaqueType**)types, (nuint)overload.Length);
            type = LLVM.IntrinsicGetType(module.Context, id, (LLVMOpaqueType**)types, (nuint)overload.Length);
        }
        return builder.BuildCall2(type, function, arguments);
    }
}
