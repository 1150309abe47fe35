using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Elements in the opposite order along some axes.</summary>
/// <remarks>C1: axes are axes of x, each once.</remarks>
public sealed class Reverse : AffineOp
{
    /// <summary>The op.</summary>
    public static readonly Reverse Instance = new();
    private Reverse() : base("reverse") { }

    /// <summary>The attributes: the axes.</summary>
    public static AttributeMap Attributes(IEnumerable<int> axes) => AttributeMap.Empty.With("axes", axes);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        call.Axes("axes", call[0].Rank);
        return call[0];
    }
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) =>
        cotangent.Emit(this, operation.Location, operation.Attributes);
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => x[0];
    /// <inheritdoc/>
    protected override AffineMap MapOf(Operation operation)
    {
        var (axes, shape) = (operation.Ints("axes"), operation.Result.Shape);
        return new([.. shape.Select((size, a) => axes.Contains(a) ? new AffineIndex(size - 1, (a, -1)) : AffineIndex.Of(a))]);
    }
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) =>
        x.Emit(this, Attributes(BatchedOperands.Behind(operation.Ints("axes"))));
}

/// <summary>Fluent syntax of <see cref="Reverse"/>.</summary>
public static class ReverseSyntax
{
    extension(Value x)
    {
        /// <summary>x in the opposite order along some axes, all of them by default; negative axes count from the end.</summary>
        /// <exception cref="GraphException">SGC1004: no such axis, or one that is named twice.</exception>
        public Value Reverse(Axes axes = default, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            using var pin = x.Builder.At(x.Builder.Pinned ?? new Location(file, line));
            return x.Emit(Ops.Reverse.Instance, new(file, line), Ops.Reverse.Attributes(axes.Of(x.Rank).Order()));
        }
    }
}
