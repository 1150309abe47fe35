using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise angle of the point (x, y) from y and x, in radians, as C's atan2.</summary>
/// <remarks>y, x: f[any] of one type; result: same type, in [-π, π]. C1: same floating-point type and shape. Both derivatives at (0, 0) are
/// 0. Error: see docs/numerics.md.</remarks>
public sealed class Atan2 : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Atan2 Instance = new();
    private Atan2() : base("atan2", arity: 2) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.SameFloating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y)
    {
        var square = x[0] * x[0] + x[1] * x[1];
        var isOrigin = square.Equal(0);
        return isOrigin.Select(square.Constant(0), (wrt == 0 ? x[1] : -x[0]) / isOrigin.Select(square.Constant(1), square));
    }
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => new(-4, 4);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Math.Atan2((double)x[0], (double)x[1]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Atan2, x[0], x[1]);
}

/// <summary>Fluent syntax of <see cref="Atan2"/>.</summary>
public static class Atan2Syntax
{
    extension(Value y)
    {
        /// <summary>The angle in [-π, π] of the point (x, y), elementwise. Shapes broadcast as NumPy's do.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: element types differ, or are not floating point. SGC1002: shapes do not
        /// broadcast.</exception>
        public Value Atan2(Value x, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(y);
            return Broadcasting.Emit(Ops.Atan2.Instance, y, x, new(file, line));
        }
    }
}
