using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Vector math functions of one module, as LLVM IR; error bounds in docs/numerics.md.</summary>
/// <remarks>
/// Each function is emitted once per module and type as a private `alwaysinline` function (`sgc.exp.v16f32`): the call
/// keeps a kernel's IR readable and small until LLVM's inliner runs, constants are shared by a loop after inlining, and
/// nothing is left in the object but the inlined code.
/// </remarks>
/// <param name="module">The module that receives the functions.</param>
/// <param name="target">Decides between algorithms: fused multiply-add (x86-64-v3 and later), tables in registers (x86-64-v4).</param>
internal sealed class MathLibrary(LLVMModuleRef module, TargetInfo target)
{
    private readonly Dictionary<string, (LLVMTypeRef Type, LLVMValueRef Function)> _emitted = [];

    /// <summary>Emits a call of <paramref name="function"/> at the builder's position.</summary>
    /// <param name="builder">Where the call goes.</param>
    /// <param name="function">The function.</param>
    /// <param name="arguments">One value (two for pow, atan2 and fmod) of type f32 or f64 or a vector of any number of them.</param>
    public LLVMValueRef Emit(LLVMBuilderRef builder, MathFunction function, ReadOnlySpan<LLVMValueRef> arguments)
    {
        var arity = ArityOf(function);
        if (arguments.Length != arity)
            throw new ArgumentException($"{function} takes {arity} argument(s), not {arguments.Length}", nameof(arguments));
        var type = arguments[0].TypeOf;
        var name = $"sgc.{function.ToString().ToLowerInvariant()}.{Suffix(type)}";
        if (!_emitted.TryGetValue(name, out var callee))
            _emitted[name] = callee = Define(name, function, type, arity);
        return builder.BuildCall2(callee.Type, callee.Function, arguments.ToArray(), "");
    }

    /// <summary>How many arguments a function takes.</summary>
    internal static int ArityOf(MathFunction function) => function is MathFunction.Pow or MathFunction.Atan2 or MathFunction.Fmod ? 2 : 1;

    /// <summary>LLVM's mangling of a float type: `f32`, `v16f32`.</summary>
    internal static string Suffix(LLVMTypeRef type) => type.Kind switch
    {
        LLVMTypeKind.LLVMVectorTypeKind => $"v{type.VectorSize}{Suffix(type.ElementType)}",
        LLVMTypeKind.LLVMFloatTypeKind => "f32",
        LLVMTypeKind.LLVMDoubleTypeKind => "f64",
        _ => throw new ArgumentException($"math functions take f32 or f64, not {type}", nameof(type)),
    };

    private (LLVMTypeRef, LLVMValueRef) Define(string name, MathFunction function, LLVMTypeRef type, int arity)
    {
        var parameters = new LLVMTypeRef[arity];
        Array.Fill(parameters, type);
        var signature = LLVMTypeRef.CreateFunction(type, parameters);
        var value = module.AddFunction(name, signature);
        value.Linkage = LLVMLinkage.LLVMPrivateLinkage;
        AddAttribute(value, "alwaysinline");
        AddAttribute(value, "nounwind");
        using var builder = module.Context.CreateBuilder();
        builder.PositionAtEnd(value.AppendBasicBlock("entry"));
        var emitter = new VectorEmitter(module, builder, type, target.HasFma, TableSize(target));
        var x = emitter.Expr(value.GetParam(0));
        var y = arity == 2 ? emitter.Expr(value.GetParam(1)) : default;
        builder.BuildRet(Body(emitter, function, x, y).Value);
        return (signature, value);
    }

    // Numbers of f32 in a register that one instruction looks up.
    private static uint TableSize(TargetInfo target) => target.VectorBytes switch { 64 => 16, 32 => 8, _ => 0 };

    private static VectorExpr Body(VectorEmitter m, MathFunction function, VectorExpr x, VectorExpr y) => function switch
    {
        MathFunction.Exp => m.HasTables ? TableFunctions.Exp(m, x) : ExponentialFunctions.Exp(m, x),
        MathFunction.Log => LogarithmFunctions.Log(m, x),
        MathFunction.Log1p => LogarithmFunctions.Log1p(m, x),
        MathFunction.Expm1 => ExponentialFunctions.Expm1(m, x),
        MathFunction.Tanh => m.HasTables ? TableFunctions.Tanh(m, x) : ExponentialFunctions.Tanh(m, x),
        MathFunction.Logistic => m.HasTables ? TableFunctions.Logistic(m, x) : ExponentialFunctions.Logistic(m, x),
        MathFunction.Erf => m.HasTables || m.HasTablesOfEight ? TableFunctions.Erf(m, x) : ErrorFunction.Erf(m, x),
        MathFunction.Sin => TrigonometricFunctions.Sin(m, x),
        MathFunction.Cos => TrigonometricFunctions.Cos(m, x),
        MathFunction.Pow => PowerFunctions.Pow(m, x, y),
        MathFunction.Rsqrt => PowerFunctions.Rsqrt(m, x),
        MathFunction.Tan => TrigonometricFunctions.Tan(m, x),
        MathFunction.Asin => InverseTrigonometricFunctions.Asin(m, x),
        MathFunction.Acos => InverseTrigonometricFunctions.Acos(m, x),
        MathFunction.Atan => InverseTrigonometricFunctions.Atan(m, x),
        MathFunction.Atan2 => InverseTrigonometricFunctions.Atan2(m, x, y),
        MathFunction.Cbrt => PowerFunctions.Cbrt(m, x),
        MathFunction.ErfInv => InverseErrorFunction.ErfInv(m, x),
        MathFunction.Lgamma => GammaFunctions.Lgamma(m, x),
        MathFunction.Digamma => GammaFunctions.Digamma(m, x),
        MathFunction.Fmod => RemainderFunction.Fmod(m, x, y),
        _ => throw new ArgumentOutOfRangeException(nameof(function), function, "unknown math function"),
    };

    private unsafe void AddAttribute(LLVMValueRef function, string name)
    {
        using var text = new MarshaledString(name);
        var kind = LLVM.GetEnumAttributeKindForName(text, (nuint)text.Length);
        LLVM.AddAttributeAtIndex(function, uint.MaxValue, LLVM.CreateEnumAttribute(module.Context, kind, 0)); // the function itself
    }
}
