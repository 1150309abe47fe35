using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <content>Loads and stores: scalar, contiguous, masked by constants, gathered.</content>
internal sealed partial class LoopEmitter
{
    private EmittedValue EmitLoad(LoadExpr load)
    {
        var guard = EmitGuard(load.Guard);
        var stride = _lanes is null ? 0 : StrideOf(load.Position);
        if (load.Copies > 1 && _lanes is { } lanes && lanes.Count % load.Copies == 0) return EmitBroadcast(load, lanes.Count);
        if (stride == 0 && guard.Varying is null) return EmitScalarLoad(load, guard.Uniform);
        var value = guard.Uniform is { } uniform
            ? EmitChoice(uniform, () => EmitVectorLoad(load, stride, guard.Varying),
                LLVMValueRef.CreateConstNull(VectorTypeOf(load.Buffer)))
            : EmitVectorLoad(load, stride, guard.Varying);
        return new(FromStored(load.Buffer.DType, value), true);
    }

    // Where the guard is false, element 0 is read instead and replaced by zero: every buffer has one.
    private EmittedValue EmitScalarLoad(LoadExpr load, LLVMValueRef? guard)
    {
        var (stored, pointer) = (_module.StoredTypeOf(load.Buffer.DType), _buffers[load.Buffer]);
        var address = guard is { } g
            ? _builder.BuildGEP2(stored, pointer, [_builder.BuildSelect(g, EmitIndex(load.Position), _module.Index(0))])
            : EmitAddress(load.Position, stored, pointer);
        var value = _builder.BuildLoad2(stored, address);
        value.SetAlignment((uint)load.Buffer.DType.Bytes);
        var element = FromStored(load.Buffer.DType, value);
        if (guard is { } h) element = _builder.BuildSelect(h, element, LLVMValueRef.CreateConstNull(element.TypeOf));
        return new(element, false);
    }

    // As a number of the bytes of all copies, which one instruction loads and copies.
    private EmittedValue EmitBroadcast(LoadExpr load, uint lanes)
    {
        var address = EmitAddress(load.Position, _module.StoredTypeOf(load.Buffer.DType), _buffers[load.Buffer]);
        var copies = _builder.BuildLoad2(_module.TypeOf(DType.F64), address);
        copies.SetAlignment(LoadExpr.CopiedBytes);
        return new(_builder.BuildBitCast(_module.SplatOf(copies, lanes / (uint)load.Copies), VectorTypeOf(load.Buffer)), true);
    }

    private LLVMValueRef EmitVectorLoad(LoadExpr load, long? stride, LLVMValueRef? varying)
    {
        if (stride != 1) return EmitGather(load, stride, MaskWith(varying));
        var (stored, type) = (_module.StoredTypeOf(load.Buffer.DType), VectorTypeOf(load.Buffer));
        LLVMValueRef Neighbours(LLVMValueRef? mask) =>
            LoadVector(load.Buffer, type, EmitAddress(load.Position, stored, _buffers[load.Buffer]), mask);
        if (varying is not { IsConstant: false } guard) return Neighbours(MaskWith(varying));
        return EmitChoice(AllActive(guard), () => Neighbours(_lanes!.Mask),
            () => EmitChoice(AnyActive(guard), () => EmitGather(load, stride, MaskWith(guard)), LLVMValueRef.CreateConstNull(type)));
    }

    // Lanes that are not active read element 0.
    private LLVMValueRef EmitGather(LoadExpr load, long? stride, LLVMValueRef? active)
    {
        var (lanes, type, zero) = (_lanes!.Count, VectorTypeOf(load.Buffer), LLVMValueRef.CreateConstNull(VectorTypeOf(load.Buffer)));
        var positions = EmitPositions(load.Position, stride);
        var varying = active is { IsConstant: false } ? active : null;
        if (varying is { } v) positions = _builder.BuildSelect(v, positions, LLVMValueRef.CreateConstNull(positions.TypeOf));
        var addresses = _builder.BuildGEP2(_module.StoredTypeOf(load.Buffer.DType), _buffers[load.Buffer], [positions]);
        var mask = varying is null && active is { } constant ? constant : _module.LaneMask(lanes, lanes);
        var value = _builder.CallIntrinsic("llvm.masked.gather", [type, addresses.TypeOf], addresses, AlignmentOf(load.Buffer), mask, zero);
        return varying is { } w ? _builder.BuildSelect(w, value, zero) : value;
    }

    private void EmitStore(StoreStatement store)
    {
        var guard = EmitGuard(store.Guard);
        if (guard.Uniform is { } uniform) EmitIf(uniform, () => EmitStore(store, guard.Varying));
        else EmitStore(store, guard.Varying);
    }

