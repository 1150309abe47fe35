using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Emits IEEE vector arithmetic of one float format and lane count into one function.</summary>
internal sealed class VectorEmitter
{
    /// <summary>AVX-512's code for rounding as the control register says.</summary>
    private const ulong CurrentRounding = 4;

    private readonly LLVMModuleRef _module;
    private readonly bool _hasFma;
    private readonly uint _tableSize;

    public VectorEmitter(LLVMModuleRef module, LLVMBuilderRef builder, LLVMTypeRef type, bool hasFma, uint tableSize)
    {
        (_module, _hasFma, _tableSize, Builder, FloatType) = (module, hasFma, tableSize, builder, type);
        var isVector = type.Kind == LLVMTypeKind.LLVMVectorTypeKind;
        Lanes = isVector ? type.VectorSize : 0;
        var element = isVector ? type.ElementType : type;
        IsDouble = element.Kind switch
        {
            LLVMTypeKind.LLVMDoubleTypeKind => true,
            LLVMTypeKind.LLVMFloatTypeKind => false,
            _ => throw new ArgumentException($"math functions take f32 or f64, not {element}", nameof(type)),
        };
        MantissaBits = IsDouble ? 52 : 23;
        Bias = IsDouble ? 1023u : 127u;
        BitsType = Shape(IntegerElement);
    }

    public LLVMBuilderRef Builder { get; }
    public LLVMTypeRef FloatType { get; }
    public LLVMTypeRef BitsType { get; }
    public bool IsDouble { get; }
    /// <summary>Whether <see cref="Fma(VectorExpr, VectorExpr, VectorExpr)"/> rounds once.</summary>
    public bool HasFma => _hasFma;
    public int MantissaBits { get; }
    public ulong Bias { get; }
    /// <summary>Whether <see cref="LookUp"/> takes tables of sixteen, and <see cref="Scale"/> can be used: f32 with AVX-512.</summary>
    public bool HasTables => _tableSize == 16 && !IsDouble;
    /// <summary>Whether <see cref="LookUp"/> takes tables of eight: f32 with AVX2.</summary>
    public bool HasTablesOfEight => _tableSize == 8 && !IsDouble;
    public ulong SignBit => IsDouble ? 1ul << 63 : 1ul << 31;

    /// <summary>1.5 * 2^mantissa: adding it to |v| &lt; 2^(mantissa-1) leaves round(v) in the low bits.</summary>
    public double RoundingMagic => IsDouble ? 6755399441055744.0 : 12582912.0;

    /// <summary>Zero for a scalar.</summary>
    private uint Lanes { get; }
    private LLVMTypeRef IntegerElement => IsDouble ? _module.Context.Int64Type : _module.Context.Int32Type;
    private LLVMTypeRef FloatElement => IsDouble ? _module.Context.DoubleType : _module.Context.FloatType;

    public VectorExpr Expr(LLVMValueRef value) => new(this, value);

    public VectorExpr Constant(double value)
    {
        // Rounded here: LLVM would round the same way, but an f32 table entry is then visibly an f32.
        return new(this, Splat(LLVMValueRef.CreateConstReal(FloatElement, IsDouble ? value : (float)value)));
    }

    public BitsExpr BitsConstant(ulong value) =>
        new(this, Splat(LLVMValueRef.CreateConstInt(IntegerElement, value)));

    /// <summary>a*b + c, fused where the target can; elsewhere a multiply and an add (never a libm call).</summary>
    public VectorExpr Fma(VectorExpr a, VectorExpr b, VectorExpr c) =>
        _hasFma ? Call("llvm.fma", a, b, c) : a * b + c;

    public VectorExpr Fma(VectorExpr a, double b, VectorExpr c) => Fma(a, Constant(b), c);
    public VectorExpr Fma(VectorExpr a, VectorExpr b, double c) => Fma(a, b, Constant(c));
    public VectorExpr Fma(VectorExpr a, double b, double c) => Fma(a, Constant(b), Constant(c));

    /// <summary>a*b + c for a residual that cancels: as if the product were not rounded, on every target.</summary>
    /// <remarks>Without FMA: f32 goes through f64, where the product is exact; f64 uses <see cref="ProductError"/>.</remarks>
    public VectorExpr FmaExact(VectorExpr a, VectorExpr b, VectorExpr c)
    {
        if (_hasFma) return Call("llvm.fma", a, b, c);
        if (!IsDouble)
        {
            var wide = Widened();
            return Narrow(wide.Widen(a) * wide.Widen(b) + wide.Widen(c));
        }
        var product = a * b;
        return product + c + ProductError(a, b, product);
    }

