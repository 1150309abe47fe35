using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <content>Scalar expressions, on scalars or on a vector for each lane.</content>
internal sealed partial class LoopEmitter
{
    private readonly Dictionary<ScalarExpr, (EmittedValue Value, LLVMBasicBlockRef Block, LaneScope? Lanes)> _shared =
        new(ReferenceEqualityComparer.Instance);

    // A node that a statement reaches twice is emitted once in a block: rounds that read what the round before made twice are then linear
    // in the rounds, not exponential. For one lane, as an address is computed, and for all of them it is two values.
    private EmittedValue EmitExpr(ScalarExpr expression)
    {
        if (expression.Operands.IsEmpty) return EmitNode(expression);
        if (_shared.TryGetValue(expression, out var known) && known.Block == _builder.InsertBlock && known.Lanes == _lanes)
            return known.Value;
        var value = EmitNode(expression);
        _shared[expression] = (value, _builder.InsertBlock, _lanes);
        return value;
    }

    private EmittedValue EmitNode(ScalarExpr expression) => expression switch
    {
        ConstantExpr c => new(_module.Constant(c.DType, c.Value), false),
        VariableExpr v => EmitVariable(v),
        LocalExpr l => EmitLocal(l),
        LoadExpr l => EmitLoad(l),
        UnaryExpr u => EmitUnary(u),
        BinaryExpr b => EmitBinary(b),
        MultiplyAddExpr m => EmitMultiplyAdd(m),
        PairExpr p => EmitPair(p),
        PairDotExpr d => EmitPairDot(d),
        BitcastExpr b => EmitBits(b),
        CompareExpr c => EmitCompare(c),
        SelectExpr s => EmitSelect(s),
        ConvertExpr c => EmitConvert(c),
        CallExpr c => EmitCall(c),
        _ => throw new InternalCompilerException("emit", $"unknown expression {expression.GetType().Name}"),
    };

    private EmittedValue Widen(EmittedValue value) =>
        value.IsVector || _lanes is null ? value : new(_module.SplatOf(value.Value, _lanes.Count), true);

    private EmittedValue[] Align(params ReadOnlySpan<ScalarExpr> expressions)
    {
        var values = new EmittedValue[expressions.Length];
        for (var i = 0; i < values.Length; i++) values[i] = EmitExpr(expressions[i]);
        return values.Any(v => v.IsVector) ? [.. values.Select(Widen)] : values;
    }

    private EmittedValue EmitVariable(VariableExpr variable)
    {
        var scalar = _variables[variable.Variable];
        if (_lanes is null || variable.Variable != _lanes.Variable) return new(scalar, false);
        return new(_builder.BuildAdd(_module.SplatOf(scalar, _lanes.Count), _module.LaneNumbers(_lanes.Count, 1)), true);
    }

    private EmittedValue EmitLocal(LocalExpr local)
    {
        var slot = _locals[local.Local];
        return new(_builder.BuildLoad2(slot.Type, slot.Elements[local.Element]), slot.IsVector);
    }

    private EmittedValue EmitUnary(UnaryExpr unary)
    {
        var x = EmitExpr(unary.X);
        var isFloating = unary.X.DType.IsFloating;
        LLVMValueRef Floating(string name) => _builder.CallIntrinsic(name, [x.Value.TypeOf], x.Value);
        var result = unary.Kind switch
        {
            UnaryKind.Neg => isFloating ? _builder.BuildFNeg(x.Value) : _builder.BuildNeg(x.Value),
            UnaryKind.Not => _builder.BuildNot(x.Value),
            UnaryKind.Abs when isFloating => Floating("llvm.fabs"),
            UnaryKind.Abs when unary.X.DType.Kind == DTypeKind.Signed => _builder.BuildSelect(
                _builder.BuildICmp(LLVMIntPredicate.LLVMIntSLT, x.Value, LLVMValueRef.CreateConstNull(x.Value.TypeOf)),
                _builder.BuildNeg(x.Value), x.Value),
            _ when !isFloating => x.Value,
            UnaryKind.Sqrt => Floating("llvm.sqrt"),
            UnaryKind.Floor => Floating("llvm.floor"),
            UnaryKind.Ceil => Floating("llvm.ceil"),
            UnaryKind.RoundEven => Floating("llvm.roundeven"),
            _ => throw new InternalCompilerException("emit", $"unknown unary {unary.Kind}"),
        };
        return x with { Value = result };
    }

