using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise limit to a range: min(max(x, low), high); NaN stays NaN.</summary>
/// <remarks>x: numbers. low, high: numbers, infinite for no bound. C1: x is not bool. C2: low ≤ high. C3: x's type can hold them, or they
/// are infinite. The derivative is 1 from low to high, both included, else 0; at NaN it is 0.</remarks>
public sealed class Clamp : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Clamp Instance = new();
    private Clamp() : base("clamp", arity: 1) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var (type, low, high) = (call.Numeric(), call.Number("low"), call.Number("high"));
        call.Require(low <= high, DiagnosticCode.BadAttribute, () => $"low = {low} is above high = {high}");
        if (!IsNone(low)) call.Element("low", type.DType);
        if (!IsNone(high)) call.Element("high", type.DType);
        return type;
    }
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) =>
        Partial.Where(x[0].Equal(y), holds: true);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) =>
        Scalar.Min(Scalar.Max(x[0], Low(operation)), High(operation));
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x)
    {
        var raised = ScalarExpr.Binary(BinaryKind.Max, x[0], ScalarExpr.Constant(x[0].DType, Low(operation)));
        return ScalarExpr.Binary(BinaryKind.Min, raised, ScalarExpr.Constant(x[0].DType, High(operation)));
    }

    // An infinite bound is none, for integers too: a conversion saturates it.
    private static bool IsNone(Scalar bound) => bound.IsFloating && double.IsInfinity((double)bound);
    private static Scalar Low(Operation operation) => operation.Result.DType.Convert(operation.Number("low"));
    private static Scalar High(Operation operation) => operation.Result.DType.Convert(operation.Number("high"));
}

/// <summary>Fluent syntax of <see cref="Clamp"/>.</summary>
public static class ClampSyntax
{
    extension(Value x)
    {
        /// <summary>x limited to the range from <paramref name="low"/> to <paramref name="high"/>.</summary>
        /// <exception cref="GraphException">SGC1001: bool, or fractions for integers.
        /// SGC1005: low is above high, or beyond x's type.</exception>
        public Value Clip(Scalar low, Scalar high, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Clamp.Instance, new(file, line), AttributeMap.Empty.With("low", low).With("high", high));
    }
}
