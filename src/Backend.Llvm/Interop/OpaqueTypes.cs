// Opaque types: only pointers to them are passed.
namespace LLVMSharp.Interop;

public struct LLVMOpaqueAttributeRef;

public struct LLVMOpaqueBasicBlock;

public struct LLVMOpaqueBuilder;

public struct LLVMOpaqueContext;

public struct LLVMOpaqueError;

public struct LLVMOpaqueMemoryBuffer;

public struct LLVMOpaqueMetadata;

public struct LLVMOpaqueModule;

public struct LLVMOpaquePassBuilderOptions;

public struct LLVMOpaqueTargetData;

public struct LLVMOpaqueTargetMachine;

public struct LLVMOpaqueTargetMachineOptions;

public struct LLVMOpaqueType;

public struct LLVMOpaqueValue;

public struct LLVMOrcOpaqueDefinitionGenerator;

public struct LLVMOrcOpaqueExecutionSession;

public struct LLVMOrcOpaqueIRTransformLayer;

public struct LLVMOrcOpaqueJITDylib;

public struct LLVMOrcOpaqueJITTargetMachineBuilder;

public struct LLVMOrcOpaqueLLJIT;

public struct LLVMOrcOpaqueLLJITBuilder;

public struct LLVMOrcOpaqueMaterializationUnit;

public struct LLVMOrcOpaqueObjectLayer;

public struct LLVMOrcOpaqueObjectTransformLayer;

public struct LLVMOrcOpaqueResourceTracker;

public struct LLVMOrcOpaqueSymbolStringPool;

public struct LLVMOrcOpaqueSymbolStringPoolEntry;

public struct LLVMTarget;

public struct LLVMJITSymbolFlags
{
    public byte GenericFlags;
    public byte TargetFlags;
}

public struct LLVMJITEvaluatedSymbol
{
    public ulong Address;
    public LLVMJITSymbolFlags Flags;
}

public unsafe struct LLVMOrcCSymbolMapPair
{
    public LLVMOrcOpaqueSymbolStringPoolEntry* Name;
    public LLVMJITEvaluatedSymbol Sym;
}
