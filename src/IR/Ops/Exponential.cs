using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise exponential, y = eˣ.</summary>
/// <remarks>x: f[any]; y: same type. C1: x is floating point. Error: see docs/numerics.md.</remarks>
public sealed class Exponential : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Exponential Instance = new();
    private Exponential() : base("exponential", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => y;
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => new(Math.Exp(x[0].Low), Math.Exp(x[0].High));
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Math.Exp((double)x[0]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Exp, x[0]);
}

/// <summary>Fluent syntax of <see cref="Exponential"/>.</summary>
public static class ExponentialSyntax
{
    extension(Value x)
    {
        /// <summary>eˣ, elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value Exp([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Exponential.Instance, new(file, line), AttributeMap.Empty);
    }
}
