using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <content>Loads and stores: scalar, contiguous, masked, gathered.</content>
internal sealed partial class LoopEmitter
{
    private EmittedValue EmitLoad(LoadExpr load)
    {
        var stored = _module.StoredTypeOf(load.Buffer.DType);
        var pointer = _buffers[load.Buffer];
        var guard = load.Guard is null ? (EmittedValue?)null : EmitExpr(load.Guard);
        var stride = _lanes is null ? 0 : StrideOf(load.Position);
        if (stride == 0 && guard is not { IsVector: true }) return EmitScalarLoad(load, stored, pointer, guard);

        var lanes = _lanes!;
        var mask = LaneMaskWith(guard);
        var type = LLVMTypeRef.CreateVector(stored, lanes.Count);
        LLVMValueRef value;
        if (stride == 1)
        {
            var address = EmitAddress(load.Position, stored, pointer);
            value = LoadVector(load.Buffer, type, address, mask);
        }
        else
        {
            var addresses = EmitAddresses(load.Position, stride, stored, pointer);
            value = _builder.CallIntrinsic("llvm.masked.gather", [type, addresses.TypeOf], addresses, AlignmentOf(load.Buffer),
                mask ?? _module.LaneMask(lanes.Count, lanes.Count), LLVMValueRef.CreateConstNull(type));
        }
        return new(FromStored(load.Buffer.DType, value), true);
    }

    // Where the guard is false, element 0 is read instead and replaced by zero: every buffer has one.
    private EmittedValue EmitScalarLoad(LoadExpr load, LLVMTypeRef stored, LLVMValueRef pointer, EmittedValue? guard)
    {
        var address = guard is { } g ? _builder.BuildGEP2(stored, pointer, [_builder.BuildSelect(g.Value, EmitIndex(load.Position), _module.Index(0))])
            : EmitAddress(load.Position, stored, pointer);
        var value = _builder.BuildLoad2(stored, address);
        value.SetAlignment((uint)load.Buffer.DType.Bytes);
        var element = FromStored(load.Buffer.DType, value);
        if (guard is { } h) element = _builder.BuildSelect(h.Value, element, LLVMValueRef.CreateConstNull(element.TypeOf));
        return new(element, false);
    }

    private void EmitStore(StoreStatement store)
    {
        var guard = store.Guard is null ? (EmittedValue?)null : EmitExpr(store.Guard);
        if (guard is { IsVector: false } uniform)
        {
            EmitIf(uniform.Value, () => EmitStore(store, null));
            return;
        }
        EmitStore(store, guard);
    }

    private void EmitStore(StoreStatement store, EmittedValue? guard)
    {
        var stored = _module.StoredTypeOf(store.Buffer.DType);
        var pointer = _buffers[store.Buffer];
        var value = EmitExpr(store.Value);
        var stride = _lanes is null ? 0 : StrideOf(store.Position);
        if (stride == 0 && !value.IsVector && guard is null)
        {
            var address = EmitAddress(store.Position, stored, pointer);
            _builder.BuildStore(ToStored(store.Buffer.DType, value.Value), address).SetAlignment((uint)store.Buffer.DType.Bytes);
            return;
        }
        var mask = LaneMaskWith(guard);
        var vector = ToStored(store.Buffer.DType, Widen(value).Value);
        if (stride == 1)
        {
            var address = EmitAddress(store.Position, stored, pointer);
            StoreVector(store.Buffer, vector, address, mask);
            return;
        }
        var addresses = EmitAddresses(store.Position, stride, stored, pointer);
        _builder.CallIntrinsic("llvm.masked.scatter", [vector.TypeOf, addresses.TypeOf], vector, addresses, AlignmentOf(store.Buffer),
            mask ?? _module.LaneMask(_lanes!.Count, _lanes.Count));
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
            return _builder.CallIntrinsic("llvm.masked.load", [type, _module.Pointer], address, AlignmentOf(buffer), m, LLVMValueRef.CreateConstNull(type));
        var value = _builder.BuildLoad2(type, address);
        value.SetAlignment((uint)buffer.DType.Bytes);
        return value;
    }