    private void EmitStore(StoreStatement store, LLVMValueRef? varying)
    {
        var (buffer, stored) = (store.Buffer, _module.StoredTypeOf(store.Buffer.DType));
        var value = EmitExpr(store.Value);
        var stride = _lanes is null ? 0 : StrideOf(store.Position);
        LLVMValueRef Address() => EmitAddress(store.Position, stored, _buffers[buffer]);
        if (stride == 0 && !value.IsVector && varying is null)
        {
            _builder.BuildStore(ToStored(buffer.DType, value.Value), Address()).SetAlignment((uint)buffer.DType.Bytes);
            return;
        }
        var vector = ToStored(buffer.DType, Widen(value).Value);
        if (stride != 1) EmitScatter(store, stride, vector, MaskWith(varying));
        else if (varying is null) StoreActive(buffer, vector, Address());
        else if (varying is not { IsConstant: false } guard) StoreVector(buffer, vector, Address(), MaskWith(varying));
        else
            EmitIf(AllActive(guard), () => StoreActive(buffer, vector, Address()),
                () => EmitIf(AnyActive(guard), () => EmitScatter(store, stride, vector, MaskWith(guard))));
    }

    // Lanes that are not active write to a variable that nothing reads.
    private void EmitScatter(StoreStatement store, long? stride, LLVMValueRef vector, LLVMValueRef? active)
    {
        var (lanes, stored) = (_lanes!.Count, _module.StoredTypeOf(store.Buffer.DType));
        var addresses = _builder.BuildGEP2(stored, _buffers[store.Buffer], [EmitPositions(store.Position, stride)]);
        var varying = active is { IsConstant: false } ? active : null;
        if (varying is { } v) addresses = _builder.BuildSelect(v, addresses, _module.SplatOf(NewAlloca(stored), lanes));
        var mask = varying is null && active is { } constant ? constant : _module.LaneMask(lanes, lanes);
        _builder.CallIntrinsic("llvm.masked.scatter", [vector.TypeOf, addresses.TypeOf],
            vector, addresses, AlignmentOf(store.Buffer), mask);
    }

    // For reading (0), as data (1); LLVM's locality is 3 for the first level of cache and 2 for the second.
    private void EmitPrefetch(PrefetchStatement prefetch)
    {
        var address = EmitAddress(prefetch.Position, _module.StoredTypeOf(prefetch.Buffer.DType), _buffers[prefetch.Buffer]);
        _builder.CallIntrinsic("llvm.prefetch", [_module.Pointer], address, _module.Int32Constant(0),
            _module.Int32Constant(4 - prefetch.Level), _module.Int32Constant(1));
    }

    // Neighbouring elements; lanes outside of the mask are zero.
    private LLVMValueRef LoadVector(LoopBuffer buffer, LLVMTypeRef type, LLVMValueRef address, LLVMValueRef? mask)
    {
        if (mask is { } m)
        {
            var masked = _module.MaskedTypeOf(buffer.DType, type.VectorSize);
            var lanes = _builder.CallIntrinsic("llvm.masked.load", [masked, _module.Pointer],
                address, AlignmentOf(buffer), m, LLVMValueRef.CreateConstNull(masked));
            return _builder.BuildBitCast(lanes, type);
        }
        var value = _builder.BuildLoad2(type, address);
        value.SetAlignment((uint)buffer.DType.Bytes);
        return value;
    }

    // The first lanes, those that are active. Without mask registers a masked store is slow (42 operations on Zen 3), and parts of a power
    // of two are few.
    private void StoreActive(LoopBuffer buffer, LLVMValueRef vector, LLVMValueRef address)
    {
        if (_lanes!.Mask is null || _module.Target.HasMasks)
        {
            StoreVector(buffer, vector, address, _lanes.Mask);
            return;
        }
        var stored = _module.StoredTypeOf(buffer.DType);
        for (uint first = 0, size; first < _lanes.Active; first += size)
        {
            size = 1u << System.Numerics.BitOperations.Log2(_lanes.Active - first);
            var part = _builder.TakeLanes(vector, first, size);
            StoreVector(buffer, part, first == 0 ? address : _builder.BuildGEP2(stored, address, [_module.Index(first)]), mask: null);
        }
    }

