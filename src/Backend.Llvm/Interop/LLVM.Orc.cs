// Raw C functions of LLVM: the ORC just-in-time linker. Names are the C names without the LLVM prefix, as in LLVMSharp.
using System.Runtime.InteropServices;

namespace LLVMSharp.Interop;

public static unsafe partial class LLVM
{
    [LibraryImport(Library, EntryPoint = "LLVMOrcCreateLLJITBuilder")]
    public static partial LLVMOrcOpaqueLLJITBuilder* OrcCreateLLJITBuilder();

    [LibraryImport(Library, EntryPoint = "LLVMOrcDisposeLLJITBuilder")]
    public static partial void OrcDisposeLLJITBuilder(LLVMOrcOpaqueLLJITBuilder* Builder);

    [LibraryImport(Library, EntryPoint = "LLVMOrcLLJITBuilderSetJITTargetMachineBuilder")]
    public static partial void OrcLLJITBuilderSetJITTargetMachineBuilder(LLVMOrcOpaqueLLJITBuilder* Builder,
        LLVMOrcOpaqueJITTargetMachineBuilder* JTMB);

    [LibraryImport(Library, EntryPoint = "LLVMOrcCreateLLJIT")]
    public static partial LLVMOpaqueError* OrcCreateLLJIT(LLVMOrcOpaqueLLJIT** Result, LLVMOrcOpaqueLLJITBuilder* Builder);

    [LibraryImport(Library, EntryPoint = "LLVMOrcDisposeLLJIT")]
    public static partial LLVMOpaqueError* OrcDisposeLLJIT(LLVMOrcOpaqueLLJIT* J);

    [LibraryImport(Library, EntryPoint = "LLVMOrcLLJITGetExecutionSession")]
    public static partial LLVMOrcOpaqueExecutionSession* OrcLLJITGetExecutionSession(LLVMOrcOpaqueLLJIT* J);

    [LibraryImport(Library, EntryPoint = "LLVMOrcLLJITGetMainJITDylib")]
    public static partial LLVMOrcOpaqueJITDylib* OrcLLJITGetMainJITDylib(LLVMOrcOpaqueLLJIT* J);

    [LibraryImport(Library, EntryPoint = "LLVMOrcLLJITGetTripleString")]
    public static partial sbyte* OrcLLJITGetTripleString(LLVMOrcOpaqueLLJIT* J);

    [LibraryImport(Library, EntryPoint = "LLVMOrcLLJITGetGlobalPrefix")]
    public static partial sbyte OrcLLJITGetGlobalPrefix(LLVMOrcOpaqueLLJIT* J);

    [LibraryImport(Library, EntryPoint = "LLVMOrcLLJITMangleAndIntern")]
    public static partial LLVMOrcOpaqueSymbolStringPoolEntry* OrcLLJITMangleAndIntern(LLVMOrcOpaqueLLJIT* J, sbyte* UnmangledName);

    [LibraryImport(Library, EntryPoint = "LLVMOrcLLJITAddObjectFile")]
    public static partial LLVMOpaqueError* OrcLLJITAddObjectFile(LLVMOrcOpaqueLLJIT* J, LLVMOrcOpaqueJITDylib* JD,
        LLVMOpaqueMemoryBuffer* ObjBuffer);

    [LibraryImport(Library, EntryPoint = "LLVMOrcLLJITAddObjectFileWithRT")]
    public static partial LLVMOpaqueError* OrcLLJITAddObjectFileWithRT(LLVMOrcOpaqueLLJIT* J, LLVMOrcOpaqueResourceTracker* RT,
        LLVMOpaqueMemoryBuffer* ObjBuffer);

