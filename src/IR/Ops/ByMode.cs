using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>One value in training, another in inference: what a model is compiled for decides which.</summary>
/// <remarks>training, inference: one type, the result's. C1: same type and shape. Its reference meaning is that of training; the pass
/// resolve_mode puts either operand in its place. A derivative flows to the operand that the mode has.</remarks>
public sealed class ByMode : LinearOp, IElementOp
{
    /// <summary>The op.</summary>
    public static readonly ByMode Instance = new();
    private ByMode() : base("by_mode", arity: 2) { }

    /// <inheritdoc/>
    protected override bool IsJointlyLinear => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.Same();
    // -0, since x + -0 is x for every x.
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) => wrt == 0
        ? cotangent.ByMode(cotangent.Constant(-0.0)) : cotangent.Constant(-0.0).ByMode(cotangent);
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => x[0].Or(x[1]);
    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands) => operands[0];
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => x.Emit(this, operation.Attributes);
    /// <inheritdoc/>
    public ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => x[0];
}

/// <summary>Fluent syntax of <see cref="ByMode"/>.</summary>
public static class ByModeSyntax
{
    extension(Value training)
    {
        /// <summary>The value in training, and <paramref name="inference"/> in inference.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001, SGC1002: types or shapes differ.</exception>
        public Value ByMode(Value inference, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(training);
            ArgumentNullException.ThrowIfNull(inference);
            return training.Emit(Ops.ByMode.Instance, new(file, line), AttributeMap.Empty, inference);
        }
    }
}
