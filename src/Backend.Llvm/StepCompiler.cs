using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Compiles a lowered program to an object whose symbol <see cref="EntryName"/> is the whole step.</summary>
public static class StepCompiler
{
    /// <summary>The step: <c>void(void** buffers, byte* arena, i64 worker, i64 workers, void* barrier)</c>, entered by every worker.</summary>
    public const string EntryName = "sgc_step";

    /// <summary>Compiles to a relocatable object; when <paramref name="dumpDirectory"/> is given LLVM IR and assembly are written there.</summary>
    /// <exception cref="BackendException">SGC4001 to SGC4004: LLVM is missing, of the wrong version, or refuses the code.</exception>
    public static byte[] Compile(LoopProgram program, TargetInfo target, string? dumpDirectory = null)
    {
        var (code, ir, assembly) = Compile([(EntryName, program)], target, withText: dumpDirectory is not null);
        if (dumpDirectory is not null)
        {
            Directory.CreateDirectory(dumpDirectory);
            File.WriteAllText(Path.Combine(dumpDirectory, $"{program.Name}.ll"), ir);
            File.WriteAllText(Path.Combine(dumpDirectory, $"{program.Name}.s"), assembly);
        }
        return code;
    }

    /// <summary>Compiles several programs to one object, each with an entry symbol of its own.</summary>
    /// <param name="programs">Entry symbols and what they run.</param>
    /// <param name="target">What to compile for.</param>
    /// <param name="withText">Whether LLVM IR and assembly are wanted too; they are empty otherwise.</param>
    /// <exception cref="BackendException">As for one program.</exception>
    public static (byte[] Object, string LlvmIr, string Assembly) Compile(
        IReadOnlyList<(string Entry, LoopProgram Program)> programs, TargetInfo target, bool withText = false)
    {
        LlvmLibrary.Load();
        using var module = new ModuleEmitter(programs[0].Program.Name, target);
        foreach (var (entry, program) in programs) EmitStep(module, program, entry);
        var ir = withText ? module.Module.PrintToString() : "";
        var assembly = withText ? Jit.CompileToAssembly(module.Module, target) : "";
        return (Jit.CompileToObject(module.Module, target), ir, assembly);
    }

    /// <summary>Compiles to several objects that are linked together, one for each processor, side by side: code generation is
    /// nearly all of a compilation.</summary>
    /// <exception cref="BackendException">As <see cref="Compile(LoopProgram, TargetInfo, string)"/>.</exception>
    public static byte[][] CompileParts(LoopProgram program, TargetInfo target)
    {
        LlvmLibrary.Load();
        var table = new KernelTable(program);
        var parts = table.Split(Environment.ProcessorCount);
        byte[] CompilePart(int part)
        {
            using var module = new ModuleEmitter(program.Name, target);
            var functions = table.Kernels.Select((kernel, i) => parts[part].Contains(i) ? LoopEmitter.Emit(module, kernel, table.NameOf(i), isPublic: true)
                : part == 0 ? module.DeclareKernel(kernel, table.NameOf(i)) : default).ToArray();
            if (part == 0) EmitStep(module, program, EntryName, table, functions);
            return Jit.CompileToObject(module.Module, target);
        }
        return Task.WhenAll(parts.Select((_, i) => Task.Run(() => CompilePart(i)))).GetAwaiter().GetResult();
    }

    private static void EmitStep(ModuleEmitter module, LoopProgram program, string entry)
    {
        var table = new KernelTable(program);
        var functions = table.Kernels.Select((kernel, i) => LoopEmitter.Emit(module, kernel, table.NameOf(i))).ToArray();
        EmitStep(module, program, entry, table, functions);
    }

    private static void EmitStep(ModuleEmitter module, LoopProgram program, string entry, KernelTable table, LLVMValueRef[] functions)
    {
        var constants = program.Constants.Select((c, i) => EmitConstant(module, c, i)).ToArray();
        var step = module.AddFunction(entry, [module.Pointer, module.Pointer, module.Int64, module.Int64, module.Pointer], isPublic: true);
        var emitter = new CallEmitter(module, program, step, constants);
        module.Builder.PositionAtEnd(step.AppendBasicBlock("entry"));
        SubnormalFlush? flush = program.KeepsSubnormals ? null : new(module);
        for (var i = 0; i < program.Calls.Length; i++) emitter.Emit(i, program.Calls[i], functions[table.KernelOfCall[i]]);
        emitter.Finish();
        flush?.Restore();
        module.Builder.BuildRetVoid();
    }

    /// <summary>The kernels of a program, those that read the same but for their operands counted once.</summary>
    private sealed class KernelTable
    {
        private readonly List<Kernel> _kernels = [];
        private readonly List<int> _lengths = [];

        public KernelTable(LoopProgram program)
        {
            var numbers = new Dictionary<string, int>();
            foreach (var call in program.Calls)
            {
                var text = LoopPrinter.Print(call.Kernel);
                if (numbers.TryAdd(text, _kernels.Count))
                {
                    _kernels.Add(call.Kernel);
                    _lengths.Add(text.Length);
                }
                KernelOfCall.Add(numbers[text]);
            }
        }

        public IReadOnlyList<Kernel> Kernels => _kernels;
        public List<int> KernelOfCall { get; } = [];

        public string NameOf(int kernel) => $"k{kernel}.{_kernels[kernel].Name}";