    private void StoreVector(LoopBuffer buffer, LLVMValueRef vector, LLVMValueRef address, LLVMValueRef? mask)
    {
        if (mask is { } m) _builder.CallIntrinsic("llvm.masked.store", [vector.TypeOf, _module.Pointer], vector, address, AlignmentOf(buffer), m);
        else _builder.BuildStore(vector, address).SetAlignment((uint)buffer.DType.Bytes);
    }

    // What is constant is added last: the rows of a tile then have one address in a register, and their distances in the instructions.
    private LLVMValueRef EmitAddress(ScalarExpr position, LLVMTypeRef stored, LLVMValueRef pointer)
    {
        var (variable, constant) = SplitConstant(position);
        var address = _builder.BuildGEP2(stored, pointer, [EmitIndex(variable)]);
        return constant == 0 ? address : _builder.BuildGEP2(stored, address, [_module.Index(constant)]);
    }

    /// <summary>A position as what varies and a constant.</summary>
    private static (ScalarExpr Variable, long Constant) SplitConstant(ScalarExpr position)
    {
        switch (position)
        {
            case ConstantExpr c:
                return (ScalarExpr.Index(0), (long)c.Value);
            case BinaryExpr { Kind: BinaryKind.Add or BinaryKind.Sub } b:
                var (x, y) = (SplitConstant(b.X), SplitConstant(b.Y));
                return (ScalarExpr.Binary(b.Kind, x.Variable, y.Variable), b.Kind == BinaryKind.Add ? x.Constant + y.Constant : x.Constant - y.Constant);
            case BinaryExpr { Kind: BinaryKind.Mul, Y: ConstantExpr factor } b:
                var split = SplitConstant(b.X);
                return (split.Variable * (long)factor.Value, split.Constant * (long)factor.Value);
            default:
                return (position, 0);
        }
    }

    private LLVMValueRef EmitAddresses(ScalarExpr position, long? stride, LLVMTypeRef stored, LLVMValueRef pointer)
    {
        var lanes = _lanes!;
        var positions = stride is { } s
            ? _builder.BuildAdd(_module.SplatOf(EmitIndex(position), lanes.Count), _module.LaneNumbers(lanes.Count, s))
            : Widen(EmitExpr(position)).Value;
        return _builder.BuildGEP2(stored, pointer, [positions]);
    }

    private LLVMValueRef? LaneMaskWith(EmittedValue? guard)
    {
        if (guard is not { } g) return _lanes!.Mask;
        var vector = Widen(g).Value;
        return _lanes!.Mask is { } mask ? _builder.BuildAnd(mask, vector) : vector;
    }

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

    private bool IsUniform(ScalarExpr expression) => expression switch
    {
        ConstantExpr => true,
        VariableExpr v => v.Variable != _lanes!.Variable,
        LocalExpr l => !_locals[l.Local].IsVector && !_lanes!.Partials.ContainsKey(l.Local),
        LoadExpr l => IsUniform(l.Position) && (l.Guard is null || IsUniform(l.Guard)),
        UnaryExpr u => IsUniform(u.X),
        BinaryExpr b => IsUniform(b.X) && IsUniform(b.Y),
        MultiplyAddExpr m => IsUniform(m.X) && IsUniform(m.Y) && IsUniform(m.Z),
        CompareExpr c => IsUniform(c.X) && IsUniform(c.Y),
        SelectExpr s => IsUniform(s.Condition) && IsUniform(s.WhenTrue) && IsUniform(s.WhenFalse),
        ConvertExpr c => IsUniform(c.X),
        CallExpr c => c.X.All(IsUniform),
        _ => false,
    };

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

    private LLVMValueRef AlignmentOf(LoopBuffer buffer) => _module.Int32Constant(buffer.DType.Bytes);
}
