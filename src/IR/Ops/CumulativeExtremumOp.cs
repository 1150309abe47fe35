using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>What the cumulative maximum and minimum share. The derivative is that of the last of the elements that are equal to the
/// result, as PyTorch's.</summary>
public abstract class CumulativeExtremumOp : OpaqueOp, IKernelOp
{
    private protected CumulativeExtremumOp(string name) : base(name, arity: 1) { }

    /// <summary>Largest or smallest.</summary>
    protected abstract ReductionKind Kind { get; }

    /// <inheritdoc/>
    protected sealed override TensorType Infer(OpCall call) => Cumulative.Infer(call);
    /// <inheritdoc/>
    public sealed override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands) =>
        [Cumulative.Evaluate(operation, operands[0], Identity(operation), Kind == ReductionKind.Max ? Scalar.Max : Scalar.Min)];
    /// <inheritdoc/>
    public sealed override Value[] Batch(Operation operation, BatchedOperands x) => Cumulative.Batch(operation, x);
    /// <inheritdoc/>
    public Kernel Lower(Operation operation, TargetTraits target) => new CumulativeKernel(operation, target, Kind).Build();

    // A run of results is one element's: their cotangents are added up from the run's end to it.
    /// <inheritdoc/>
    public sealed override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted)
    {
        if (cotangents[0] is not { } cotangent || !wanted[0]) return [null];
        if (Cumulative.IsExclusive(operation)) cotangent = Cumulative.Moved(operation, cotangent, forward: false);
        var isChosen = IsChosen(operation);
        var (zero, one) = (cotangent.Constant(0), cotangent.Constant(1));
        var goesOn = Cumulative.Moved(operation, isChosen.Select(zero, one), forward: false);
        var sums = LinearRecurrence.Emit(goesOn, cotangent, Cumulative.Axis(operation), !Cumulative.IsReverse(operation),
            operation.Location);
        return [isChosen.Select(sums, zero)];
    }

    /// <inheritdoc/>
    public sealed override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents)
    {
        if (tangents[0] is not { } tangent) return [null];
        var isChosen = IsChosen(operation);
        var (zero, one) = (tangent.Constant(0), tangent.Constant(1));
        var result = LinearRecurrence.Emit(isChosen.Select(zero, one), isChosen.Select(tangent, zero), Cumulative.Axis(operation),
            Cumulative.IsReverse(operation), operation.Location);
        return [Cumulative.IsExclusive(operation) ? Cumulative.Moved(operation, result, forward: true) : result];
    }

    private Scalar Identity(Operation operation) =>
        Kind == ReductionKind.Max ? operation.Result.DType.Lowest : operation.Result.DType.Highest;

    // Whether the result changes hands at an element; NaN, which is equal to nothing, takes it from everything.
    private static Value IsChosen(Operation operation)
    {
        var (x, y) = (operation.Operands[0], Cumulative.Inclusive(operation));
        return x.Equal(y).Or(x.NotEqual(x));
    }
}
