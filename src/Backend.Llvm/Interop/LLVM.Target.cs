// Raw C functions of LLVM: targets, machines, the pass builder, errors. Names are the C names without the LLVM prefix, as in LLVMSharp.
using System.Runtime.InteropServices;

namespace LLVMSharp.Interop;

public static unsafe partial class LLVM
{
    [LibraryImport(Library, EntryPoint = "LLVMCreateTargetData")]
    public static partial LLVMOpaqueTargetData* CreateTargetData(sbyte* StringRep);

    [LibraryImport(Library, EntryPoint = "LLVMDisposeTargetData")]
    public static partial void DisposeTargetData(LLVMOpaqueTargetData* TD);

    [LibraryImport(Library, EntryPoint = "LLVMCopyStringRepOfTargetData")]
    public static partial sbyte* CopyStringRepOfTargetData(LLVMOpaqueTargetData* TD);

    [LibraryImport(Library, EntryPoint = "LLVMPointerSize")]
    public static partial uint PointerSize(LLVMOpaqueTargetData* TD);

    [LibraryImport(Library, EntryPoint = "LLVMIntPtrTypeInContext")]
    public static partial LLVMOpaqueType* IntPtrTypeInContext(LLVMOpaqueContext* C, LLVMOpaqueTargetData* TD);