    private EmittedValue EmitBinary(BinaryExpr binary)
    {
        var values = Align(binary.X, binary.Y);
        var (x, y, type) = (values[0].Value, values[1].Value, binary.X.DType);
        var result = (binary.Kind, binary.X, binary.Y) switch
        {
            (BinaryKind.Div or BinaryKind.Rem, _, ConstantExpr c) when !type.IsFloating =>
                DivisionBy((long)c.Value, binary.Kind, binary.X, x, y),
            (BinaryKind.Min or BinaryKind.Max, _, ConstantExpr c) when IsBound(c) =>
                Chosen(type, v => MinMaxOf((double)c.Value, binary.Kind, v[0], v[1]), x, y),
            (BinaryKind.Min or BinaryKind.Max, ConstantExpr c, _) when IsBound(c) =>
                Chosen(type, v => MinMaxOf((double)c.Value, binary.Kind, v[1], v[0]), x, y),
            _ => Binary(binary.Kind, type, x, y),
        };
        return values[0] with { Value = result };
    }

    private LLVMValueRef Binary(BinaryKind kind, DType type, LLVMValueRef x, LLVMValueRef y) => (kind, type.IsFloating) switch
    {
        (BinaryKind.Add or BinaryKind.Sub or BinaryKind.Mul or BinaryKind.Div or BinaryKind.Rem, true) when type == DType.BF16 =>
            // LLVM would do the same, but calls a function for each element of a vector.
            InF32(type, v => Binary(kind, DType.F32, v[0], v[1]), x, y),
        (BinaryKind.Add, true) => _builder.BuildFAdd(x, y),
        (BinaryKind.Sub, true) => _builder.BuildFSub(x, y),
        (BinaryKind.Mul, true) => _builder.BuildFMul(x, y),
        (BinaryKind.Div, true) => _builder.BuildFDiv(x, y),
        (BinaryKind.Rem, true) => _builder.BuildFRem(x, y),
        (BinaryKind.Add, false) => _builder.BuildAdd(x, y),
        (BinaryKind.Sub, false) => _builder.BuildSub(x, y),
        (BinaryKind.Mul, false) => _builder.BuildMul(x, y),
        (BinaryKind.Div or BinaryKind.Rem, false) => IntegerDivision(kind, type, x, y),
        (BinaryKind.And, _) => _builder.BuildAnd(x, y),
        (BinaryKind.Or, _) => _builder.BuildOr(x, y),
        (BinaryKind.Xor, _) => _builder.BuildXor(x, y),
        (BinaryKind.ShiftLeft or BinaryKind.ShiftRightLogical or BinaryKind.ShiftRightArithmetic, false) => Shift(kind, type, x, y),
        (BinaryKind.MultiplyHigh, false) => MultiplyHigh(type, x, y),
        (BinaryKind.Min or BinaryKind.Max, _) => MinMax(kind, type, x, y),
        _ => throw new InternalCompilerException("emit", $"unknown binary {kind}"),
    };

    // LLVM leaves division by zero and of the smallest integer by -1 undefined, and the processor traps; here x/0 is 0 and x/-1 is -x.
    private LLVMValueRef IntegerDivision(BinaryKind kind, DType type, LLVMValueRef x, LLVMValueRef y)
    {
        var zero = LLVMValueRef.CreateConstNull(y.TypeOf);
        var one = _builder.BuildSub(zero, LLVMValueRef.CreateConstAllOnes(y.TypeOf));
        var isZero = _builder.BuildICmp(LLVMIntPredicate.LLVMIntEQ, y, zero);
        if (type.Kind != DTypeKind.Signed)
            return _builder.BuildSelect(isZero, zero, Divide(kind, isSigned: false, x, _builder.BuildSelect(isZero, one, y)));
        var isMinusOne = _builder.BuildICmp(LLVMIntPredicate.LLVMIntEQ, y, LLVMValueRef.CreateConstAllOnes(y.TypeOf));
        var quotient = Divide(kind, isSigned: true, x, _builder.BuildSelect(_builder.BuildOr(isZero, isMinusOne), one, y));
        return _builder.BuildSelect(isZero, zero, _builder.BuildSelect(isMinusOne, ByMinusOne(kind, x), quotient));
    }

