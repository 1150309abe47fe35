using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise sine of radians.</summary>
/// <remarks>x: f[any]; y: same type. C1: x is floating point. Error: see docs/numerics.md.</remarks>
public sealed class Sine : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Sine Instance = new();
    private Sine() : base("sine", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => x[0].Cos();
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => new(-1, 1);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Math.Sin((double)x[0]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Sin, x[0]);
}

/// <summary>Fluent syntax of <see cref="Sine"/>.</summary>
public static class SineSyntax
{
    extension(Value x)
    {
        /// <summary>Sine of radians, elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value Sin([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Sine.Instance, new(file, line), AttributeMap.Empty);
    }
}
