using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Joins tensors along one dimension.</summary>
/// <remarks>C1: at least one operand. C2: one element type. C3: sizes agree except along the dimension.</remarks>
public sealed class Concatenate : LinearOp, IIndexedOp
{
    /// <summary>The op.</summary>
    public static readonly Concatenate Instance = new();
    private Concatenate() : base("concatenate", Variadic) { }

    /// <inheritdoc/>
    protected override bool IsJointlyLinear => true;

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        call.Require(call.Count > 0, DiagnosticCode.OperandCount, () => "needs at least one operand");
        var axis = call.Int("dimension");
        call.Require(axis >= 0 && axis < call[0].Rank, DiagnosticCode.BadAxis, () => $"{call[0]} has no axis {axis}");
        for (var i = 1; i < call.Count; i++)
        {
            var other = call[i];
            call.Require(other.DType == call[0].DType, DiagnosticCode.DTypeMismatch, () => $"element types differ: {call[0]} and {other}");
            call.Require(other.Rank == call[0].Rank && other.Shape.Without(axis) == call[0].Shape.Without(axis),
                DiagnosticCode.ShapeMismatch,
                () => $"{call[0]} and {other} differ beside axis {axis}");
        }
        long[] sizes = [.. call[0].Shape];
        sizes[axis] = call.Operands.Sum(o => (long)o.Shape[axis]);
        return call[0].With(Shape.Of(sizes));
    }
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent)
    {
        var axis = operation.Int("dimension");
        int[] start = new int[cotangent.Rank], limit = [.. cotangent.Shape];
        start[axis] = operation.Operands.Take(wrt).Sum(o => o.Shape[axis]);
        limit[axis] = start[axis] + operation.Operands[wrt].Shape[axis];
        return cotangent.Emit(Slice.Instance, operation.Location, Slice.Attributes(start, limit));
    }
    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands)
    {
        var (type, axis) = (operation.Result.Type, operation.Int("dimension"));
        var values = new Scalar[type.Shape.ElementCount];
        var index = new int[type.Rank];
        for (var i = 0L; i < values.Length; i++)
        {
            type.Shape.Unravel(i, index);
            var part = 0;
            while (index[axis] >= operands[part].Type.Shape[axis]) index[axis] -= operands[part++].Type.Shape[axis];
            values[i] = operands[part][operands[part].Type.Shape.Ravel(index)];
        }
        return Literal.Rounded(type, values);
    }
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) =>
        x.Emit(this, operation.Attributes.With("dimension", operation.Int("dimension") + 1));
    bool IIndexedOp.IsRepeatable(Operation operation) => false;
    int? IIndexedOp.DisjointTerms(Operation operation) => 1;
    /// <inheritdoc/>
    public ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> index, ElementSource source)
    {
        var axis = operation.Int("dimension");
        ScalarExpr? result = null;
        var end = operation.Result.Shape[axis];
        // From the last operand to the first: an element is the first operand's if it is before that one's end, and so on.
        for (var i = operation.Operands.Length - 1; i >= 0; i--)
        {
            var start = end - operation.Operands[i].Shape[axis];
            if (start == end) continue;
            var mapped = index.ToArray();
            mapped[axis] = index[axis] - ScalarExpr.Index(start);
            var before = ScalarExpr.Compare(CompareKind.Lt, index[axis], ScalarExpr.Index(end));
            var inside = ScalarExpr.Both(before, ScalarExpr.Compare(CompareKind.Ge, index[axis], ScalarExpr.Index(start)));
            var element = source(i, mapped, inside);
            result = result is null ? element : ScalarExpr.Select(before, element, result);
            end = start;
        }
        return result ?? ScalarExpr.Constant(operation.Result.DType, 0);
    }

    /// <inheritdoc/>
    public IEnumerable<int> Breaks(Operation operation, int axis)
    {
        ArgumentNullException.ThrowIfNull(operation);
        if (axis != operation.Int("dimension")) yield break;
        var end = 0;
        foreach (var part in operation.Operands) yield return end += part.Shape[axis];
    }
}

/// <summary>Fluent syntax of <see cref="Concatenate"/>.</summary>
public static class ConcatenateSyntax
{
    extension(Value x)
    {
        /// <summary>x and then <paramref name="other"/> along <paramref name="axis"/> (negative counts from the end).</summary>
        /// <exception cref="GraphException">SGC1001, SGC1002, SGC1004: element types, sizes or the axis do not fit.</exception>
        public Value Concat(Value other, int axis = 0, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Emit(x, [other], axis, new(file, line));

        /// <summary>x and then <paramref name="others"/> along <paramref name="axis"/> (negative counts from the end).</summary>
        /// <exception cref="GraphException">SGC1001, SGC1002, SGC1004: element types, sizes or the axis do not fit.</exception>
        public Value Concat(Value[] others, int axis = 0, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Emit(x, others, axis, new(file, line));

        /// <summary>x and <paramref name="others"/>, all of one type, along a new axis at <paramref name="axis"/> (negative counts from the
        /// end of the result's).</summary>
        /// <exception cref="GraphException">SGC1001, SGC1002, SGC1004: element types, shapes or the axis do not fit.</exception>
        public Value Stack(Value[] others, int axis = 0, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(others);
            var location = new Location(file, line);
            // By x's builder, which refuses those of another.
            Value Expanded(Value other)
            {
                ArgumentNullException.ThrowIfNull(other, nameof(others));
                return x.Builder.Emit(Reshape.Instance, [other], ReshapeSyntax.Expanded(other, axis, location));
            }
            return x.Compose(location, () => Expanded(x).Concat([.. others.Select(Expanded)], axis));
        }

        /// <inheritdoc cref="Stack(Value, Value[], int, string, int)"/>
        public Value Stack(Value other, int axis = 0, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(other);
            return x.Stack([other], axis, file, line);
        }
    }

    private static Value Emit(Value x, Value[] others, int axis, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(others);
        return x.Emit(Concatenate.Instance, location, AttributeMap.Empty.With("dimension", axis < 0 ? axis + x.Rank : axis), others);
    }
}
