using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>The identity, with derivative 0: what is behind it counts as a constant.</summary>
/// <remarks>x: any type; y: the same.</remarks>
public sealed class StopGradient : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly StopGradient Instance = new();
    private StopGradient() : base("stop_gradient", arity: 1) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call[0];
    /// <inheritdoc/>
    public override bool IsDifferentiable(Operation operation, int index) => false;
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => Partial.Zero;
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => x[0];
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => x[0];
}

/// <summary>Fluent syntax of <see cref="StopGradient"/>.</summary>
public static class StopGradientSyntax
{
    extension(Value x)
    {
        /// <summary>The same value, through which no derivative flows.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: the element type does not fit.</exception>
        public Value StopGradient([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.StopGradient.Instance, new(file, line), AttributeMap.Empty);
    }
}
