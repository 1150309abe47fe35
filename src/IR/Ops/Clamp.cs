using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise limit to a range: min(max(x, low), high); NaN stays NaN.</summary>
/// <remarks>x: numbers. low, high: numbers. C1: x is not bool. C2: low ≤ high. The derivative is 1 from low to high, both included, else 0; at NaN it is 0.</remarks>
public sealed class Clamp : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Clamp Instance = new();
    private Clamp() : base("clamp", arity: 1) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        call.Require(call.Real("low") <= call.Real("high"), DiagnosticCode.BadAttribute, () => $"low = {call.Real("low")} is above high = {call.Real("high")}");
        return call.Numeric();
    }
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) =>
        Partial.Where(x[0].Equal(y), holds: true);
    /// <inheritdoc/>
    protected override double Evaluate(Operation operation, ReadOnlySpan<double> x) =>
        double.IsNaN(x[0]) ? x[0] : Math.Min(Math.Max(x[0], operation.Real("low")), operation.Real("high"));
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x)
    {
        var raised = ScalarExpr.Binary(BinaryKind.Max, x[0], ScalarExpr.Constant(x[0].DType, operation.Real("low")));
        return ScalarExpr.Binary(BinaryKind.Min, raised, ScalarExpr.Constant(x[0].DType, operation.Real("high")));
    }
}

/// <summary>Fluent syntax of <see cref="Clamp"/>.</summary>
public static class ClampSyntax
{
    extension(Value x)
    {
        /// <summary>x limited to the range from <paramref name="low"/> to <paramref name="high"/>.</summary>
        /// <exception cref="GraphException">SGC1001: bool. SGC1005: low is above high.</exception>
        public Value Clamp(double low, double high, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Clamp.Instance, new(file, line), AttributeMap.Empty.With("low", low).With("high", high));
    }
}
