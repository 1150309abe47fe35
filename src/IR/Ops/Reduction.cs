using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>What the reductions share: the shape rule, evaluation along axes, and the broadcast back.</summary>
public static class Reduction
{
    /// <summary>The reduced axes of an operation, increasing.</summary>
    public static int[] Axes(Operation operation) =>
        operation.Ints("axes");

    /// <summary>Repeats <paramref name="reduced"/> along the axes that <paramref name="operation"/> dropped.</summary>
    public static Value BroadcastBack(Operation operation, Value reduced)
    {
        var shape = operation.Operands[0].Shape;
        return reduced.Emit(Broadcast.Instance, operation.Location,
            Broadcast.Attributes(shape, Enumerable.Range(0, shape.Rank).Except(Axes(operation))));
    }

    /// <summary>The cotangent of what a largest or smallest element is chosen from: shared equally where several tie.</summary>
    internal static Value VjpOfChoice(Operation operation, Value cotangent)
    {
        var isChosen = IsChosen(operation);
        // Of a NaN nothing is chosen, and x / 0 · 0 is NaN.
        var share = cotangent / Ties(operation, isChosen);
        return isChosen.Select(BroadcastBack(operation, share), BroadcastBack(operation, share * 0));
    }

    /// <summary>The tangent of a largest or smallest element: the mean of those that tie.</summary>
    internal static Value JvpOfChoice(Operation operation, Value tangent)
    {
        var isChosen = IsChosen(operation);
        return Sum(operation, isChosen.Select(tangent, tangent.Constant(0))) / Ties(operation, isChosen);
    }

    private static Value IsChosen(Operation operation) => operation.Operands[0].Equal(BroadcastBack(operation, operation.Result));

    private static Value Ties(Operation operation, Value isChosen) =>
        Sum(operation, isChosen.Select(operation.Operands[0].Constant(1), operation.Operands[0].Constant(0)));

    private static Value Sum(Operation operation, Value x) => x.Emit(ReduceSum.Instance, operation.Location, operation.Attributes);

    /// <summary>How many elements each result is reduced from.</summary>
    internal static long Count(Shape shape, IEnumerable<int> axes) => axes.Aggregate(1L, (count, axis) => count * shape[axis]);

    internal static Value Emit(Op op, Value x, Axes axes, bool keepAxes, Location location, DType? accumulate = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        using var pin = x.Builder.At(location);
        var all = axes.Of(x.Rank);
        return Kept(x, x.Emit(op, location, ReduceSum.Attributes(all).In(accumulate)), all, keepAxes, location);
    }

    /// <summary>Appends a reduction that gives an index too.</summary>
    internal static (Value Value, Value Index) EmitWithIndex(Op op, Value x, Axes axes, bool keepAxes, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        using var pin = x.Builder.At(location);
        var all = axes.Of(x.Rank);
        var both = x.Builder.EmitAll(op, [x], ReduceSum.Attributes(all.Order()), location);
        return (Kept(x, both[0], all, keepAxes, location), Kept(x, both[1], all, keepAxes, location));
    }

    // With the axes that were reduced, where they are to be kept.
    private static Value Kept(Value x, Value y, IReadOnlyList<int> all, bool keepAxes, Location location)
    {
        if (!keepAxes) return y;
        var sizes = x.Shape.Select((size, i) => all.Contains(i) ? 1 : size).ToArray();
        return y.Emit(Reshape.Instance, location, Reshape.Attributes(new Shape(sizes)));
    }

    internal static Value[] Batch(Operation operation, BatchedOperands x) =>
        x.Emit(operation.Op, operation.Attributes.With("axes", BatchedOperands.Behind(Axes(operation))));

    internal static TensorType Infer(OpCall call)
    {
        call.Numeric();
        return call[0].With(call[0].Shape.Without(call.Axes("axes", call[0].Rank)));
    }

    /// <summary>The shape rule of a reduction that may name its accumulator's type.</summary>
    internal static TensorType InferAccumulated(OpCall call)
    {
        Accumulation.Check(call);
        return Infer(call);
    }

    /// <summary>The shape rule of a reduction that has no value over nothing.</summary>
    internal static TensorType InferNonEmpty(OpCall call)
    {
        var type = Infer(call);
        call.Require(type.Shape.ElementCount == 0
            || Count(call[0].Shape, call.Axes("axes", call[0].Rank)) > 0, DiagnosticCode.ShapeMismatch,
            () => $"{call[0]} has no elements along axes=[{string.Join(",", call.Ints("axes"))}], so there is none to choose");
        return type;
    }

    internal static Literal Evaluate(Operation operation, Literal x, Scalar identity, Func<Scalar, Scalar, Scalar> combine)
    {
        var type = operation.Result.Type;
        var axes = Axes(operation);
        var kept = Enumerable.Range(0, x.Type.Rank).Except(axes).ToArray();
        var values = new Scalar[type.Shape.ElementCount];
        Array.Fill(values, identity);
        var (strides, memory) = (new long[x.Type.Rank], type.Shape.Strides());
        for (var k = 0; k < kept.Length; k++) strides[kept[k]] = memory[k];
        var target = new StridedWalk(x.Type.Shape, 0, strides);
        for (var i = 0L; i < x.Type.Shape.ElementCount; i++, target.Next())
            values[target.Position] = combine(values[target.Position], x[i]);
        return Literal.Rounded(type, values);
    }
}