    /// <summary>a*b - product, exactly, where product = round(a*b).</summary>
    /// <remarks>Without FMA: T. J. Dekker, "A floating-point technique for extending the available precision" (1971).</remarks>
    public VectorExpr ProductError(VectorExpr a, VectorExpr b, VectorExpr product)
    {
        if (_hasFma || !IsDouble) return FmaExact(a, b, -product);
        var (aHigh, aLow) = Split(a);
        var (bHigh, bLow) = Split(b);
        return aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow;
    }

    /// <summary>Horner's rule; coefficients from the constant term up.</summary>
    public VectorExpr Polynomial(VectorExpr x, ReadOnlySpan<double> coefficients)
    {
        var sum = Constant(coefficients[^1]);
        for (var i = coefficients.Length - 2; i >= 0; i--) sum = Fma(sum, x, coefficients[i]);
        return sum;
    }

    public VectorExpr Sqrt(VectorExpr x) => Call("llvm.sqrt", x);

    /// <summary>The nearest integer, ties to even.</summary>
    public VectorExpr Round(VectorExpr x) => Call("llvm.roundeven", x);

    /// <summary>The integer towards zero.</summary>
    public VectorExpr Truncate(VectorExpr x) => Call("llvm.trunc", x);

    /// <summary>2^n for an n in the low bits of <paramref name="n"/> whose result is a normal number.</summary>
    public VectorExpr PowerOfTwo(BitsExpr n) => (n + Bias << MantissaBits).AsFloat();

    /// <summary>The integer |n| &lt; 2^(mantissa-1) as a float.</summary>
    public VectorExpr ToFloat(BitsExpr n)
    {
        if (!IsDouble) return new(this, Builder.BuildSIToFP(n.Value, FloatType, ""));
        var magic = Constant(RoundingMagic);
        return (n + magic.Bits()).AsFloat() - magic;
    }

    /// <summary>The element of a table of sixteen (eight) that the low four (three) bits select; needs <see cref="HasTables"/>
    /// (<see cref="HasTablesOfEight"/>).</summary>
    public VectorExpr LookUp(BitsExpr index, ReadOnlySpan<double> table)
    {
        var elements = new LLVMValueRef[_tableSize];
        for (var i = 0; i < elements.Length; i++) elements[i] = LLVMValueRef.CreateConstReal(FloatElement, (float)table[i]);
        var constant = LLVMValueRef.CreateConstVector(elements);
        return new(this, ByTables(part => _tableSize == 8 ? Builder.CallIntrinsic("llvm.x86.avx2.permps", [], constant, part[0])
            : Builder.CallIntrinsic("llvm.x86.avx512.permvar.sf.512", [], constant, part[0]), index.Value));
    }

    /// <summary>v · 2^⌊n⌋, rounded once where it is subnormal; needs <see cref="HasTables"/>.</summary>
    public VectorExpr Scale(VectorExpr v, VectorExpr n)
    {
        var all = LLVMValueRef.CreateConstInt(_module.Context.Int16Type, ushort.MaxValue);
        var rounding = LLVMValueRef.CreateConstInt(_module.Context.Int32Type, CurrentRounding);
        return new(this, ByTables(part => Builder.CallIntrinsic("llvm.x86.avx512.mask.scalef.ps.512", [],
            part[0], part[1], part[0], all, rounding), v.Value, n.Value));
    }

    // Applies what takes as many lanes as a table has elements to any number of them.
    private LLVMValueRef ByTables(Func<LLVMValueRef[], LLVMValueRef> apply, params LLVMValueRef[] arguments)
    {
        if (Lanes == 0)
        {
            var lane = LLVMValueRef.CreateConstInt(_module.Context.Int32Type, 0);
            return Builder.BuildExtractElement(apply([.. arguments.Select(a => Builder.Splat(a, (int)_tableSize))]), lane);
        }
        LLVMValueRef Part(uint first) => apply([.. arguments.Select(a => Builder.TakeLanes(a, first, _tableSize))]);
        var result = Part(0);
        for (var first = _tableSize; first < Lanes; first += _tableSize) result = Builder.AppendLanes(result, Part(first));
        return Builder.TakeLanes(result, 0, Lanes);
    }

