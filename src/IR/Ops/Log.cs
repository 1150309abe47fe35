using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise natural logarithm.</summary>
/// <remarks>x: f[any]; y: same type. C1: x is floating point. log 0 is -∞, below 0 it is NaN. Error: see docs/numerics.md.</remarks>
public sealed class Log : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Log Instance = new();
    private Log() : base("log", arity: 1) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => 1 / x[0];
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Math.Log((double)x[0]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Log, x[0]);
}

/// <summary>Fluent syntax of <see cref="Log"/>.</summary>
public static class LogSyntax
{
    extension(Value x)
    {
        /// <summary>Natural logarithm, elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value Log([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Log.Instance, new(file, line), AttributeMap.Empty);
    }
}
