using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Smallest element along some axes, which are dropped; NaN if any is NaN, and -0 is below 0.</summary>
/// <remarks>x: numbers. C1: axes are distinct and in range. C2: they hold an element, or the result has none. Elements
/// that tie share the derivative equally; where the result is NaN, so are all derivatives.</remarks>
public sealed class ReduceMin : OpaqueOp, IReductionOp
{
    /// <summary>The op.</summary>
    public static readonly ReduceMin Instance = new();
    private ReduceMin() : base("reduce_min", arity: 1) { }

    /// <inheritdoc/>
    public ReductionKind Kind => ReductionKind.Min;

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => Reduction.InferNonEmpty(call);
    /// <inheritdoc/>
    public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands) =>
        [Reduction.Evaluate(operation, operands[0], operation.Result.DType.Highest, Scalar.Min)];
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => Reduction.Batch(operation, x);
    /// <inheritdoc/>
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted) =>
        [cotangents[0] is { } cotangent && wanted[0] ? Reduction.VjpOfChoice(operation, cotangent) : null];
    /// <inheritdoc/>
    public override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents) =>
        [tangents[0] is { } tangent ? Reduction.JvpOfChoice(operation, tangent) : null];
}

/// <summary>Fluent syntax of <see cref="ReduceMin"/>.</summary>
public static class ReduceMinSyntax
{
    extension(Value x)
    {
        /// <summary>Smallest element along <paramref name="axes"/> (negative counts from the end), or of everything.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1004: an axis is out of range or named twice.
        /// SGC1002: there are no elements along them.</exception>
        public Value Min(Axes axes = default, bool keepAxes = false, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Reduction.Emit(ReduceMin.Instance, x, axes, keepAxes, new(file, line));

        /// <inheritdoc cref="Min(Value, Axes, bool, string, int)"/>
        public Value Min(int first, int second, params ReadOnlySpan<int> more) =>
            Reduction.Emit(ReduceMin.Instance, x, Axes.Create([first, second, .. more]), keepAxes: false, Value.CallSite(x));
    }
}
