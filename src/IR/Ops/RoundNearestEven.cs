using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise rounding to the nearest integer, ties to even.</summary>
/// <remarks>x: f[any]; y: same type. C1: x is floating point. The derivative is 0.</remarks>
public sealed class RoundNearestEven : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly RoundNearestEven Instance = new();
    private RoundNearestEven() : base("round_nearest_even", arity: 1) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Floating();
    /// <inheritdoc/>
    public override bool IsDifferentiable(Operation operation, int index) => false;
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => Partial.Zero;
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Math.Round((double)x[0], MidpointRounding.ToEven);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Unary(UnaryKind.RoundEven, x[0]);
}

/// <summary>Fluent syntax of <see cref="RoundNearestEven"/>.</summary>
public static class RoundNearestEvenSyntax
{
    extension(Value x)
    {
        /// <summary>Rounds to the nearest integer, ties to even, elementwise.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value Round([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.RoundNearestEven.Instance, new(file, line), AttributeMap.Empty);
    }
}
