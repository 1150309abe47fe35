using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>A scalar that all lanes share, or a vector with an element for each lane.</summary>
internal readonly record struct EmittedValue(LLVMValueRef Value, bool IsVector);

/// <summary>Where a local lives until LLVM promotes it to registers: an alloca for each element.</summary>
internal readonly record struct LocalSlot(LLVMValueRef[] Elements, LLVMTypeRef Type, bool IsVector);
