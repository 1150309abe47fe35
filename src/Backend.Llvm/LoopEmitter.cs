using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Emits one LoopIR kernel as an LLVM function
/// <c>void(ptr arguments…, ptr scratch…, i64 worker, i64 workers, ptr barrier)</c>.</summary>
/// <remarks>Inside a vector loop a value is uniform (a scalar) until it depends on the lane; control flow is always uniform.
/// Locals are allocas in the entry block, which LLVM promotes to registers.</remarks>
internal sealed partial class LoopEmitter
{
    private readonly ModuleEmitter _module;
    private readonly LLVMBuilderRef _builder;
    private readonly Kernel _kernel;
    private readonly LLVMValueRef _function;
    private readonly LLVMBasicBlockRef _entry;
    private readonly Dictionary<LoopBuffer, LLVMValueRef> _buffers = [];
    private readonly Dictionary<LoopVariable, LLVMValueRef> _variables = [];
    private readonly Dictionary<Local, LocalSlot> _locals = [];
    private readonly HashSet<Local> _updated = [];
    private LaneScope? _lanes;

    /// <summary>The vector loop being emitted.</summary>
    private sealed record LaneScope(LoopVariable Variable, uint Count, uint Active, LLVMValueRef Base, LLVMValueRef? Mask)
    {
        /// <summary>Vectors of partial results for locals declared outside of the loop.</summary>
        public Dictionary<Local, LLVMValueRef> Partials { get; init; } = [];
    }

    private LoopEmitter(ModuleEmitter module, Kernel kernel, string name, bool isPublic)
    {
        (_module, _builder, _kernel) = (module, module.Builder, kernel);
        var buffers = kernel.Arguments.Concat(kernel.Scratch).ToArray();
        _function = module.DeclareKernel(kernel, name, isPublic);
        for (var i = 0; i < buffers.Length; i++) _buffers[buffers[i]] = _function.GetParam((uint)i);
        var first = (uint)buffers.Length;
        (Worker, Workers, Barrier) = (_function.GetParam(first), _function.GetParam(first + 1), _function.GetParam(first + 2));
        _entry = _function.AppendBasicBlock("entry");
        FindUpdated(kernel.Body);
    }

    private LLVMValueRef Worker { get; }
    private LLVMValueRef Workers { get; }
    private LLVMValueRef Barrier { get; }

    /// <summary>Emits the kernel and gives the function.</summary>
    public static LLVMValueRef Emit(ModuleEmitter module, Kernel kernel, string name, bool isPublic = false)
    {
        var emitter = new LoopEmitter(module, kernel, name, isPublic);
        emitter.EmitFunction();
        return emitter._function;
    }

    private void EmitFunction()
    {
        var start = _function.AppendBasicBlock("start");
        _builder.PositionAtEnd(start);
        EmitAll(_kernel.Body);
        _builder.BuildRetVoid();
        _builder.PositionAtEnd(_entry);
        _builder.BuildBr(start);
    }

    private void EmitAll(IEnumerable<Statement> statements)
    {
        foreach (var statement in statements) Emit(statement);
    }

    private void Emit(Statement statement)
    {
        _shared.Clear();
        switch (statement)
        {
            case ForStatement loop: EmitFor(loop); break;
            case LetStatement let: EmitLet(let); break;
            case AssignStatement assign: EmitAssign(assign); break;
            case AccumulateStatement accumulate: EmitAccumulate(accumulate); break;
            case ChooseStatement choose: EmitChoose(choose); break;
            case StoreStatement store: EmitStore(store); break;
            case TransposeStatement transpose: EmitTranspose(transpose); break;
            case PrefetchStatement prefetch: EmitPrefetch(prefetch); break;
            case BarrierStatement: _module.EmitBarrier(_function, Barrier, Workers); break;
            default: throw new InternalCompilerException("emit", $"unknown statement {statement.GetType().Name}");
        }
    }

    private void EmitFor(ForStatement loop)
    {
        if (loop.Extent == 0) return;
        switch (loop.Kind)
        {
            case LoopKind.Vector when loop.Lanes > 1: EmitVectorLoop(loop); break;
            case LoopKind.Parallel or LoopKind.ParallelVector: EmitParallel(loop); break;
            case LoopKind.Serial when loop.Count is { } count:
                EmitRange(_module.Index(0), EmitIndex(count), i => EmitBody(loop, i));
                break;
            default: EmitUnrolled(loop); break;
        }
    }

    private void EmitUnrolled(ForStatement loop)
    {
        var (full, remainder) = Math.DivRem(loop.Extent, loop.Unroll);
        void Copies(LLVMValueRef first, long count)
        {
            for (var i = 0; i < count; i++)
            {
                // LLVM would begin with the loads of all of them, and spill (a 6 x 16 tile took 1.5 times as long).
                if (i > 0) _builder.BuildFence(LLVMAtomicOrdering.LLVMAtomicOrderingAcquireRelease, singleThread: true);
                EmitBody(loop, i == 0 ? first : _builder.BuildNUWAdd(first, _module.Index(i)));
            }
        }
        if (full > 0)
            EmitSerial(full, i => Copies(loop.Unroll == 1 ? i : _builder.BuildMul(i, _module.Index(loop.Unroll)), loop.Unroll));
        if (remainder > 0) Copies(_module.Index(full * loop.Unroll), remainder);
    }

