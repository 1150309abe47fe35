using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>The same elements in row-major order with other sizes.</summary>
/// <remarks>shape: the result's sizes. C1: the element counts agree. C2: no size is negative.</remarks>
public sealed class Reshape : LinearOp, IAffineOp, IMemoryOp
{
    /// <summary>The op.</summary>
    public static readonly Reshape Instance = new();
    private Reshape() : base("reshape", arity: 1) { }

    /// <summary>The attributes: the result's sizes.</summary>
    public static AttributeMap Attributes(Shape shape) => AttributeMap.Empty.With("shape", shape);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var shape = call.Sizes("shape");
        call.Require(shape.ElementCount == call[0].Shape.ElementCount, DiagnosticCode.ShapeMismatch,
            () => $"{call[0]} has {call[0].Shape.ElementCount} elements, {shape} has {shape.ElementCount}");
        return call[0].With(shape);
    }
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) =>
        cotangent.Emit(this, operation.Location, Attributes(operation.Operands[0].Shape));
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => x[0];
    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands) => operands[0].WithShape(operation.Result.Shape);
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) =>
        x.Emit(this, Attributes(new Shape([x.Size, .. operation.Result.Shape])));
    // Only axes of size 1 come and go: nothing is divided.
    bool IIndexedOp.IsRepeatable(Operation operation) =>
        operation.Operands[0].Shape.Where(s => s != 1).SequenceEqual(operation.Result.Shape.Where(s => s != 1));
    Value? IMemoryOp.AliasOf(Operation operation) => operation.Operands[0];
    // Axes may split, and come and go where their size is 1; a result's axis that several of x's merge into has no one stride.
    AffineMap? IAffineOp.MapOf(Operation operation)
    {
        var (from, to) = (operation.Operands[0].Shape, operation.Result.Shape);
        if (from.ElementCount == 0) return null;
        var axes = new AffineIndex[from.Rank];
        var j = 0;
        for (var i = 0; i < from.Rank; i++)
        {
            var terms = new List<(int Axis, long Coefficient)>();
            for (long left = from[i]; left > 1; j++)
            {
                if (left % to[j] != 0) return null;
                left /= to[j];
                if (to[j] > 1) terms.Add((j, left));
            }
            axes[i] = new(0, [.. terms]);
        }
        return new(axes);
    }

    /// <inheritdoc/>
    public ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> index, ElementSource source)
    {
        var (from, to) = (operation.Operands[0].Shape, operation.Result.Shape);
        var mapped = new ScalarExpr[from.Rank];
        Array.Fill(mapped, ScalarExpr.Index(0));
        if (from.ElementCount == 0) return source(0, mapped);
        // Axes are taken in the smallest groups of equal element counts, so that only axes that merge or split are divided.
        for (int i = 0, j = 0; i < from.Rank || j < to.Rank;)
        {
            var (firstFrom, firstTo) = (i, j);
            var (left, right) = (i < from.Rank ? from[i++] : 1L, j < to.Rank ? to[j++] : 1L);
            while (left != right)
            {
                if (left < right) left *= from[i++];
                else right *= to[j++];
            }
            MapGroup(from, firstFrom..i, mapped, Position(to, firstTo..j, index));
        }
        return source(0, mapped);
    }

    private static ScalarExpr Position(Shape to, Range group, ReadOnlySpan<ScalarExpr> index)
    {
        var position = ScalarExpr.Index(0);
        var stride = 1L;
        for (var i = group.End.Value - 1; i >= group.Start.Value; i--)
        {
            if (to[i] != 1) position = index[i] * stride + position;
            stride *= to[i];
        }
        return position;
    }

    private static void MapGroup(Shape from, Range group, ScalarExpr[] mapped, ScalarExpr position)
    {
        int[] axes = [.. Enumerable.Range(group.Start.Value, group.End.Value - group.Start.Value).Where(a => from[a] != 1)];
        var stride = 1L;
        for (var k = axes.Length - 1; k >= 0; k--)
        {
            var outer = position / ScalarExpr.Index(stride);
            // The outermost axis of a group has nothing above it to take away.
            mapped[axes[k]] = k == 0 ? outer : ScalarExpr.Binary(BinaryKind.Rem, outer, ScalarExpr.Index(from[axes[k]]));
            stride *= from[axes[k]];
        }
    }
}

/// <summary>Fluent syntax of <see cref="Reshape"/>.</summary>
public static class ReshapeSyntax
{
    extension(Value x)
    {
        /// <summary>The same elements with these sizes, one of which may be -1: what is left.</summary>
        /// <exception cref="GraphException">SGC1002: the element counts differ. SGC1005: a negative size other than one -1.</exception>
        public Value Reshape(int[] sizes, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            ArgumentNullException.ThrowIfNull(sizes);
            var inferred = sizes.Count(s => s == -1) == 1 && sizes.All(s => s is -1 or > 0) ? x.Shape.ElementCount : -1;
            // One size after another: their product may be of more than 64 bits.
            if (inferred >= 0)
                foreach (var size in sizes) inferred /= Math.Abs(size);
            return x.Emit(Ops.Reshape.Instance, new(file, line),
                AttributeMap.Empty.With("shape", new Attribute.Numbers([.. sizes.Select(s => (Scalar)(s == -1 ? inferred : s))])));
        }

        /// <summary>x with a new axis of size 1 at <paramref name="axis"/> (negative counts from the end of the result's).</summary>
        /// <exception cref="GraphException">SGC1004: the result has no such axis.</exception>
        public Value ExpandDims(int axis, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            return x.Emit(Ops.Reshape.Instance, new(file, line), Expanded(x, axis, new(file, line)));
        }

        /// <summary>x without <paramref name="axes"/> (negative counts from the end), whose size is 1, or without all those of size
        /// 1.</summary>
        /// <exception cref="GraphException">SGC1004: an axis is out of range. SGC1002: its size is not 1.</exception>
        public Value Squeeze(Axes axes = default, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            int[] dropped = [.. axes.Of(x.Rank).Where(a => !axes.IsAll || x.Shape[a] == 1)];
            foreach (var axis in dropped)
                if (axis < 0 || axis >= x.Rank || x.Shape[axis] != 1)
                    throw Error(x, axis < 0 || axis >= x.Rank ? DiagnosticCode.BadAxis : DiagnosticCode.ShapeMismatch,
                        $"{x.Type} has no axis {axis} of size 1", new(file, line));
            return x.Emit(Ops.Reshape.Instance, new(file, line), Ops.Reshape.Attributes(x.Shape.Without(dropped)));
        }
    }

    /// <summary>The attributes of a reshape that adds an axis.</summary>
    internal static AttributeMap Expanded(Value x, int axis, Location location)
    {
        var at = axis < 0 ? axis + x.Rank + 1 : axis;
        if (at < 0 || at > x.Rank)
            throw Error(x, DiagnosticCode.BadAxis, $"no new axis {axis} in {x.Type}, which has {x.Rank}", location);
        int[] sizes = [.. x.Shape.Take(at), 1, .. x.Shape.Skip(at)];
        return Ops.Reshape.Attributes(new Shape(sizes));
    }

    private static GraphException Error(Value x, DiagnosticCode code, string message, Location location) =>
        new OpCall(Ops.Reshape.Instance, [x], AttributeMap.Empty, null, x.Builder.Pinned ?? location).Error(code, message);
}
