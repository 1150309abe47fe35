using LLVMSharp.Interop;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Backend.Llvm;

/// <content>Accumulations, and what lanes of a vector loop have accumulated.</content>
internal sealed partial class LoopEmitter
{
    /// <summary>What the lanes of a loop reduce to: a local declared outside of it, and the local of its index if that is chosen with
    /// it.</summary>
    private readonly record struct ReducedLocal(Local Local, Local? Index, ReductionKind Kind);

    private void EmitAccumulate(AccumulateStatement accumulate)
    {
        var value = EmitExpr(accumulate.Value);
        if (_lanes is { } lanes && lanes.Partials.TryGetValue(accumulate.Local, out var partial))
        {
            var identity = Identity(accumulate.Kind, accumulate.Local.DType);
            var vector = Widen(value).Value;
            if (lanes.Mask is { } mask) vector = _builder.BuildSelect(mask, vector, ModuleEmitter.Splat(identity, lanes.Count));
            var old = _builder.BuildLoad2(vector.TypeOf, partial);
            _builder.BuildStore(Combine(accumulate.Kind, accumulate.Local.DType, old, vector), partial);
            return;
        }
        var slot = _locals[accumulate.Local];
        var sum = _builder.BuildLoad2(slot.Type, slot.Elements[0]);
        var term = slot.IsVector ? Widen(value).Value : value.Value;
        _builder.BuildStore(Combine(accumulate.Kind, accumulate.Local.DType, sum, term), slot.Elements[0]);
    }

    private void EmitChoose(ChooseStatement choose)
    {
        var (value, at) = (EmitExpr(choose.Value), EmitExpr(choose.At));
        if (_lanes is { } lanes && lanes.Partials.TryGetValue(choose.Local, out var partial))
        {
            var chosen = (Widen(value).Value, Widen(at).Value);
            Choose(choose.Kind, choose.Local.DType, (partial, lanes.Partials[choose.Index]), chosen, lanes.Mask);
            return;
        }
        var slot = _locals[choose.Local];
        Choose(choose.Kind, choose.Local.DType, (slot.Elements[0], _locals[choose.Index].Elements[0]),
            slot.IsVector ? (Widen(value).Value, Widen(at).Value) : (value.Value, at.Value), null);
    }

    // Stores a value and its index where they are chosen over those that are there.
    private void Choose(ReductionKind kind, DType type, (LLVMValueRef Value, LLVMValueRef Index) to,
        (LLVMValueRef Value, LLVMValueRef Index) x, LLVMValueRef? mask)
    {
        var old = (Value: _builder.BuildLoad2(x.Value.TypeOf, to.Value), Index: _builder.BuildLoad2(x.Index.TypeOf, to.Index));
        var isChosen = IsChosen(kind, type, x, old);
        if (mask is { } active) isChosen = _builder.BuildAnd(isChosen, active);
        _builder.BuildStore(_builder.BuildSelect(isChosen, x.Value, old.Value), to.Value);
        _builder.BuildStore(_builder.BuildSelect(isChosen, x.Index, old.Index), to.Index);
    }

    // A total order of values and indices, so any order of choices gives the same pair.
    private LLVMValueRef IsChosen(ReductionKind kind, DType type, (LLVMValueRef Value, LLVMValueRef Index) x,
        (LLVMValueRef Value, LLVMValueRef Index) y)
    {
        var isBeyond = Compare(kind == ReductionKind.Max ? CompareKind.Gt : CompareKind.Lt, type, x.Value, y.Value);
        var isEqual = Compare(CompareKind.Eq, type, x.Value, y.Value);
        if (type.IsFloating)
        {
            var (isNaN, wasNaN) = (Compare(CompareKind.Ne, type, x.Value, x.Value), Compare(CompareKind.Ne, type, y.Value, y.Value));
            isBeyond = _builder.BuildOr(isBeyond, _builder.BuildAnd(isNaN, _builder.BuildNot(wasNaN)));
            isEqual = _builder.BuildOr(isEqual, _builder.BuildAnd(isNaN, wasNaN));
        }
        var isBefore = Compare(CompareKind.Lt, DType.I32, x.Index, y.Index);
        return _builder.BuildOr(isBeyond, _builder.BuildAnd(isEqual, isBefore));
    }

