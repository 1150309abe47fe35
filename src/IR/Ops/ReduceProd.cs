using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Product of the elements along some axes, which are dropped.</summary>
/// <remarks>x: numbers. C1: axes are distinct and in range. C2: accumulate, as of reduce_sum. An empty product is 1. The derivative
/// multiplies the other elements, so zeros are no special case; it costs the square of the reduced count.</remarks>
public sealed class ReduceProd : OpaqueOp, IReductionOp
{
    /// <summary>The op.</summary>
    public static readonly ReduceProd Instance = new();
    private ReduceProd() : base("reduce_prod", arity: 1) { }

    /// <inheritdoc/>
    public ReductionKind Kind => ReductionKind.Product;

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => Reduction.InferAccumulated(call);
    /// <inheritdoc/>
    public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands) =>
        [Reduction.Evaluate(operation, operands[0], 1, (a, b) => a * b)];
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => Reduction.Batch(operation, x);
    /// <inheritdoc/>
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted) =>
        [cotangents[0] is { } cotangent && wanted[0] ? Others(operation) * Reduction.BroadcastBack(operation, cotangent) : null];
    /// <inheritdoc/>
    public override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents) =>
        [tangents[0] is { } tangent
            ? (Others(operation) * tangent).Emit(ReduceSum.Instance, operation.Location, operation.Attributes) : null];

    // For each element the product of all others: rows of [kept, n] repeated to [kept, n, n], the diagonal replaced by 1.
    private Value Others(Operation operation)
    {
        var x = operation.Operands[0];
        var axes = Reduction.Axes(operation);
        int[] kept = [.. Enumerable.Range(0, x.Rank).Except(axes)], order = [.. kept, .. axes];
        var keptCount = kept.Aggregate(1L, (n, a) => n * x.Shape[a]);
        var count = axes.Aggregate(1L, (n, a) => n * x.Shape[a]);
        var moved = x.Emit(Transpose.Instance, operation.Location, Transpose.Attributes(order));
        var rows = moved.Emit(Reshape.Instance, operation.Location, Reshape.Attributes(Shape.Of(keptCount, count)));
        var square = Shape.Of(keptCount, count, count);
        var repeated = rows.Emit(Broadcast.Instance, operation.Location, Broadcast.Attributes(square, [0, 2]));
        var (i, j) = (Count(x, square, 1, operation.Location), Count(x, square, 2, operation.Location));
        var others = i.Equal(j).Select(repeated.Constant(1), repeated).Emit(this, operation.Location, AttributeMap.Empty.With("axes", [2]));
        var back = others.Emit(Reshape.Instance, operation.Location, Reshape.Attributes(moved.Shape));
        var inverse = new int[order.Length];
        for (var k = 0; k < inverse.Length; k++) inverse[order[k]] = k;
        return back.Emit(Transpose.Instance, operation.Location, Transpose.Attributes(inverse));
    }

    private static Value Count(Value x, Shape shape, int dimension, Location location) =>
        x.Builder.Emit(Iota.Instance, [], Iota.Attributes(new TensorType(DType.I32, shape), dimension), location);
}

/// <summary>Fluent syntax of <see cref="ReduceProd"/>.</summary>
public static class ReduceProdSyntax
{
    extension(Value x)
    {
        /// <summary>Product along <paramref name="axes"/> (negative counts from the end), or of everything.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1004: an axis is out of range or named twice.</exception>
        public Value Prod(Axes axes = default, bool keepAxes = false, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Reduction.Emit(ReduceProd.Instance, x, axes, keepAxes, new(file, line));

        /// <inheritdoc cref="Prod(Value, Axes, bool, string, int)"/>
        public Value Prod(int first, int second, params ReadOnlySpan<int> more) =>
            Reduction.Emit(ReduceProd.Instance, x, Axes.Create([first, second, .. more]), keepAxes: false, Value.CallSite(x));
    }
}
