using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Largest element along some axes, which are dropped; NaN if any is NaN, and -0 is below 0.</summary>
/// <remarks>x: numbers. C1: axes are distinct and in range. C2: they hold an element, or the result has none. Elements
/// that tie share the derivative equally; where the result is NaN, so are all derivatives.</remarks>
public sealed class ReduceMax : OpaqueOp, IReductionOp
{
    /// <summary>The op.</summary>
    public static readonly ReduceMax Instance = new();
    private ReduceMax() : base("reduce_max", arity: 1) { }

    /// <inheritdoc/>
    public ReductionKind Kind => ReductionKind.Max;

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => Reduction.InferNonEmpty(call);
    /// <inheritdoc/>
    public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands) =>
        [Reduction.Evaluate(operation, operands[0], operation.Result.DType.Lowest, Scalar.Max)];
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => Reduction.Batch(operation, x);
    /// <inheritdoc/>
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted) =>
        [cotangents[0] is { } cotangent && wanted[0] ? Reduction.VjpOfChoice(operation, cotangent) : null];
    /// <inheritdoc/>
    public override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents) =>
        [tangents[0] is { } tangent ? Reduction.JvpOfChoice(operation, tangent) : null];
}

/// <summary>Fluent syntax of <see cref="ReduceMax"/>.</summary>
public static class ReduceMaxSyntax
{
    extension(Value x)
    {
        /// <summary>Largest element along <paramref name="axes"/> (negative counts from the end), or of everything.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1004: an axis is out of range or named twice.
        /// SGC1002: there are no elements along them.</exception>
        public Value Max(Axes axes = default, bool keepAxes = false, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Reduction.Emit(ReduceMax.Instance, x, axes, keepAxes, new(file, line));

        /// <inheritdoc cref="Max(Value, Axes, bool, string, int)"/>
        public Value Max(int first, int second, params ReadOnlySpan<int> more) =>
            Reduction.Emit(ReduceMax.Instance, x, Axes.Create([first, second, .. more]), keepAxes: false, Value.CallSite(x));
    }
}
