using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise eˣ - 1, exact near zero.</summary>
/// <remarks>x: f[any]; y: same type. C1: x is floating point. Error: see docs/numerics.md. The derivative is eˣ, not y + 1, which loses it
/// where y rounds to -1.</remarks>
public sealed class Expm1 : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Expm1 Instance = new();
    private Expm1() : base("exponential_minus_one", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => x[0].Exp();
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x)
    {
        // Kahan: the rounding errors of e^x - 1 and of log e^x cancel.
        var argument = (double)x[0];
        var power = Math.Exp(argument);
        if (power == 1) return argument;
        return power == 0 ? -1 : double.IsFinite(power) ? (power - 1) * (argument / Math.Log(power)) : power;
    }
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Expm1, x[0]);
}

/// <summary>Fluent syntax of <see cref="Expm1"/>.</summary>
public static class Expm1Syntax
{
    extension(Value x)
    {
        /// <summary>eˣ - 1, exact near zero, elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value Expm1([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Expm1.Instance, new(file, line), AttributeMap.Empty);
    }
}
