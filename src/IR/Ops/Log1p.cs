using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise log(1 + x), exact near zero.</summary>
/// <remarks>x: f[any]; y: same type. C1: x is floating point. Error: see docs/numerics.md.</remarks>
public sealed class Log1p : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Log1p Instance = new();
    private Log1p() : base("log_plus_one", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => 1 / (1 + x[0]);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x)
    {
        // Kahan: the rounding errors of log(1 + x) and of (1 + x) - 1 cancel.
        var argument = (double)x[0];
        var sum = 1 + argument;
        if (sum == 1) return argument;
        return double.IsPositiveInfinity(sum) ? sum : Math.Log(sum) * (argument / (sum - 1));
    }
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Log1p, x[0]);
}

/// <summary>Fluent syntax of <see cref="Log1p"/>.</summary>
public static class Log1pSyntax
{
    extension(Value x)
    {
        /// <summary>log(1 + x), exact near zero, elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value Log1p([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Log1p.Instance, new(file, line), AttributeMap.Empty);
    }
}