    [LibraryImport(Library, EntryPoint = "LLVMSizeOfTypeInBits")]
    public static partial ulong SizeOfTypeInBits(LLVMOpaqueTargetData* TD, LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMStoreSizeOfType")]
    public static partial ulong StoreSizeOfType(LLVMOpaqueTargetData* TD, LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMABISizeOfType")]
    public static partial ulong ABISizeOfType(LLVMOpaqueTargetData* TD, LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMABIAlignmentOfType")]
    public static partial uint ABIAlignmentOfType(LLVMOpaqueTargetData* TD, LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMPreferredAlignmentOfType")]
    public static partial uint PreferredAlignmentOfType(LLVMOpaqueTargetData* TD, LLVMOpaqueType* Ty);

    [LibraryImport(Library, EntryPoint = "LLVMGetModuleDataLayout")]
    public static partial LLVMOpaqueTargetData* GetModuleDataLayout(LLVMOpaqueModule* M);

    [LibraryImport(Library, EntryPoint = "LLVMSetModuleDataLayout")]
    public static partial void SetModuleDataLayout(LLVMOpaqueModule* M, LLVMOpaqueTargetData* DL);

    [LibraryImport(Library, EntryPoint = "LLVMGetFirstTarget")]
    public static partial LLVMTarget* GetFirstTarget();

    [LibraryImport(Library, EntryPoint = "LLVMGetNextTarget")]
    public static partial LLVMTarget* GetNextTarget(LLVMTarget* T);

    [LibraryImport(Library, EntryPoint = "LLVMGetTargetFromName")]
    public static partial LLVMTarget* GetTargetFromName(sbyte* Name);

    [LibraryImport(Library, EntryPoint = "LLVMGetTargetFromTriple")]
    public static partial int GetTargetFromTriple(sbyte* Triple, LLVMTarget** T, sbyte** ErrorMessage);

    [LibraryImport(Library, EntryPoint = "LLVMGetTargetName")]
    public static partial sbyte* GetTargetName(LLVMTarget* T);

    [LibraryImport(Library, EntryPoint = "LLVMGetTargetDescription")]
    public static partial sbyte* GetTargetDescription(LLVMTarget* T);

    [LibraryImport(Library, EntryPoint = "LLVMTargetHasJIT")]
    public static partial int TargetHasJIT(LLVMTarget* T);

    [LibraryImport(Library, EntryPoint = "LLVMTargetHasTargetMachine")]
    public static partial int TargetHasTargetMachine(LLVMTarget* T);

    [LibraryImport(Library, EntryPoint = "LLVMTargetHasAsmBackend")]
    public static partial int TargetHasAsmBackend(LLVMTarget* T);

    [LibraryImport(Library, EntryPoint = "LLVMCreateTargetMachineOptions")]
    public static partial LLVMOpaqueTargetMachineOptions* CreateTargetMachineOptions();

    [LibraryImport(Library, EntryPoint = "LLVMDisposeTargetMachineOptions")]
    public static partial void DisposeTargetMachineOptions(LLVMOpaqueTargetMachineOptions* Options);

    [LibraryImport(Library, EntryPoint = "LLVMTargetMachineOptionsSetCPU")]
    public static partial void TargetMachineOptionsSetCPU(LLVMOpaqueTargetMachineOptions* Options, sbyte* CPU);

    [LibraryImport(Library, EntryPoint = "LLVMTargetMachineOptionsSetFeatures")]
    public static partial void TargetMachineOptionsSetFeatures(LLVMOpaqueTargetMachineOptions* Options, sbyte* Features);

    [LibraryImport(Library, EntryPoint = "LLVMTargetMachineOptionsSetABI")]
    public static partial void TargetMachineOptionsSetABI(LLVMOpaqueTargetMachineOptions* Options, sbyte* ABI);

    [LibraryImport(Library, EntryPoint = "LLVMTargetMachineOptionsSetCodeGenOptLevel")]
    public static partial void TargetMachineOptionsSetCodeGenOptLevel(LLVMOpaqueTargetMachineOptions* Options, LLVMCodeGenOptLevel Level);

    [LibraryImport(Library, EntryPoint = "LLVMTargetMachineOptionsSetRelocMode")]
    public static partial void TargetMachineOptionsSetRelocMode(LLVMOpaqueTargetMachineOptions* Options, LLVMRelocMode Reloc);

    [LibraryImport(Library, EntryPoint = "LLVMTargetMachineOptionsSetCodeModel")]
    public static partial void TargetMachineOptionsSetCodeModel(LLVMOpaqueTargetMachineOptions* Options, LLVMCodeModel CodeModel);

    [LibraryImport(Library, EntryPoint = "LLVMCreateTargetMachine")]
    public static partial LLVMOpaqueTargetMachine* CreateTargetMachine(LLVMTarget* T, sbyte* Triple, sbyte* CPU, sbyte* Features,
        LLVMCodeGenOptLevel Level, LLVMRelocMode Reloc, LLVMCodeModel CodeModel);

    [LibraryImport(Library, EntryPoint = "LLVMDisposeTargetMachine")]
    public static partial void DisposeTargetMachine(LLVMOpaqueTargetMachine* T);

    [LibraryImport(Library, EntryPoint = "LLVMGetTargetMachineTarget")]
    public static partial LLVMTarget* GetTargetMachineTarget(LLVMOpaqueTargetMachine* T);

    [LibraryImport(Library, EntryPoint = "LLVMGetTargetMachineTriple")]
    public static partial sbyte* GetTargetMachineTriple(LLVMOpaqueTargetMachine* T);

    [LibraryImport(Library, EntryPoint = "LLVMGetTargetMachineCPU")]
    public static partial sbyte* GetTargetMachineCPU(LLVMOpaqueTargetMachine* T);

    [LibraryImport(Library, EntryPoint = "LLVMGetTargetMachineFeatureString")]
    public static partial sbyte* GetTargetMachineFeatureString(LLVMOpaqueTargetMachine* T);

    [LibraryImport(Library, EntryPoint = "LLVMCreateTargetDataLayout")]
    public static partial LLVMOpaqueTargetData* CreateTargetDataLayout(LLVMOpaqueTargetMachine* T);

    [LibraryImport(Library, EntryPoint = "LLVMSetTargetMachineAsmVerbosity")]
    public static partial void SetTargetMachineAsmVerbosity(LLVMOpaqueTargetMachine* T, int VerboseAsm);

    [LibraryImport(Library, EntryPoint = "LLVMTargetMachineEmitToFile")]
    public static partial int TargetMachineEmitToFile(LLVMOpaqueTargetMachine* T, LLVMOpaqueModule* M, sbyte* Filename,
        LLVMCodeGenFileType codegen, sbyte** ErrorMessage);

    [LibraryImport(Library, EntryPoint = "LLVMTargetMachineEmitToMemoryBuffer")]
    public static partial int TargetMachineEmitToMemoryBuffer(LLVMOpaqueTargetMachine* T, LLVMOpaqueModule* M, LLVMCodeGenFileType codegen,
        sbyte** ErrorMessage, LLVMOpaqueMemoryBuffer** OutMemBuf);

    [LibraryImport(Library, EntryPoint = "LLVMGetDefaultTargetTriple")]
    public static partial sbyte* GetDefaultTargetTriple();

    [LibraryImport(Library, EntryPoint = "LLVMNormalizeTargetTriple")]
    public static partial sbyte* NormalizeTargetTriple(sbyte* triple);

    [LibraryImport(Library, EntryPoint = "LLVMGetHostCPUName")]
    public static partial sbyte* GetHostCPUName();

    [LibraryImport(Library, EntryPoint = "LLVMGetHostCPUFeatures")]
    public static partial sbyte* GetHostCPUFeatures();

    [LibraryImport(Library, EntryPoint = "LLVMCreatePassBuilderOptions")]
    public static partial LLVMOpaquePassBuilderOptions* CreatePassBuilderOptions();

    [LibraryImport(Library, EntryPoint = "LLVMPassBuilderOptionsSetVerifyEach")]
    public static partial void PassBuilderOptionsSetVerifyEach(LLVMOpaquePassBuilderOptions* Options, int VerifyEach);

    [LibraryImport(Library, EntryPoint = "LLVMPassBuilderOptionsSetDebugLogging")]
    public static partial void PassBuilderOptionsSetDebugLogging(LLVMOpaquePassBuilderOptions* Options, int DebugLogging);

    [LibraryImport(Library, EntryPoint = "LLVMPassBuilderOptionsSetLoopInterleaving")]
    public static partial void PassBuilderOptionsSetLoopInterleaving(LLVMOpaquePassBuilderOptions* Options, int LoopInterleaving);

    [LibraryImport(Library, EntryPoint = "LLVMPassBuilderOptionsSetLoopVectorization")]
    public static partial void PassBuilderOptionsSetLoopVectorization(LLVMOpaquePassBuilderOptions* Options, int LoopVectorization);

    [LibraryImport(Library, EntryPoint = "LLVMPassBuilderOptionsSetSLPVectorization")]
    public static partial void PassBuilderOptionsSetSLPVectorization(LLVMOpaquePassBuilderOptions* Options, int SLPVectorization);

    [LibraryImport(Library, EntryPoint = "LLVMPassBuilderOptionsSetLoopUnrolling")]
    public static partial void PassBuilderOptionsSetLoopUnrolling(LLVMOpaquePassBuilderOptions* Options, int LoopUnrolling);

    [LibraryImport(Library, EntryPoint = "LLVMPassBuilderOptionsSetForgetAllSCEVInLoopUnroll")]
    public static partial void PassBuilderOptionsSetForgetAllSCEVInLoopUnroll(LLVMOpaquePassBuilderOptions* Options,
        int ForgetAllSCEVInLoopUnroll);

    [LibraryImport(Library, EntryPoint = "LLVMPassBuilderOptionsSetLicmMssaOptCap")]
    public static partial void PassBuilderOptionsSetLicmMssaOptCap(LLVMOpaquePassBuilderOptions* Options, uint LicmMssaOptCap);

    [LibraryImport(Library, EntryPoint = "LLVMPassBuilderOptionsSetLicmMssaNoAccForPromotionCap")]
    public static partial void PassBuilderOptionsSetLicmMssaNoAccForPromotionCap(LLVMOpaquePassBuilderOptions* Options,
        uint LicmMssaNoAccForPromotionCap);

    [LibraryImport(Library, EntryPoint = "LLVMPassBuilderOptionsSetCallGraphProfile")]
    public static partial void PassBuilderOptionsSetCallGraphProfile(LLVMOpaquePassBuilderOptions* Options, int CallGraphProfile);

    [LibraryImport(Library, EntryPoint = "LLVMPassBuilderOptionsSetMergeFunctions")]
    public static partial void PassBuilderOptionsSetMergeFunctions(LLVMOpaquePassBuilderOptions* Options, int MergeFunctions);

    [LibraryImport(Library, EntryPoint = "LLVMPassBuilderOptionsSetInlinerThreshold")]
    public static partial void PassBuilderOptionsSetInlinerThreshold(LLVMOpaquePassBuilderOptions* Options, int Threshold);

    [LibraryImport(Library, EntryPoint = "LLVMDisposePassBuilderOptions")]
    public static partial void DisposePassBuilderOptions(LLVMOpaquePassBuilderOptions* Options);

    [LibraryImport(Library, EntryPoint = "LLVMRunPasses")]
    public static partial LLVMOpaqueError* RunPasses(LLVMOpaqueModule* M, sbyte* Passes, LLVMOpaqueTargetMachine* TM,
        LLVMOpaquePassBuilderOptions* Options);

    [LibraryImport(Library, EntryPoint = "LLVMConsumeError")]
    public static partial void ConsumeError(LLVMOpaqueError* Err);

    [LibraryImport(Library, EntryPoint = "LLVMGetErrorMessage")]
    public static partial sbyte* GetErrorMessage(LLVMOpaqueError* Err);

    [LibraryImport(Library, EntryPoint = "LLVMDisposeErrorMessage")]
    public static partial void DisposeErrorMessage(sbyte* ErrMsg);

    [LibraryImport(Library, EntryPoint = "LLVMCreateStringError")]
    public static partial LLVMOpaqueError* CreateStringError(sbyte* ErrMsg);

    [LibraryImport(Library, EntryPoint = "LLVMParseCommandLineOptions")]
    public static partial void ParseCommandLineOptions(int argc, sbyte** argv, sbyte* Overview);

    [LibraryImport(Library, EntryPoint = "LLVMInitializeX86TargetInfo")]
    public static partial void InitializeX86TargetInfo();

    [LibraryImport(Library, EntryPoint = "LLVMInitializeX86Target")]
    public static partial void InitializeX86Target();

    [LibraryImport(Library, EntryPoint = "LLVMInitializeX86TargetMC")]
    public static partial void InitializeX86TargetMC();

    [LibraryImport(Library, EntryPoint = "LLVMInitializeX86AsmPrinter")]
    public static partial void InitializeX86AsmPrinter();

    [LibraryImport(Library, EntryPoint = "LLVMInitializeX86AsmParser")]
    public static partial void InitializeX86AsmParser();

    [LibraryImport(Library, EntryPoint = "LLVMInitializeAArch64TargetInfo")]
    public static partial void InitializeAArch64TargetInfo();

    [LibraryImport(Library, EntryPoint = "LLVMInitializeAArch64Target")]
    public static partial void InitializeAArch64Target();

    [LibraryImport(Library, EntryPoint = "LLVMInitializeAArch64TargetMC")]
    public static partial void InitializeAArch64TargetMC();

    [LibraryImport(Library, EntryPoint = "LLVMInitializeAArch64AsmPrinter")]
    public static partial void InitializeAArch64AsmPrinter();

    [LibraryImport(Library, EntryPoint = "LLVMInitializeAArch64AsmParser")]
    public static partial void InitializeAArch64AsmParser();
}