    // An index that is not negative is divided as an unsigned number, which takes fewer instructions.
    private LLVMValueRef DivisionBy(long divisor, BinaryKind kind, ScalarExpr dividend, LLVMValueRef x, LLVMValueRef y) => divisor switch
    {
        0 => LLVMValueRef.CreateConstNull(x.TypeOf),
        -1 => ByMinusOne(kind, x),
        > 0 when IsIndex(dividend) => Divide(kind, isSigned: false, x, y),
        _ => Divide(kind, dividend.DType.Kind == DTypeKind.Signed, x, y),
    };

    private static bool IsIndex(ScalarExpr expression) =>
        expression.DType == DType.I64 && ScalarExpr.Compare(CompareKind.Ge, expression, ScalarExpr.Index(0)).Truth == true;

    private LLVMValueRef ByMinusOne(BinaryKind kind, LLVMValueRef x) =>
        kind == BinaryKind.Div ? _builder.BuildNeg(x) : LLVMValueRef.CreateConstNull(x.TypeOf);

    private LLVMValueRef Divide(BinaryKind kind, bool isSigned, LLVMValueRef x, LLVMValueRef y) => (kind, isSigned) switch
    {
        (BinaryKind.Div, true) => _builder.BuildSDiv(x, y),
        (BinaryKind.Div, false) => _builder.BuildUDiv(x, y),
        (_, true) => _builder.BuildSRem(x, y),
        _ => _builder.BuildURem(x, y),
    };

    private LLVMValueRef MinMax(BinaryKind kind, DType type, LLVMValueRef x, LLVMValueRef y)
    {
        if (type == DType.BF16) return Chosen(type, v => FloatingMinMax(kind, DType.F32, v[0], v[1]), x, y);
        if (type.IsFloating) return FloatingMinMax(kind, type, x, y);
        var isSigned = type.Kind == DTypeKind.Signed;
        var predicate = (kind, isSigned) switch
        {
            (BinaryKind.Max, true) => LLVMIntPredicate.LLVMIntSGT,
            (BinaryKind.Max, false) => LLVMIntPredicate.LLVMIntUGT,
            (_, true) => LLVMIntPredicate.LLVMIntSLT,
            _ => LLVMIntPredicate.LLVMIntULT,
        };
        return _builder.BuildSelect(_builder.BuildICmp(predicate, x, y), x, y);
    }

    // The processor's maximum is its second operand where both are zeros or either is NaN, so the two operand orders differ only there.
    // Combining their bits gives IEEE's result: a number or'd with NaN is NaN, and a zero's sign is or'd for a minimum, and'ed for a
    // maximum.
    private LLVMValueRef FloatingMinMax(BinaryKind kind, DType type, LLVMValueRef x, LLVMValueRef y)
    {
        var predicate = kind == BinaryKind.Max ? LLVMRealPredicate.LLVMRealOGT : LLVMRealPredicate.LLVMRealOLT;
        var bits = WithElement(_module.IntegerOf(type), x);
        LLVMValueRef Ordered(LLVMValueRef a, LLVMValueRef b) =>
            _builder.BuildBitCast(_builder.BuildSelect(_builder.BuildFCmp(predicate, a, b), a, b), bits);
        var (second, first) = (Ordered(x, y), Ordered(y, x));
        var either = _builder.BuildOr(first, second);
        if (kind == BinaryKind.Max)
        {
            var ones = LLVMValueRef.CreateConstAllOnes(bits);
            var allButSign = _builder.BuildLShr(ones, _builder.BuildNeg(ones));
            either = _builder.BuildOr(_builder.BuildAnd(either, allButSign), _builder.BuildAnd(first, second));
        }
        return _builder.BuildBitCast(either, x.TypeOf);
    }

    private static bool IsBound(ConstantExpr bound) => bound.DType.IsFloating && !double.IsNaN((double)bound.Value);

    // With a constant one instruction is enough: x is its second operand, so that a NaN stays; only the sign of zero may be left to set.
    private LLVMValueRef MinMaxOf(double bound, BinaryKind kind, LLVMValueRef x, LLVMValueRef y)
    {
        var isMax = kind == BinaryKind.Max;
        var keeps = _builder.BuildFCmp(isMax ? LLVMRealPredicate.LLVMRealUGE : LLVMRealPredicate.LLVMRealULE, x, y);
        var chosen = _builder.BuildSelect(keeps, x, y);
        if (bound != 0 || double.IsNegative(bound) == isMax) return chosen;
        var magnitude = _builder.CallIntrinsic("llvm.fabs", [x.TypeOf], chosen);
        return isMax ? magnitude : _builder.BuildFNeg(magnitude);
    }