    /// <summary>Locals declared outside of a vector loop that its body accumulates into.</summary>
    private static List<ReducedLocal> ReducedLocals(ForStatement loop)
    {
        var declared = new HashSet<Local>();
        var found = new List<ReducedLocal>();
        void Add(ReducedLocal reduced)
        {
            if (!declared.Contains(reduced.Local) && !found.Contains(reduced)) found.Add(reduced);
        }
        void Visit(IEnumerable<Statement> statements)
        {
            foreach (var statement in statements)
            {
                if (statement is LetStatement let) declared.Add(let.Local);
                else if (statement is AccumulateStatement a) Add(new(a.Local, null, a.Kind));
                else if (statement is ChooseStatement c) Add(new(c.Local, c.Index, c.Kind));
                Visit(statement.Nested);
            }
        }
        Visit(loop.Body);
        return found;
    }

    private Dictionary<Local, LLVMValueRef> NewPartials(List<ReducedLocal> reduced, uint lanes)
    {
        var partials = new Dictionary<Local, LLVMValueRef>();
        foreach (var (local, index, kind) in reduced)
        {
            partials[local] = NewPartial(Identity(kind, local.DType), lanes);
            if (index is not null) partials[index] = NewPartial(_module.Constant(index.DType, index.DType.Highest), lanes);
        }
        return partials;
    }

    private LLVMValueRef NewPartial(LLVMValueRef identity, uint lanes)
    {
        var start = ModuleEmitter.Splat(identity, lanes);
        var partial = NewAlloca(start.TypeOf);
        _builder.BuildStore(start, partial);
        return partial;
    }

    // Halves are combined until one lane is left: an order that depends on the width alone.
    private void CombineLanes(ReducedLocal reduced, Dictionary<Local, LLVMValueRef> partials, uint lanes)
    {
        var (local, index, kind) = reduced;
        var value = LoadLanes(local, partials, lanes);
        var at = index is null ? default : LoadLanes(index, partials, lanes);
        for (var width = lanes; width > 1; width /= 2)
        {
            var (low, high) = Halves(value, width);
            if (index is null)
            {
                value = Combine(kind, local.DType, low, high);
                continue;
            }
            var (lowAt, highAt) = Halves(at, width);
            var isLow = IsChosen(kind, local.DType, (low, lowAt), (high, highAt));
            (value, at) = (_builder.BuildSelect(isLow, low, high), _builder.BuildSelect(isLow, lowAt, highAt));
        }
        value = _builder.BuildExtractElement(value, _module.Int32Constant(0));
        var slot = _locals[local];
        if (index is null)
        {
            var old = _builder.BuildLoad2(slot.Type, slot.Elements[0]);
            _builder.BuildStore(Combine(kind, local.DType, old, value), slot.Elements[0]);
            return;
        }
        at = _builder.BuildExtractElement(at, _module.Int32Constant(0));
        Choose(kind, local.DType, (slot.Elements[0], _locals[index].Elements[0]), (value, at), null);
    }

    private LLVMValueRef LoadLanes(Local local, Dictionary<Local, LLVMValueRef> partials, uint lanes) =>
        _builder.BuildLoad2(LLVMTypeRef.CreateVector(_module.TypeOf(local.DType), lanes), partials[local]);

    private (LLVMValueRef Low, LLVMValueRef High) Halves(LLVMValueRef vector, uint width) =>
        (_builder.TakeLanes(vector, 0, width / 2), _builder.TakeLanes(vector, width / 2, width / 2));

    private LLVMValueRef Combine(ReductionKind kind, DType type, LLVMValueRef x, LLVMValueRef y) => kind switch
    {
        ReductionKind.Sum => Binary(BinaryKind.Add, type, x, y),
        ReductionKind.Product => Binary(BinaryKind.Mul, type, x, y),
        ReductionKind.Max => MinMax(BinaryKind.Max, type, x, y),
        _ => MinMax(BinaryKind.Min, type, x, y),
    };

    private LLVMValueRef Identity(ReductionKind kind, DType type) => _module.Constant(type, kind switch
    {
        ReductionKind.Sum => 0,
        ReductionKind.Product => 1,
        ReductionKind.Max => type.Lowest,
        _ => type.Highest,
    });
}
