using System.Globalization;
using System.Text;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Compiles a lowered program to an object whose symbol <see cref="EntryName"/> is the whole step.</summary>
public static class StepCompiler
{
    /// <summary>The step: <c>void(void** buffers, byte* arena, i64 worker, i64 workers, void* barrier)</c>, entered by every
    /// worker.</summary>
    public const string EntryName = "sgc_step";

    /// <summary>Most calls of kernels in one function: the time of LLVM's register allocation grows faster than linearly with a
    /// function's size.</summary>
    private const int CallsPerFunction = 64;

    /// <summary>A kernel's text tells only roughly how long LLVM takes: a processor that is done early takes another part.</summary>
    private const int PartsPerProcessor = 3;

    /// <summary>Compiles to a relocatable object; LLVM IR, assembly and the schedules of kernels are written to
    /// <paramref name="dumpDirectory"/>, if any.</summary>
    /// <exception cref="BackendException">SGC4001 to SGC4004: LLVM is missing, of the wrong version, or refuses the code.</exception>
    /// <exception cref="GraphException">SGC3002: a dump cannot be written.</exception>
    public static byte[] Compile(LoopProgram program, TargetInfo target, string? dumpDirectory = null)
    {
        var (code, ir, assembly) = Compile([(EntryName, program)], target, withText: dumpDirectory is not null);
        if (dumpDirectory is not null)
        {
            DumpFolder.Write(dumpDirectory, program.Name, "ll", ir);
            DumpFolder.Write(dumpDirectory, program.Name, "s", assembly);
            DumpFolder.Write(dumpDirectory, program.Name, "schedules.txt", new KernelTable(program).Schedules());
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

    /// <summary>Compiles to several objects that are linked together, on all processors: code generation is nearly all of a
    /// compilation.</summary>
    /// <exception cref="BackendException">As <see cref="Compile(LoopProgram, TargetInfo, string)"/>.</exception>
    public static byte[][] CompileParts(LoopProgram program, TargetInfo target)
    {
        LlvmLibrary.Load();
        var table = new KernelTable(program);
        var parts = table.Split(Environment.ProcessorCount * PartsPerProcessor);
        byte[] CompilePart(int part)
        {
            using var module = new ModuleEmitter(program.Name, target);
            var functions = table.Kernels.Select((kernel, i) =>
                parts[part].Contains(i) ? LoopEmitter.Emit(module, kernel, table.NameOf(i), isPublic: true)
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
        var constants = program.Constants.Select(module.Constants.Emit).ToArray();
        LLVMTypeRef[] parameters = [module.Pointer, module.Pointer, module.Int64, module.Int64, module.Pointer];
        LLVMValueRef EmitPart(string name, Range calls)
        {
            var part = module.AddFunction(name, parameters, isPublic: name == entry);
            module.Builder.PositionAtEnd(part.AppendBasicBlock("entry"));
            SubnormalFlush? flush = program.KeepsSubnormals || name != entry ? null : new(module);
            var emitter = new CallEmitter(module, program, part, constants);
            var (first, count) = calls.GetOffsetAndLength(program.Calls.Length);
            for (var i = first; i < first + count; i++)
                emitter.Emit(i, program.Calls[i], functions[table.KernelOfCall[i]], isFirst: i == first && first > 0);
            emitter.Finish(first + count);
            flush?.Restore();
            module.Builder.BuildRetVoid();
            return part;
        }
        if (program.Calls.Length <= CallsPerFunction)
        {
            EmitPart(entry, ..);
            return;
        }
        var parts = program.Calls.Chunk(CallsPerFunction)
            .Select((c, i) => EmitPart($"{entry}.{i}", (i * CallsPerFunction)..(i * CallsPerFunction + c.Length))).ToArray();
        EmitCalls(module, program, entry, parameters, parts);
    }

    // The parts of a long step, one after the other.
    private static void EmitCalls(ModuleEmitter module, LoopProgram program, string entry, LLVMTypeRef[] parameters, LLVMValueRef[] parts)
    {
        var step = module.AddFunction(entry, parameters, isPublic: true);
        module.Builder.PositionAtEnd(step.AppendBasicBlock("entry"));
        SubnormalFlush? flush = program.KeepsSubnormals ? null : new(module);
        LLVMValueRef[] arguments = [.. parameters.Select((_, i) => step.GetParam((uint)i))];
        foreach (var part in parts) module.Builder.BuildCall2(module.FunctionType(parameters), part, arguments);
        flush?.Restore();
        module.Builder.BuildRetVoid();
    }

    /// <summary>The kernels of a program; those that differ in their operands only are one.</summary>
    private sealed class KernelTable
    {
        private readonly List<Kernel> _kernels = [];
        private readonly List<int> _lengths = [];

        public KernelTable(LoopProgram program)
        {
            var texts = new KernelTexts();
            foreach (var call in program.Calls)
            {
                var number = texts.NumberOf(call.Kernel);
                if (number == _kernels.Count)
                {
                    _kernels.Add(call.Kernel);
                    _lengths.Add(texts[number].Length);
                }
                KernelOfCall.Add(number);
            }
        }

        public IReadOnlyList<Kernel> Kernels => _kernels;
        public List<int> KernelOfCall { get; } = [];

        /// <summary>For each kernel with a choice the ways that there were, the one that was taken marked.</summary>
        public string Schedules()
        {
            var text = new StringBuilder();
            for (var i = 0; i < _kernels.Count; i++)
                if (_kernels[i].Choice is { } choice)
                {
                    var lines = string.Join(", ", _kernels[i].Locations.Where(l => l.IsKnown).Select(l => $"{l}").Distinct());
                    text.Append(CultureInfo.InvariantCulture, $"{NameOf(i)} ({lines}): {choice.Task}\n");
                    for (var way = 0; way < choice.Ways.Length; way++)
                        text.Append(CultureInfo.InvariantCulture, $"  {(way == choice.Taken ? '*' : ' ')} {choice.Ways[way]}\n");
                }
            return text.ToString();
        }

        public string NameOf(int kernel) => $"k{kernel}.{_kernels[kernel].Name}";

        /// <summary>At least one part; the longest text that is left goes to the part with the least.</summary>
        public List<List<int>> Split(int most)
        {
            var parts = Enumerable.Range(0, Math.Clamp(_kernels.Count, 1, most)).Select(_ => new List<int>()).ToList();
            var totals = new long[parts.Count];
            foreach (var i in Enumerable.Range(0, _kernels.Count).OrderByDescending(i => _lengths[i]))
            {
                var least = Array.IndexOf(totals, totals.Min());
                parts[least].Add(i);
                totals[least] += _lengths[i];
            }
            return parts;
        }
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

        /// <summary>Emits a call.</summary>
        /// <param name="number">Of the call.</param>
        /// <param name="call">What is called, and with what.</param>
        /// <param name="function">The kernel's code.</param>
        /// <param name="isFirst">Whether an earlier function has ended the call before this one.</param>
        public void Emit(int number, KernelCall call, LLVMValueRef function, bool isFirst)
        {
            var builder = module.Builder;
            if (!isFirst) End(number - 1, call);
            else if (program.TicksOffset is not null) CountTicks(-1);
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

        /// <summary>Ends the last call of a function.</summary>
        /// <param name="next">Number of the call that follows, in another function; the number of calls if there is none.</param>
        public void Finish(int next)
        {
            if (next < program.Calls.Length) End(next - 1, program.Calls[next]);
            else if (program.TicksOffset is not null)
            {
                module.EmitBarrier(step, _barrier, _workers);
                CountTicks(next - 1);
            }
        }

        private void End(int call, KernelCall next)
        {
            if (next.NeedsBarrier) module.EmitBarrier(step, _barrier, _workers);
            CountTicks(call);
        }

        // On the first worker's clock, from the beginning of a call to the beginning of the next, waiting at a barrier included.
        private void CountTicks(int call)
        {
            if (program.TicksOffset is not { } offset) return;
            var builder = module.Builder;
            // The counter would be read while the call is still running: processors look hundreds of instructions ahead.
            builder.CallIntrinsic("llvm.x86.sse2.lfence", []);
            var now = builder.CallIntrinsic("llvm.readcyclecounter", []);
            if (call >= 0)
            {
                var slot = builder.BuildGEP2(module.Byte, _arena, [module.Index(offset + sizeof(long) * call)]);
                var isFirst = builder.BuildICmp(LLVMIntPredicate.LLVMIntEQ, _worker, module.Index(0));
                var added = builder.BuildSelect(isFirst, builder.BuildSub(now, _lastTicks), module.Index(0));
                builder.BuildAtomicRMW(LLVMAtomicRMWBinOp.LLVMAtomicRMWBinOpAdd, slot, added,
                    LLVMAtomicOrdering.LLVMAtomicOrderingAcquireRelease, false);
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
            StorageKind.External => module.Builder.BuildLoad2(module.Pointer,
                module.Builder.BuildGEP2(module.Pointer, _buffers, [module.Index(storage.Index)])),
            StorageKind.Arena => module.Builder.BuildGEP2(module.Byte, _arena, [module.Index(storage.Index)]),
            _ => constants[storage.Index],
        };
    }
}
