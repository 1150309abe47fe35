using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>A module under construction: types, constants, the barrier, and functions with the target's attributes.</summary>
internal sealed class ModuleEmitter : IDisposable
{
    private readonly LLVMContextRef _context;
    private LLVMValueRef? _barrier;
    private bool _roundsToBf16;

    public ModuleEmitter(string name, TargetInfo target)
    {
        Target = target;
        _context = LLVMContextRef.Create();
        Module = _context.CreateModuleWithName(name);
        Builder = LLVMBuilderRef.Create(_context);
        Math = new MathLibrary(Module, target);
        Constants = new ConstantData(Module, _context);
    }

    public TargetInfo Target { get; }
    public LLVMModuleRef Module { get; }
    public LLVMBuilderRef Builder { get; }
    public MathLibrary Math { get; }
    public ConstantData Constants { get; }
    public LLVMTypeRef Int32 => _context.Int32Type;
    public LLVMTypeRef Int64 => _context.Int64Type;
    public LLVMTypeRef Pointer => LLVMTypeRef.CreatePointer(_context.Int8Type, 0);
    public LLVMTypeRef Byte => _context.Int8Type;

    /// <summary>The type of a scalar in a register; truth values are single bits there.</summary>
    public LLVMTypeRef TypeOf(DType type) => type == DType.Bool ? _context.Int1Type : StoredTypeOf(type);

    /// <summary>The type of an element in memory.</summary>
    public LLVMTypeRef StoredTypeOf(DType type) => type.Name switch
    {
        "f32" => _context.FloatType,
        "f64" => _context.DoubleType,
        "f16" => _context.HalfType,
        "bf16" => BFloat(),
        "i64" => _context.Int64Type,
        "i32" or "u32" => _context.Int32Type,
        "i8" or "u8" or "bool" => _context.Int8Type,
        _ => throw new InternalCompilerException("emit", $"no LLVM type for {type}"),
    };

    /// <summary>The type that lanes of an element type pass a mask as. LLVM 19 makes a masked store of one lane a scalar's, and cannot
    /// select that of a bf16 constant; integers it can.</summary>
    public LLVMTypeRef MaskedTypeOf(DType type, uint lanes) =>
        LLVMTypeRef.CreateVector(type == DType.BF16 ? _context.Int16Type : StoredTypeOf(type), lanes);

    /// <summary>The integer of an element's bits.</summary>
    public LLVMTypeRef IntegerOf(DType type) => type.Bits switch
    {
        64 => _context.Int64Type,
        32 => _context.Int32Type,
        16 => _context.Int16Type,
        _ => _context.Int8Type,
    };

    /// <summary>The integer of this many bits.</summary>
    public LLVMTypeRef IntegerOf(int bits) => _context.GetIntType((uint)bits);

    private LLVMTypeRef BFloat()
    {
        if (!_roundsToBf16) Bf16Rounding.Define(this, _context);
        _roundsToBf16 = true;
        return _context.BFloatType;
    }

    public LLVMValueRef Index(long value) => LLVMValueRef.CreateConstInt(Int64, (ulong)value, true);
    public LLVMValueRef Int32Constant(int value) => LLVMValueRef.CreateConstInt(_context.Int32Type, (ulong)value, true);

    public LLVMValueRef Constant(DType type, Scalar value) => type.IsFloating
        ? LLVMValueRef.CreateConstReal(TypeOf(type), (double)value)
        : LLVMValueRef.CreateConstInt(TypeOf(type), unchecked((ulong)(long)value), true);

    public static LLVMValueRef Splat(LLVMValueRef constant, uint lanes)
    {
        var elements = new LLVMValueRef[lanes];
        Array.Fill(elements, constant);
        return LLVMValueRef.CreateConstVector(elements);
    }

    /// <summary>The constant, or where <paramref name="like"/> is a vector, one with it in every lane.</summary>
    public static LLVMValueRef ConstantLike(LLVMValueRef constant, LLVMValueRef like) =>
        like.TypeOf.Kind == LLVMTypeKind.LLVMVectorTypeKind ? Splat(constant, like.TypeOf.VectorSize) : constant;

    /// <summary>A vector with a scalar in every lane.</summary>
    public LLVMValueRef SplatOf(LLVMValueRef scalar, uint lanes) =>
        scalar.IsConstant ? Splat(scalar, lanes) : Builder.Splat(scalar, (int)lanes);

    /// <summary>0, s, 2s, … for the lanes.</summary>
    public LLVMValueRef LaneNumbers(uint lanes, long stride)
    {
        var elements = new LLVMValueRef[lanes];
        for (var i = 0; i < elements.Length; i++) elements[i] = Index(i * stride);
        return LLVMValueRef.CreateConstVector(elements);
    }

    /// <summary>True for the first <paramref name="active"/> lanes.</summary>
    public LLVMValueRef LaneMask(uint lanes, long active)
    {
        var elements = new LLVMValueRef[lanes];
        for (var i = 0; i < elements.Length; i++) elements[i] = LLVMValueRef.CreateConstInt(_context.Int1Type, i < active ? 1ul : 0ul);
        return LLVMValueRef.CreateConstVector(elements);
    }

    /// <summary>Adds a private void function.</summary>
    public LLVMValueRef AddFunction(string name, ReadOnlySpan<LLVMTypeRef> parameters, bool isPublic = false)
    {
        var function = Module.AddFunction(name, FunctionType(parameters));
        function.Linkage = isPublic ? LLVMLinkage.LLVMExternalLinkage : LLVMLinkage.LLVMInternalLinkage;
        Target.ApplyTo(function);
        return function;
    }

    /// <summary>Adds a kernel's function, without a body.</summary>
    public LLVMValueRef DeclareKernel(Kernel kernel, string name, bool isPublic = true)
    {
        var pointers = Enumerable.Repeat(Pointer, kernel.Arguments.Length + kernel.Scratch.Length);
        return AddFunction(name, [.. pointers, Int64, Int64, Pointer], isPublic);
    }

    public LLVMTypeRef FunctionType(ReadOnlySpan<LLVMTypeRef> parameters) =>
        LLVMTypeRef.CreateFunction(_context.VoidType, parameters, false);

    /// <summary>Emits a barrier of all workers, skipped where there is one.</summary>
    public void EmitBarrier(LLVMValueRef function, LLVMValueRef barrier, LLVMValueRef workers)
    {
        var target = _barrier ??= BarrierFunction.Define(this);
        var (synchronize, after) = (function.AppendBasicBlock("synchronize"), function.AppendBasicBlock("synchronized"));
        Builder.BuildCondBr(Builder.BuildICmp(LLVMIntPredicate.LLVMIntUGT, workers, Index(1)), synchronize, after);
        Builder.PositionAtEnd(synchronize);
        Builder.BuildCall2(FunctionType([Pointer, Int64]), target, [barrier, workers]);
        Builder.BuildBr(after);
        Builder.PositionAtEnd(after);
    }

    public void Dispose()
    {
        Builder.Dispose();
        Module.Dispose();
        _context.Dispose();
    }
}
