using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise error function, y = 2/√π ∫₀ˣ e^(-t²) dt.</summary>
/// <remarks>x: f[any]; y: same type, in [-1, 1]. C1: x is floating point. Error: see docs/numerics.md.</remarks>
public sealed class Erf : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Erf Instance = new();
    private Erf() : base("erf", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) =>
        2 / Math.Sqrt(Math.PI) * (-(x[0] * x[0])).Exp();
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => new(-1, 1);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Reference((double)x[0]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Erf, x[0]);

    /// <summary>erf in f64: the Maclaurin series below 3, the continued fraction of erfc above (Abramowitz and Stegun 7.1.6 and
    /// 7.1.14).</summary>
    private static double Reference(double x)
    {
        var size = Math.Abs(x);
        if (double.IsNaN(x) || size > 6) return double.IsNaN(x) ? x : Math.Sign(x);
        if (size < 3)
        {
            double term = x, sum = x;
            for (var n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
            {
                term *= 2 * x * x / (2 * n + 1);
                sum += term;
            }
            return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
        }
        var fraction = size;
        for (var k = 60; k >= 1; k--) fraction = size + k / 2.0 / fraction;
        return Math.Sign(x) * (1 - Math.Exp(-x * x) / (Math.Sqrt(Math.PI) * fraction));
    }
}

/// <summary>Fluent syntax of <see cref="Erf"/>.</summary>
public static class ErfSyntax
{
    extension(Value x)
    {
        /// <summary>The error function, elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is not floating point.</exception>
        public Value Erf([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Erf.Instance, new(file, line), AttributeMap.Empty);
    }
}
