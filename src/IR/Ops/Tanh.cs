using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise hyperbolic tangent, y = tanh(x).</summary>
/// <remarks>x: f[any]; y: same type, in [-1, 1]. Error: see docs/numerics.md. C1: x is floating point. The derivative, 1/cosh²(x), comes
/// from x, not from 1 - y²: where y rounds to 1, the difference is lost.</remarks>
public sealed class Tanh : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Tanh Instance = new();
    private Tanh() : base("tanh", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => x[0].SechSquared();
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => new(-1, 1);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Math.Tanh((double)x[0]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Tanh, x[0]);
}

/// <summary>Fluent syntax of <see cref="Tanh"/>.</summary>
public static class TanhSyntax
{
    extension(Value x)
    {
        /// <summary>tanh(x), elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is not floating point.</exception>
        public Value Tanh([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Tanh.Instance, new(file, line), AttributeMap.Empty);
    }
}