    [LibraryImport(Library, EntryPoint = "LLVMOrcLLJITLookup")]
    public static partial LLVMOpaqueError* OrcLLJITLookup(LLVMOrcOpaqueLLJIT* J, ulong* Result, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMOrcLLJITGetObjLinkingLayer")]
    public static partial LLVMOrcOpaqueObjectLayer* OrcLLJITGetObjLinkingLayer(LLVMOrcOpaqueLLJIT* J);

    [LibraryImport(Library, EntryPoint = "LLVMOrcLLJITGetObjTransformLayer")]
    public static partial LLVMOrcOpaqueObjectTransformLayer* OrcLLJITGetObjTransformLayer(LLVMOrcOpaqueLLJIT* J);

    [LibraryImport(Library, EntryPoint = "LLVMOrcLLJITGetIRTransformLayer")]
    public static partial LLVMOrcOpaqueIRTransformLayer* OrcLLJITGetIRTransformLayer(LLVMOrcOpaqueLLJIT* J);

    [LibraryImport(Library, EntryPoint = "LLVMOrcLLJITGetDataLayoutStr")]
    public static partial sbyte* OrcLLJITGetDataLayoutStr(LLVMOrcOpaqueLLJIT* J);

    [LibraryImport(Library, EntryPoint = "LLVMOrcExecutionSessionGetSymbolStringPool")]
    public static partial LLVMOrcOpaqueSymbolStringPool* OrcExecutionSessionGetSymbolStringPool(LLVMOrcOpaqueExecutionSession* ES);

    [LibraryImport(Library, EntryPoint = "LLVMOrcExecutionSessionIntern")]
    public static partial LLVMOrcOpaqueSymbolStringPoolEntry* OrcExecutionSessionIntern(LLVMOrcOpaqueExecutionSession* ES, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMOrcExecutionSessionCreateBareJITDylib")]
    public static partial LLVMOrcOpaqueJITDylib* OrcExecutionSessionCreateBareJITDylib(LLVMOrcOpaqueExecutionSession* ES, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMOrcExecutionSessionCreateJITDylib")]
    public static partial LLVMOpaqueError* OrcExecutionSessionCreateJITDylib(LLVMOrcOpaqueExecutionSession* ES,
        LLVMOrcOpaqueJITDylib** Result, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMOrcExecutionSessionGetJITDylibByName")]
    public static partial LLVMOrcOpaqueJITDylib* OrcExecutionSessionGetJITDylibByName(LLVMOrcOpaqueExecutionSession* ES, sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMOrcRetainSymbolStringPoolEntry")]
    public static partial void OrcRetainSymbolStringPoolEntry(LLVMOrcOpaqueSymbolStringPoolEntry* S);

    [LibraryImport(Library, EntryPoint = "LLVMOrcReleaseSymbolStringPoolEntry")]
    public static partial void OrcReleaseSymbolStringPoolEntry(LLVMOrcOpaqueSymbolStringPoolEntry* S);

    [LibraryImport(Library, EntryPoint = "LLVMOrcSymbolStringPoolEntryStr")]
    public static partial sbyte* OrcSymbolStringPoolEntryStr(LLVMOrcOpaqueSymbolStringPoolEntry* S);

    [LibraryImport(Library, EntryPoint = "LLVMOrcSymbolStringPoolClearDeadEntries")]
    public static partial void OrcSymbolStringPoolClearDeadEntries(LLVMOrcOpaqueSymbolStringPool* SSP);

    [LibraryImport(Library, EntryPoint = "LLVMOrcJITDylibCreateResourceTracker")]
    public static partial LLVMOrcOpaqueResourceTracker* OrcJITDylibCreateResourceTracker(LLVMOrcOpaqueJITDylib* JD);

    [LibraryImport(Library, EntryPoint = "LLVMOrcJITDylibGetDefaultResourceTracker")]
    public static partial LLVMOrcOpaqueResourceTracker* OrcJITDylibGetDefaultResourceTracker(LLVMOrcOpaqueJITDylib* JD);

    [LibraryImport(Library, EntryPoint = "LLVMOrcReleaseResourceTracker")]
    public static partial void OrcReleaseResourceTracker(LLVMOrcOpaqueResourceTracker* RT);

    [LibraryImport(Library, EntryPoint = "LLVMOrcResourceTrackerRemove")]
    public static partial LLVMOpaqueError* OrcResourceTrackerRemove(LLVMOrcOpaqueResourceTracker* RT);

    [LibraryImport(Library, EntryPoint = "LLVMOrcAbsoluteSymbols")]
    public static partial LLVMOrcOpaqueMaterializationUnit* OrcAbsoluteSymbols(LLVMOrcCSymbolMapPair* Syms, UIntPtr NumPairs);

    [LibraryImport(Library, EntryPoint = "LLVMOrcDisposeMaterializationUnit")]
    public static partial void OrcDisposeMaterializationUnit(LLVMOrcOpaqueMaterializationUnit* MU);

    [LibraryImport(Library, EntryPoint = "LLVMOrcJITDylibDefine")]
    public static partial LLVMOpaqueError* OrcJITDylibDefine(LLVMOrcOpaqueJITDylib* JD, LLVMOrcOpaqueMaterializationUnit* MU);

    [LibraryImport(Library, EntryPoint = "LLVMOrcJITDylibClear")]
    public static partial LLVMOpaqueError* OrcJITDylibClear(LLVMOrcOpaqueJITDylib* JD);

    [LibraryImport(Library, EntryPoint = "LLVMOrcDisposeDefinitionGenerator")]
    public static partial void OrcDisposeDefinitionGenerator(LLVMOrcOpaqueDefinitionGenerator* DG);

    [LibraryImport(Library, EntryPoint = "LLVMOrcJITDylibAddGenerator")]
    public static partial void OrcJITDylibAddGenerator(LLVMOrcOpaqueJITDylib* JD, LLVMOrcOpaqueDefinitionGenerator* DG);

    [LibraryImport(Library, EntryPoint = "LLVMOrcJITTargetMachineBuilderDetectHost")]
    public static partial LLVMOpaqueError* OrcJITTargetMachineBuilderDetectHost(LLVMOrcOpaqueJITTargetMachineBuilder** Result);

    [LibraryImport(Library, EntryPoint = "LLVMOrcJITTargetMachineBuilderCreateFromTargetMachine")]
    public static partial LLVMOrcOpaqueJITTargetMachineBuilder* OrcJITTargetMachineBuilderCreateFromTargetMachine(
        LLVMOpaqueTargetMachine* TM);

    [LibraryImport(Library, EntryPoint = "LLVMOrcDisposeJITTargetMachineBuilder")]
    public static partial void OrcDisposeJITTargetMachineBuilder(LLVMOrcOpaqueJITTargetMachineBuilder* JTMB);

    [LibraryImport(Library, EntryPoint = "LLVMOrcJITTargetMachineBuilderGetTargetTriple")]
    public static partial sbyte* OrcJITTargetMachineBuilderGetTargetTriple(LLVMOrcOpaqueJITTargetMachineBuilder* JTMB);

    [LibraryImport(Library, EntryPoint = "LLVMOrcJITTargetMachineBuilderSetTargetTriple")]
    public static partial void OrcJITTargetMachineBuilderSetTargetTriple(LLVMOrcOpaqueJITTargetMachineBuilder* JTMB, sbyte* TargetTriple);

    [LibraryImport(Library, EntryPoint = "LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess")]
    public static partial LLVMOpaqueError* OrcCreateDynamicLibrarySearchGeneratorForProcess(LLVMOrcOpaqueDefinitionGenerator** Result,
        sbyte GlobalPrefx, IntPtr Filter, void* FilterCtx);
}