    private EmittedValue EmitMultiplyAdd(MultiplyAddExpr expression)
    {
        var v = Align(expression.X, expression.Y, expression.Z);
        if (expression.DType.IsFloating && _module.Target.HasFma)
        {
            LLVMValueRef Fused(LLVMValueRef[] x) => _builder.CallIntrinsic("llvm.fma", [x[0].TypeOf], x[0], x[1], x[2]);
            LLVMValueRef[] operands = [v[0].Value, v[1].Value, v[2].Value];
            return v[0] with { Value = expression.DType == DType.BF16 ? InF32(DType.BF16, Fused, operands) : Fused(operands) };
        }
        var product = Binary(BinaryKind.Mul, expression.DType, v[0].Value, v[1].Value);
        return v[0] with { Value = Binary(BinaryKind.Add, expression.DType, product, v[2].Value) };
    }

    private EmittedValue EmitCompare(CompareExpr compare)
    {
        var values = Align(compare.X, compare.Y);
        return values[0] with { Value = Compare(compare.Kind, compare.X.DType, values[0].Value, values[1].Value) };
    }

    private LLVMValueRef Compare(CompareKind kind, DType type, LLVMValueRef x, LLVMValueRef y)
    {
        if (type == DType.BF16)
            return Compare(kind, DType.F32, ConvertStored(x, type, DType.F32), ConvertStored(y, type, DType.F32));
        if (type.IsFloating)
        {
            var real = kind switch
            {
                CompareKind.Eq => LLVMRealPredicate.LLVMRealOEQ,
                CompareKind.Ne => LLVMRealPredicate.LLVMRealUNE,
                CompareKind.Lt => LLVMRealPredicate.LLVMRealOLT,
                CompareKind.Le => LLVMRealPredicate.LLVMRealOLE,
                CompareKind.Gt => LLVMRealPredicate.LLVMRealOGT,
                _ => LLVMRealPredicate.LLVMRealOGE,
            };
            return _builder.BuildFCmp(real, x, y);
        }
        var isSigned = type.Kind == DTypeKind.Signed;
        var predicate = kind switch
        {
            CompareKind.Eq => LLVMIntPredicate.LLVMIntEQ,
            CompareKind.Ne => LLVMIntPredicate.LLVMIntNE,
            CompareKind.Lt => isSigned ? LLVMIntPredicate.LLVMIntSLT : LLVMIntPredicate.LLVMIntULT,
            CompareKind.Le => isSigned ? LLVMIntPredicate.LLVMIntSLE : LLVMIntPredicate.LLVMIntULE,
            CompareKind.Gt => isSigned ? LLVMIntPredicate.LLVMIntSGT : LLVMIntPredicate.LLVMIntUGT,
            _ => isSigned ? LLVMIntPredicate.LLVMIntSGE : LLVMIntPredicate.LLVMIntUGE,
        };
        return _builder.BuildICmp(predicate, x, y);
    }

    private EmittedValue EmitSelect(SelectExpr select)
    {
        var values = Align(select.Condition, select.WhenTrue, select.WhenFalse);
        var (whenTrue, whenFalse) = (values[1].Value, values[2].Value);
        if (select.DType != DType.BF16)
            return values[0] with { Value = _builder.BuildSelect(values[0].Value, whenTrue, whenFalse) };
        // Without AVX-512 LLVM would choose each element of a vector for itself.
        var bits = WithElement(_module.IntegerOf(DType.BF16), whenTrue);
        var chosen = _builder.BuildSelect(
            values[0].Value, _builder.BuildBitCast(whenTrue, bits), _builder.BuildBitCast(whenFalse, bits));
        return values[0] with { Value = _builder.BuildBitCast(chosen, whenTrue.TypeOf) };
    }

    private EmittedValue EmitCall(CallExpr call)
    {
        var values = Align(call.X.AsSpan());
        // The library computes in f32 and f64; narrower types are widened for the call.
        LLVMValueRef Call(LLVMValueRef[] x) => _module.Math.Emit(_builder, call.Function, x);
        LLVMValueRef[] arguments = [.. values.Select(v => v.Value)];
        return values[0] with { Value = call.DType.Bits < 32 ? InF32(call.DType, Call, arguments) : Call(arguments) };
    }
}
