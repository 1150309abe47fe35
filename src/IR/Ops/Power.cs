using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise power, z = xʸ, with the special cases of C99.</summary>
/// <remarks>x, y: f[any] of one type. C1: same floating-point type and shape. The derivative by y is 0 where x is 0. Error: see docs/numerics.md.</remarks>
public sealed class Power : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Power Instance = new();
    private Power() : base("power", arity: 2) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.SameFloating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => wrt == 0
        ? x[1] * x[0].Power(x[1] - 1)
        : x[0].Equal(x[0].Constant(0)).Select(y.Constant(0), y * x[0].Equal(x[0].Constant(0)).Select(y.Constant(1), x[0]).Log());
    /// <inheritdoc/>
    protected override double Evaluate(Operation operation, ReadOnlySpan<double> x) => Math.Pow(x[0], x[1]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Pow, x[0], x[1]);
}

/// <summary>Fluent syntax of <see cref="Power"/>.</summary>
public static class PowerSyntax
{
    extension(Value x)
    {
        /// <summary>x to the power y, elementwise. Shapes broadcast as NumPy's do.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: element types differ. SGC1002: shapes do not broadcast.</exception>
        public Value Power(Value y, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Broadcasting.Emit(Ops.Power.Instance, x, y, new(file, line));
    }
}