    private void EmitBody(ForStatement loop, LLVMValueRef index)
    {
        _variables[loop.Variable] = index;
        EmitAll(loop.Body);
    }

    private void EmitVectorLoop(ForStatement loop)
    {
        var full = loop.Extent / loop.Lanes;
        var remainder = loop.Extent % loop.Lanes;
        var reduced = ReducedLocals(loop);
        var partials = NewPartials(reduced, (uint)loop.Lanes);
        if (full > 0) EmitSerial(full, i => EmitVector(loop, i, partials));
        if (remainder > 0)
        {
            // Partial results fix the width; otherwise the last vector is no wider than it must be.
            var lanes = reduced.Count > 0 ? (uint)loop.Lanes : System.Numerics.BitOperations.RoundUpToPowerOf2((uint)remainder);
            EmitLanes(loop, _module.Index(full * loop.Lanes), lanes, remainder, partials);
        }
        foreach (var r in reduced) CombineLanes(r, partials, (uint)loop.Lanes);
    }

    private void EmitVector(ForStatement loop, LLVMValueRef number, Dictionary<Local, LLVMValueRef> partials) =>
        EmitLanes(loop, _builder.BuildMul(number, _module.Index(loop.Lanes)), (uint)loop.Lanes, loop.Lanes, partials);

    private void EmitLanes(ForStatement loop, LLVMValueRef start, uint lanes, long active, Dictionary<Local, LLVMValueRef> partials)
    {
        _variables[loop.Variable] = start;
        if (lanes == 1)
        {
            EmitAll(loop.Body);
            return;
        }
        var mask = active == lanes ? (LLVMValueRef?)null : _module.LaneMask(lanes, active);
        var outer = _lanes;
        _lanes = new LaneScope(loop.Variable, lanes, (uint)active, start, mask) { Partials = partials };
        EmitAll(loop.Body);
        _lanes = outer;
    }

    /// <summary>Runs the body for 0 to a constant count of at least 1.</summary>
    private void EmitSerial(long count, Action<LLVMValueRef> body)
    {
        if (count == 1)
        {
            body(_module.Index(0));
            return;
        }
        EmitLoop(_module.Index(0), _module.Index(count), body);
    }

    /// <summary>Runs the body from begin to end, which may be empty.</summary>
    private void EmitRange(LLVMValueRef begin, LLVMValueRef end, Action<LLVMValueRef> body) =>
        EmitIf(_builder.BuildICmp(LLVMIntPredicate.LLVMIntULT, begin, end), () => EmitLoop(begin, end, body));

    private void EmitLoop(LLVMValueRef begin, LLVMValueRef end, Action<LLVMValueRef> body)
    {
        var before = _builder.InsertBlock;
        var (loop, exit) = (_function.AppendBasicBlock("loop"), _function.AppendBasicBlock("exit"));
        _builder.BuildBr(loop);
        _builder.PositionAtEnd(loop);
        var index = _builder.BuildPhi(_module.Int64);
        body(index);
        var next = _builder.BuildNUWAdd(index, _module.Index(1));
        var latch = _builder.InsertBlock;
        _builder.BuildCondBr(_builder.BuildICmp(LLVMIntPredicate.LLVMIntULT, next, end), loop, exit);
        index.AddIncoming([begin, next], [before, latch], 2);
        _builder.PositionAtEnd(exit);
    }

    private void EmitLet(LetStatement let)
    {
        var value = EmitExpr(let.Value);
        // What is updated by lanes later is a vector from the start.
        var isVector = value.IsVector || (_lanes is not null && _updated.Contains(let.Local));
        if (isVector) value = Widen(value);
        var type = value.Value.TypeOf;
        var slot = new LocalSlot([.. Enumerable.Range(0, let.Local.Elements).Select(_ => NewAlloca(type))], type, isVector);
        _locals[let.Local] = slot;
        foreach (var element in slot.Elements) _builder.BuildStore(value.Value, element);
    }

    private void FindUpdated(IEnumerable<Statement> statements)
    {
        foreach (var statement in statements)
        {
            if (statement is AccumulateStatement accumulate) _updated.Add(accumulate.Local);
            else if (statement is ChooseStatement choose) _updated.UnionWith([choose.Local, choose.Index]);
            else if (statement is AssignStatement assign) _updated.Add(assign.Local);
            FindUpdated(statement.Nested);
        }
    }

    private void EmitAssign(AssignStatement assign)
    {
        var slot = _locals[assign.Local];
        var value = EmitExpr(assign.Value);
        _builder.BuildStore(slot.IsVector ? Widen(value).Value : value.Value, slot.Elements[assign.Element]);
    }

    private LLVMValueRef NewAlloca(LLVMTypeRef type)
    {
        var current = _builder.InsertBlock;
        _builder.PositionAtEnd(_entry);
        var alloca = _builder.BuildAlloca(type);
        _builder.PositionAtEnd(current);
        return alloca;
    }
}
