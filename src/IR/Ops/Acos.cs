using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise inverse cosine, in radians.</summary>
/// <remarks>x: f[any]; y: same type, in [0, π], NaN where |x| &gt; 1. C1: x is floating point. Error: see docs/numerics.md.</remarks>
public sealed class Acos : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Acos Instance = new();
    private Acos() : base("acos", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) =>
        -((1 - x[0]) * (1 + x[0])).Rsqrt();
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => new(0, 4);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Math.Acos((double)x[0]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Acos, x[0]);
}

/// <summary>Fluent syntax of <see cref="Acos"/>.</summary>
public static class AcosSyntax
{
    extension(Value x)
    {
        /// <summary>The angle in [0, π] of a cosine, elementwise; NaN where |x| is above 1.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is not floating point.</exception>
        public Value Acos([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Acos.Instance, new(file, line), AttributeMap.Empty);
    }
}
