using System.Diagnostics.CodeAnalysis;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Short forms over the raw API for what the handle types do not offer: attributes, intrinsics, data, lanes.</summary>
[SuppressMessage("Naming", "CA1708", Justification = "The analyzer takes extension blocks for members of one name.")]
public static unsafe class LlvmSyntax
{
    private const uint FunctionIndex = uint.MaxValue;

    extension(LLVMContextRef context)
    {
        /// <summary>The opaque pointer type of address space 0.</summary>
        public LLVMTypeRef OpaquePointer => LLVM.PointerTypeInContext(context, 0);

        /// <summary>An array of i8 that holds the bytes as they are.</summary>
        public LLVMValueRef ConstBytes(ReadOnlySpan<byte> bytes)
        {
            fixed (byte* text = bytes)
                return LLVM.ConstStringInContext2(context, (sbyte*)text, (nuint)bytes.Length, DontNullTerminate: 1);
        }

        /// <summary>An attribute that LLVM knows by name (nounwind, noalias, align, dereferenceable...).</summary>
        /// <exception cref="ArgumentException">LLVM knows no such attribute.</exception>
        public LLVMAttributeRef EnumAttribute(string name, ulong value = 0)
        {
            using var text = new MarshaledString(name);
            var kind = LLVM.GetEnumAttributeKindForName(text, (nuint)text.Length);
            return kind == 0
                ? throw new ArgumentException($"LLVM has no attribute \"{name}\".", nameof(name))
                : LLVM.CreateEnumAttribute(context, kind, value);
        }

        /// <summary>A key and value that the target reads (prefer-vector-width...).</summary>
        public LLVMAttributeRef StringAttribute(string key, string value)
        {
            using var k = new MarshaledString(key);
            using var v = new MarshaledString(value);
            return LLVM.CreateStringAttribute(context, k, (uint)k.Length, v, (uint)v.Length);
        }
    }

    extension(LLVMValueRef value)
    {
        /// <summary>Adds an attribute that LLVM knows by name to a function.</summary>
        public void AddFunctionAttribute(string name, ulong argument = 0) =>
            LLVM.AddAttributeAtIndex(value, Index(FunctionIndex), value.TypeOf.Context.EnumAttribute(name, argument));

        /// <summary>Adds a key and value to a function.</summary>
        public void AddFunctionAttribute(string key, string text) =>
            LLVM.AddAttributeAtIndex(value, Index(FunctionIndex), value.TypeOf.Context.StringAttribute(key, text));

    }

    extension(LLVMModuleRef module)
    {
        /// <summary>Declares an intrinsic by its name without type suffixes, as llvm.fma over its overloaded types.</summary>
        /// <exception cref="ArgumentException">LLVM knows no such intrinsic.</exception>
        public (LLVMValueRef Function, LLVMTypeRef Type) Intrinsic(string name, params ReadOnlySpan<LLVMTypeRef> overloads)
        {
            using var text = new MarshaledString(name);
            var id = LLVM.LookupIntrinsicID(text, (nuint)text.Length);
            if (id == 0)
                throw new ArgumentException($"LLVM has no intrinsic \"{name}\".", nameof(name));
            fixed (LLVMTypeRef* types = overloads)
            {
                var list = (LLVMOpaqueType**)types;
                var count = (nuint)overloads.Length;
                LLVMValueRef function = LLVM.GetIntrinsicDeclaration(module, id, list, count);
                LLVMTypeRef type = LLVM.IntrinsicGetType(LLVM.GetModuleContext(module), id, list, count);
                return (function, type);
            }
        }
    }

    extension(LLVMBuilderRef builder)
    {
        /// <summary>Calls an intrinsic in the module that is being built.</summary>
        public LLVMValueRef CallIntrinsic(string name, LLVMTypeRef[] overloads, params LLVMValueRef[] arguments)
        {
            LLVMModuleRef module = LLVM.GetGlobalParent(LLVM.GetBasicBlockParent(LLVM.GetInsertBlock(builder)));
            var (function, type) = module.Intrinsic(name, overloads);
            return builder.BuildCall2(type, function, arguments);
        }

        /// <summary>The value in every lane of a vector of the given length.</summary>
        public LLVMValueRef Splat(LLVMValueRef scalar, int lanes)
        {
            var vector = LLVMTypeRef.CreateVector(scalar.TypeOf, (uint)lanes);
            var int32 = vector.Context.Int32Type;
            var first = builder.BuildInsertElement(vector.Poison, scalar, LLVMValueRef.CreateConstInt(int32, 0));
            var zeros = LLVMValueRef.CreateConstNull(LLVMTypeRef.CreateVector(int32, (uint)lanes));
            return builder.BuildShuffleVector(first, vector.Poison, zeros);
        }

        /// <summary>Neighbouring lanes of a vector; those beyond its end are undefined.</summary>
        public LLVMValueRef TakeLanes(LLVMValueRef vector, uint first, uint count)
        {
            var (length, int32) = (vector.TypeOf.VectorSize, vector.TypeOf.Context.Int32Type);
            if (first == 0 && count == length) return vector;
            var sources = new LLVMValueRef[count];
            for (var i = 0u; i < count; i++) sources[i] = first + i < length ? LLVMValueRef.CreateConstInt(int32, first + i) : int32.Poison;
            return builder.BuildShuffleVector(vector, vector.TypeOf.Poison, LLVMValueRef.CreateConstVector(sources));
        }

        /// <summary>The lanes of a vector and behind them those of another, which has no more.</summary>
        public LLVMValueRef AppendLanes(LLVMValueRef vector, LLVMValueRef other)
        {
            var (length, int32) = (vector.TypeOf.VectorSize, vector.TypeOf.Context.Int32Type);
            var sources = new LLVMValueRef[length + other.TypeOf.VectorSize];
            for (var i = 0u; i < sources.Length; i++) sources[i] = LLVMValueRef.CreateConstInt(int32, i);
            // A shuffle takes two vectors of one length.
            return builder.BuildShuffleVector(vector, builder.TakeLanes(other, 0, length), LLVMValueRef.CreateConstVector(sources));
        }
    }

#if LLVMSHARP
    private static LLVMAttributeIndex Index(uint index) => (LLVMAttributeIndex)index;
#else
    private static uint Index(uint index) => index;
#endif
}