    /// <summary>Chooses by a branch: <paramref name="usual"/> where no lane is in <paramref name="rare"/>, else what
    /// <paramref name="other"/> makes of it.</summary>
    /// <remarks>A lane's bits must not depend on its neighbors': the other way keeps the bits of lanes that are not in the mask.</remarks>
    public VectorExpr Unless(MaskExpr rare, VectorExpr usual, Func<VectorExpr> other)
    {
        var any = Any(rare);
        var start = Builder.InsertBlock;
        var (rareBlock, end) = (start.Parent.AppendBasicBlock("rare"), start.Parent.AppendBasicBlock("end"));
        Builder.BuildCondBr(any, rareBlock, end);
        Builder.PositionAtEnd(rareBlock);
        var exact = other().Value;
        var last = Builder.InsertBlock;
        Builder.BuildBr(end);
        Builder.PositionAtEnd(end);
        var result = Builder.BuildPhi(FloatType, "");
        result.AddIncoming([usual.Value, exact], [start, last], 2);
        return new(this, result);
    }

    /// <summary>Applies a step to the lanes in a mask of the value until none is in it.</summary>
    public VectorExpr Repeat(VectorExpr start, Func<VectorExpr, MaskExpr> isOpen, Func<VectorExpr, VectorExpr> step)
    {
        var before = Builder.InsertBlock;
        var (head, body, end) = (before.Parent.AppendBasicBlock("head"), before.Parent.AppendBasicBlock("step"),
            before.Parent.AppendBasicBlock("done"));
        Builder.BuildBr(head);
        Builder.PositionAtEnd(head);
        var current = Builder.BuildPhi(FloatType, "");
        VectorExpr value = new(this, current);
        var mask = isOpen(value);
        Builder.BuildCondBr(Any(mask), body, end);
        Builder.PositionAtEnd(body);
        var next = mask.Select(step(value), value);
        var last = Builder.InsertBlock;
        Builder.BuildBr(head);
        current.AddIncoming([start.Value, next.Value], [before, last], 2);
        Builder.PositionAtEnd(end);
        return value;
    }

    private LLVMValueRef Any(MaskExpr mask) => Lanes == 0 ? mask.Value
        : Builder.CallIntrinsic("llvm.vector.reduce.or", [mask.Value.TypeOf], mask.Value);

    /// <summary>The same lanes in f64.</summary>
    public VectorEmitter Widened() => new(_module, Builder, Shape(_module.Context.DoubleType), _hasFma, _tableSize);

    /// <summary>A function of f64; of f32 through f64, where one rounding remains.</summary>
    public VectorExpr InDouble(VectorExpr x, Func<VectorEmitter, VectorExpr, VectorExpr> of)
    {
        if (IsDouble) return of(this, x);
        var wide = Widened();
        return Narrow(of(wide, wide.Widen(x)));
    }

    public VectorExpr Widen(VectorExpr narrow) => new(this, Builder.BuildFPExt(narrow.Value, FloatType, ""));

    public VectorExpr Narrow(VectorExpr wide) => new(this, Builder.BuildFPTrunc(wide.Value, FloatType, ""));

    public BitsExpr Narrow(BitsExpr wide) => new(this, Builder.BuildTrunc(wide.Value, BitsType, ""));

    private static (VectorExpr High, VectorExpr Low) Split(VectorExpr a)
    {
        var scaled = a * 134217729.0; // 2^27 + 1
        var high = scaled - (scaled - a);
        return (high, a - high);
    }

    private LLVMTypeRef Shape(LLVMTypeRef element) => Lanes == 0 ? element : LLVMTypeRef.CreateVector(element, Lanes);

    private LLVMValueRef Splat(LLVMValueRef element)
    {
        if (Lanes == 0) return element;
        var lanes = new LLVMValueRef[Lanes];
        Array.Fill(lanes, element);
        return LLVMValueRef.CreateConstVector(lanes);
    }

    private VectorExpr Call(string intrinsic, params ReadOnlySpan<VectorExpr> arguments)
    {
        var values = new LLVMValueRef[arguments.Length];
        var types = new LLVMTypeRef[arguments.Length];
        for (var i = 0; i < values.Length; i++) (values[i], types[i]) = (arguments[i].Value, FloatType);
        var name = $"{intrinsic}.{MathLibrary.Suffix(FloatType)}";
        var type = LLVMTypeRef.CreateFunction(FloatType, types);
        var function = _module.GetNamedFunction(name);
        if (function.Handle == default) function = _module.AddFunction(name, type);
        return new(this, Builder.BuildCall2(type, function, values, ""));
    }
}
