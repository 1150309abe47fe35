using System.Collections.Immutable;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>What an extremum with its index has, whichever end it is at: two results, the element chosen and where it is.</summary>
/// <remarks>The derivative goes to the chosen element alone, so that of a max pooling is PyTorch's.</remarks>
public abstract class ExtremumIndexOp : OpaqueOp, IReductionOp
{
    private protected ExtremumIndexOp(string name) : base(name, arity: 1) { }

    /// <inheritdoc/>
    public abstract ReductionKind Kind { get; }

    bool IReductionOp.GivesIndex => true;

    /// <inheritdoc/>
    protected sealed override TensorType Infer(OpCall call) => Reduction.InferNonEmpty(call);
    /// <inheritdoc/>
    protected sealed override ImmutableArray<TensorType> InferAll(OpCall call)
    {
        var value = Infer(call);
        var axes = call.Ints("axes");
        call.Require(axes.SequenceEqual(axes.Order()), DiagnosticCode.BadAxis,
            () => $"axes=[{string.Join(",", axes)}] must increase: they count the index");
        var count = Reduction.Count(call[0].Shape, axes);
        call.Require(count <= int.MaxValue, DiagnosticCode.TooLarge, () => $"an i32 has no index of each of {count} elements");
        return [value, DType.I32.Scalar.With(value.Shape)];
    }
    /// <inheritdoc/>
    public sealed override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands)
    {
        var (x, axes) = (operands[0], Reduction.Axes(operation));
        var (type, reduced) = (operation.Results[0].Type, new Shape([.. axes.Select(a => x.Type.Shape[a])]));
        var kept = Enumerable.Range(0, x.Type.Rank).Except(axes).ToArray();
        var (values, chosen) = (new Scalar[type.Shape.ElementCount], new Scalar[type.Shape.ElementCount]);
        Array.Fill(chosen, -1);
        var index = new int[x.Type.Rank];
        for (var i = 0L; i < x.Type.Shape.ElementCount; i++)
        {
            x.Type.Shape.Unravel(i, index);
            var at = type.Shape.Ravel([.. kept.Select(a => index[a])]);
            if (chosen[at] >= 0 && !IsChosenOver(x[i], values[at])) continue;
            (values[at], chosen[at]) = (x[i], reduced.Ravel([.. axes.Select(a => index[a])]));
        }
        return [Literal.Rounded(type, values), Literal.Rounded(operation.Results[1].Type, chosen)];
    }

    private bool IsChosenOver(Scalar x, Scalar earlier) =>
        !double.IsNaN((double)earlier) && (double.IsNaN((double)x) || (Kind == ReductionKind.Max ? x > earlier : x < earlier));

    /// <inheritdoc/>
    public sealed override Value[] Batch(Operation operation, BatchedOperands x) => Reduction.Batch(operation, x);
    /// <inheritdoc/>
    public sealed override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted) =>
        [cotangents[0] is { } cotangent && wanted[0] ? AtChosen(operation, Reduction.BroadcastBack(operation, cotangent)) : null];
    /// <inheritdoc/>
    public sealed override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents) =>
        [tangents[0] is { } tangent
            ? AtChosen(operation, tangent).Emit(ReduceSum.Instance, operation.Location, operation.Attributes) : null, null];

    // What is at the chosen elements, and 0 elsewhere.
    private static Value AtChosen(Operation operation, Value value)
    {
        var (x, axes) = (operation.Operands[0], Reduction.Axes(operation));
        Value? at = null;
        foreach (var axis in axes)
        {
            var along = x.Builder.Emit(Iota.Instance, [], Iota.Attributes(DType.I32.Scalar.With(x.Shape), axis), operation.Location);
            at = at is null ? along : at * x.Shape[axis] + along;
        }
        return at is null ? value : at.Equal(Reduction.BroadcastBack(operation, operation.Results[1])).Select(value, value.Constant(0));
    }
}
