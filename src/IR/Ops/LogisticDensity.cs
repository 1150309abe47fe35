using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise density of the logistic distribution, y = e⁻ˣ/(1 + e⁻ˣ)²: the derivative of the logistic function.</summary>
/// <remarks>x: f[any]; y: same type, in [0, 1/4]. C1: x is floating point. The relative error stays below 1e-6 in f32, 1e-13 in f64, down
/// to the smallest normal number, where σ·(1 - σ) has none left. The derivative is -y·tanh(x/2).</remarks>
public sealed class LogisticDensity : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly LogisticDensity Instance = new();
    private LogisticDensity() : base("logistic_density", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => -(y * (0.5 * x[0]).Tanh());
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => new(0, 0.25);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x)
    {
        var e = Math.Exp(-Math.Abs((double)x[0]));
        return e / ((1 + e) * (1 + e));
    }
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x)
    {
        var smaller = Logistic.Smaller(x[0]);
        return smaller * (ScalarExpr.Constant(x[0].DType, 1) - smaller);
    }
}

/// <summary>Fluent syntax of <see cref="LogisticDensity"/>.</summary>
public static class LogisticDensitySyntax
{
    extension(Value x)
    {
        /// <summary>σ(x)·σ(-x), the derivative of <see cref="LogisticSyntax"/>'s σ, elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value LogisticDensity([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.LogisticDensity.Instance, new(file, line), AttributeMap.Empty);
    }
}
