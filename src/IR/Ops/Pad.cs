using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Puts a constant around a tensor and between its elements.</summary>
/// <remarks>value: the constant. low, high, interior: for each axis how many before, after, and between neighbours.
/// C1: each has a number for each axis. C2: none is negative. C3: x's type can hold value.</remarks>
public sealed class Pad : LinearOp, IIndexedOp
{
    /// <summary>The op.</summary>
    public static readonly Pad Instance = new();
    private Pad() : base("pad", arity: 1) { }

    /// <summary>The attributes: the constant, and how many of it for each axis.</summary>
    public static AttributeMap Attributes(Scalar value, int[] low, int[] high, int[] interior) =>
        AttributeMap.Empty.With("value", value).With("low", low).With("high", high).With("interior", interior);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var (low, high, interior, x) = (call.Ints("low"), call.Ints("high"), call.Ints("interior"), call[0]);
        call.Element("value", x.DType);
        call.Require(low.Length == x.Rank && high.Length == x.Rank && interior.Length == x.Rank, DiagnosticCode.RankMismatch,
            () => $"low, high and interior need {x.Rank} numbers each for {x}");
        call.Require(low.Concat(high).Concat(interior).All(n => n >= 0), DiagnosticCode.BadAttribute,
            () => "padding cannot be negative; use slice");
        return x.With(Shape.Of([.. x.Shape.Select((size, i) =>
            (long)low[i] + size + high[i] + (long)Math.Max(size - 1, 0) * interior[i])]));
    }
    // The constant does not depend on x, so the derivative is that of padding with zero: the tangent must not see it.
    /// <inheritdoc/>
    protected override AttributeMap TangentAttributes(Operation operation) => operation.Attributes.With("value", 0);
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent)
    {
        var (low, interior, x) = (operation.Ints("low"), operation.Ints("interior"), operation.Operands[0].Shape);
        int[] stride = [.. interior.Select((n, i) => x[i] > 1 ? n + 1 : 1)];
        int[] limit = [.. x.Select((size, i) => size == 0 ? low[i] : low[i] + (size - 1) * stride[i] + 1)];
        return cotangent.Emit(Slice.Instance, operation.Location, Slice.Attributes(low, limit, stride));
    }
    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands)
    {
        var (type, x) = (operation.Result.Type, operands[0]);
        var (low, interior) = (operation.Ints("low"), operation.Ints("interior"));
        var values = new Scalar[type.Shape.ElementCount];
        Array.Fill(values, operation.Number("value"));
        var (source, index) = (new int[type.Rank], new int[type.Rank]);
        for (var i = 0L; i < x.Type.Shape.ElementCount; i++)
        {
            x.Type.Shape.Unravel(i, source);
            for (var d = 0; d < index.Length; d++) index[d] = low[d] + source[d] * (interior[d] + 1);
            values[type.Shape.Ravel(index)] = x[i];
        }
        return Literal.Rounded(type, values);
    }
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => x.Emit(this, Attributes(operation.Number("value"),
        [0, .. operation.Ints("low")], [0, .. operation.Ints("high")], [0, .. operation.Ints("interior")]));
    bool IIndexedOp.IsRepeatable(Operation operation) => false;
    int? IIndexedOp.DisjointTerms(Operation operation) => operation.Ints("interior").All(n => n == 0) ? 1 : null;
    /// <inheritdoc/>
    public ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> index, ElementSource source)
    {
        var (low, interior, x) = (operation.Ints("low"), operation.Ints("interior"), operation.Operands[0].Shape);
        ScalarExpr? inside = null;
        void And(ScalarExpr condition) => inside = ScalarExpr.Both(inside, condition);
        var mapped = new ScalarExpr[index.Length];
        for (var i = 0; i < mapped.Length; i++)
        {
            var offset = index[i] - ScalarExpr.Index(low[i]);
            var stride = ScalarExpr.Index(interior[i] + 1L);
            mapped[i] = offset / stride;
            if (low[i] > 0) And(ScalarExpr.Compare(CompareKind.Ge, offset, ScalarExpr.Index(0)));
            if (operation.Result.Shape[i] > (long)low[i] + x[i]) And(ScalarExpr.Compare(CompareKind.Lt, mapped[i], ScalarExpr.Index(x[i])));
            if (interior[i] > 0)
                And(ScalarExpr.Compare(CompareKind.Eq, ScalarExpr.Binary(BinaryKind.Rem, offset, stride), ScalarExpr.Index(0)));
        }
        if (inside is null) return source(0, mapped);
        var value = ScalarExpr.Constant(operation.Result.DType, operation.Number("value"));
        return inside.Truth == false ? value : ScalarExpr.Select(inside, source(0, mapped, inside), value);
    }

    /// <inheritdoc/>
    public IEnumerable<int> Breaks(Operation operation, int axis)
    {
        ArgumentNullException.ThrowIfNull(operation);
        var first = operation.Ints("low")[axis];
        return operation.Ints("interior")[axis] > 0 ? [] : [first, first + operation.Operands[0].Shape[axis]];
    }
}

/// <summary>Fluent syntax of <see cref="Pad"/>.</summary>
public static class PadSyntax
{
    extension(Value x)
    {
        /// <summary>x with a constant before (low), after (high) and between its elements (interior, null for 0) along each axis.</summary>
        /// <exception cref="GraphException">SGC1001: a fraction for integers. SGC1003: wrong number of axes.
        /// SGC1005: negative padding, or a value beyond x's type. SGC1012: too large a result.</exception>
        public Value Pad(int[] low, int[] high, Scalar value = default, int[]? interior = null,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(low);
            ArgumentNullException.ThrowIfNull(high);
            return x.Emit(Ops.Pad.Instance, new(file, line), Ops.Pad.Attributes(value, low, high, interior ?? [.. low.Select(_ => 0)]));
        }
    }
}
