using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise inverse of the error function.</summary>
/// <remarks>x: f[any]; y: same type, ±∞ at ±1, NaN where |x| &gt; 1. C1: x is floating point. Error: see docs/numerics.md.</remarks>
public sealed class ErfInv : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly ErfInv Instance = new();
    private ErfInv() : base("erf_inv", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) =>
        Math.Sqrt(Math.PI) / 2 * (y * y).Exp();
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => InverseErf((double)x[0]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.ErfInv, x[0]);

    // Newton's method on log erfc, whose slope varies little, from S. Winitzki's approximation (2008).
    private static double InverseErf(double x)
    {
        var size = Math.Abs(x);
        if (!(size < 1)) return size == 1 ? x * double.PositiveInfinity : double.NaN;
        if (size < 1e-9) return Math.Sqrt(Math.PI) / 2 * x;
        var log = Math.Log((1 - size) * (1 + size));
        var half = 2 / (Math.PI * 0.147) + log / 2;
        var y = Math.Sqrt(Math.Sqrt(half * half - log / 0.147) - half);
        for (var i = 0; i < 6; i++)
        {
            var density = 2 / Math.Sqrt(Math.PI) * Math.Exp(-y * y);
            if (size < 0.5) y -= (Erf(y) - size) / density;
            else y += Erfc(y) / density * Math.Log(Erfc(y) / (1 - size));
        }
        return Math.CopySign(y, x);
    }

    private static double Erfc(double y)
    {
        if (y < 1) return 1 - Erf(y);
        var fraction = y;
        for (var k = 300; k >= 1; k--) fraction = y + k / 2.0 / fraction;
        return Math.Exp(-y * y) / (Math.Sqrt(Math.PI) * fraction);
    }

    private static double Erf(double y)
    {
        double term = y, sum = y;
        for (var n = 1; Math.Abs(term) > 1e-18 * sum; n++) sum += term *= 2 * y * y / (2 * n + 1);
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-y * y) * sum;
    }
}

/// <summary>Fluent syntax of <see cref="ErfInv"/>.</summary>
public static class ErfInvSyntax
{
    extension(Value x)
    {
        /// <summary>The inverse of the error function, elementwise: ±∞ at ±1, and NaN where |x| is above 1.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is not floating point.</exception>
        public Value ErfInv([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.ErfInv.Instance, new(file, line), AttributeMap.Empty);
    }
}