    private void StoreVector(LoopBuffer buffer, LLVMValueRef vector, LLVMValueRef address, LLVMValueRef? mask)
    {
        if (mask is { } m)
        {
            vector = _builder.BuildBitCast(vector, _module.MaskedTypeOf(buffer.DType, vector.TypeOf.VectorSize));
            _builder.CallIntrinsic("llvm.masked.store", [vector.TypeOf, _module.Pointer], vector, address, AlignmentOf(buffer), m);
        }
        else _builder.BuildStore(vector, address).SetAlignment((uint)buffer.DType.Bytes);
    }

    // Constants are added last: the rows of a tile then share one address register, and their offsets are immediates.
    private LLVMValueRef EmitAddress(ScalarExpr position, LLVMTypeRef stored, LLVMValueRef pointer)
    {
        var (variable, constant) = SplitConstant(position);
        var address = _builder.BuildGEP2(stored, pointer, [EmitIndex(variable)]);
        return constant == 0 ? address : _builder.BuildGEP2(stored, address, [_module.Index(constant)]);
    }

    /// <summary>A position as a variable part and a constant.</summary>
    private static (ScalarExpr Variable, long Constant) SplitConstant(ScalarExpr position)
    {
        switch (position)
        {
            case ConstantExpr c:
                return (ScalarExpr.Index(0), (long)c.Value);
            case BinaryExpr { Kind: BinaryKind.Add or BinaryKind.Sub } b:
                var (x, y) = (SplitConstant(b.X), SplitConstant(b.Y));
                return (ScalarExpr.Binary(b.Kind, x.Variable, y.Variable),
                    b.Kind == BinaryKind.Add ? x.Constant + y.Constant : x.Constant - y.Constant);
            case BinaryExpr { Kind: BinaryKind.Mul, Y: ConstantExpr factor } b:
                var split = SplitConstant(b.X);
                return (split.Variable * (long)factor.Value, split.Constant * (long)factor.Value);
            default:
                return (position, 0);
        }
    }

    private LLVMValueRef EmitPositions(ScalarExpr position, long? stride) => stride is { } s
        ? _builder.BuildAdd(_module.SplatOf(EmitIndex(position), _lanes!.Count), _module.LaneNumbers(_lanes.Count, s))
        : Widen(EmitExpr(position)).Value;

    /// <summary>How far the position moves from lane to lane, or null when it is not a constant.</summary>
    private long? StrideOf(ScalarExpr expression) => expression switch
    {
        ConstantExpr => 0,
        VariableExpr v => v.Variable == _lanes!.Variable ? 1 : 0,
        BinaryExpr { Kind: BinaryKind.Add } b => StrideOf(b.X) + StrideOf(b.Y),
        BinaryExpr { Kind: BinaryKind.Sub } b => StrideOf(b.X) - StrideOf(b.Y),
        BinaryExpr { Kind: BinaryKind.Mul, Y: ConstantExpr c } b => StrideOf(b.X) * (long)c.Value,
        BinaryExpr { Kind: BinaryKind.Mul, X: ConstantExpr c } b => StrideOf(b.Y) * (long)c.Value,
        _ => IsUniform(expression) ? 0 : null,
    };

    private bool IsUniform(ScalarExpr expression)
    {
        if (expression is VariableExpr v) return v.Variable != _lanes!.Variable;
        if (expression is LocalExpr l) return !_locals[l.Local].IsVector && !_lanes!.Partials.ContainsKey(l.Local);
        foreach (var operand in expression.Operands)
            if (!IsUniform(operand)) return false;
        return true;
    }

    /// <summary>A position with known stride as a scalar: the first lane's.</summary>
    private LLVMValueRef EmitIndex(ScalarExpr expression)
    {
        var lanes = _lanes;
        _lanes = null;
        var value = EmitExpr(expression).Value;
        _lanes = lanes;
        return value;
    }

    private LLVMValueRef FromStored(DType type, LLVMValueRef value) => type == DType.Bool
        ? _builder.BuildICmp(LLVMIntPredicate.LLVMIntNE, value, LLVMValueRef.CreateConstNull(value.TypeOf)) : value;

    private LLVMValueRef ToStored(DType type, LLVMValueRef value) => type != DType.Bool ? value
        : _builder.BuildZExt(value, value.TypeOf.Kind == LLVMTypeKind.LLVMVectorTypeKind
            ? LLVMTypeRef.CreateVector(_module.StoredTypeOf(type), value.TypeOf.VectorSize) : _module.StoredTypeOf(type));

    private LLVMTypeRef VectorTypeOf(LoopBuffer buffer) => LLVMTypeRef.CreateVector(_module.StoredTypeOf(buffer.DType), _lanes!.Count);

    private LLVMValueRef AlignmentOf(LoopBuffer buffer) => _module.Int32Constant(buffer.DType.Bytes);
}