        /// <summary>At least one part; the longest text that is left goes to the part with the least.</summary>
        public List<List<int>> Split(int most)
        {
            var parts = Enumerable.Range(0, Math.Clamp(_kernels.Count, 1, most)).Select(_ => new List<int>()).ToList();
            foreach (var i in Enumerable.Range(0, _kernels.Count).OrderByDescending(i => _lengths[i]))
                parts.MinBy(p => p.Sum(k => _lengths[k]))!.Add(i);
            return parts;
        }
    }

    private static LLVMValueRef EmitConstant(ModuleEmitter module, Literal literal, int number)
    {
        var type = module.StoredTypeOf(literal.Type.DType);
        LLVMValueRef Element(Scalar v) => literal.Type.DType == DType.Bool
            ? LLVMValueRef.CreateConstInt(type, v != 0 ? 1ul : 0ul) : module.Constant(literal.Type.DType, v);
        // LLVM has no vectors of no elements; element 0 of an empty tensor may be read under a false guard.
        var elements = Enumerable.Range(0, (int)literal.Type.Shape.ElementCount).Select(i => literal[i]).DefaultIfEmpty();
        var values = LLVMValueRef.CreateConstVector([.. elements.Select(Element)]);
        var global = module.Module.AddGlobal(values.TypeOf, $"constant{number}");
        global.Initializer = values;
        global.IsGlobalConstant = true;
        global.Linkage = LLVMLinkage.LLVMInternalLinkage;
        global.SetAlignment(64);
        return global;
    }

    /// <summary>Emits the calls of a step: addresses, barriers, and who takes part.</summary>
    private sealed class CallEmitter(ModuleEmitter module, LoopProgram program, LLVMValueRef step, LLVMValueRef[] constants)
    {
        private readonly LLVMValueRef _buffers = step.GetParam(0);
        private readonly LLVMValueRef _arena = step.GetParam(1);
        private readonly LLVMValueRef _worker = step.GetParam(2);
        private readonly LLVMValueRef _workers = step.GetParam(3);
        private readonly LLVMValueRef _barrier = step.GetParam(4);
        private LLVMValueRef _lastTicks;

        public void Emit(int number, KernelCall call, LLVMValueRef function)
        {
            var builder = module.Builder;
            if (call.NeedsBarrier) module.EmitBarrier(step, _barrier, _workers);
            CountTicks(number - 1);
            if (call.IsParallel)
            {
                Call(call, function, _worker, _workers);
                return;
            }
            // A kernel too small to share is the first worker's; the others go on to the next barrier.
            var (alone, after) = (step.AppendBasicBlock("alone"), step.AppendBasicBlock("after"));
            builder.BuildCondBr(builder.BuildICmp(LLVMIntPredicate.LLVMIntEQ, _worker, module.Index(0)), alone, after);
            builder.PositionAtEnd(alone);
            Call(call, function, module.Index(0), module.Index(1));
            builder.BuildBr(after);
            builder.PositionAtEnd(after);
        }

        /// <summary>Ends the last call.</summary>
        public void Finish()
        {
            if (program.TicksOffset is null) return;
            module.EmitBarrier(step, _barrier, _workers);
            CountTicks(program.Calls.Length - 1);
        }

        // On the first worker's clock, from where it begins a call to where it begins the next: waiting at a meeting included.
        private void CountTicks(int call)
        {
            if (program.TicksOffset is not { } offset) return;
            var builder = module.Builder;
            var now = builder.CallIntrinsic("llvm.readcyclecounter", []);
            if (call >= 0)
            {
                var slot = builder.BuildGEP2(module.Byte, _arena, [module.Index(offset + sizeof(long) * call)]);
                var isFirst = builder.BuildICmp(LLVMIntPredicate.LLVMIntEQ, _worker, module.Index(0));
                var added = builder.BuildSelect(isFirst, builder.BuildSub(now, _lastTicks), module.Index(0));
                builder.BuildAtomicRMW(LLVMAtomicRMWBinOp.LLVMAtomicRMWBinOpAdd, slot, added, LLVMAtomicOrdering.LLVMAtomicOrderingAcquireRelease, false);
            }
            _lastTicks = now;
        }

        private void Call(KernelCall call, LLVMValueRef function, LLVMValueRef worker, LLVMValueRef workers)
        {
            List<LLVMValueRef> arguments = [.. call.Arguments.Select(Address)];
            var (shared, own) = (program.SharedScratch, program.WorkerScratch);
            foreach (var scratch in call.Kernel.Scratch)
            {
                var isShared = scratch.Scope == BufferScope.Shared;
                var offset = module.Index(isShared ? shared : own);
                if (!isShared)
                    offset = module.Builder.BuildAdd(offset, module.Builder.BuildMul(worker, module.Index(program.WorkerScratchBytes)));
                arguments.Add(module.Builder.BuildGEP2(module.Byte, _arena, [offset]));
                if (isShared) shared += scratch.AlignedBytes; else own += scratch.AlignedBytes;
            }
            arguments.AddRange([worker, workers, _barrier]);
            LLVMTypeRef[] types = [.. arguments.Select(a => a.TypeOf)];
            module.Builder.BuildCall2(module.FunctionType(types), function, arguments.ToArray());
        }

        private LLVMValueRef Address(Storage storage) => storage.Kind switch
        {
            StorageKind.External => module.Builder.BuildLoad2(module.Pointer, module.Builder.BuildGEP2(module.Pointer, _buffers, [module.Index(storage.Index)])),
            StorageKind.Arena => module.Builder.BuildGEP2(module.Byte, _arena, [module.Index(storage.Index)]),
            _ => constants[storage.Index],
        };
    }
}
