using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Adds windows where they overlap: the transpose of <see cref="Window"/>.</summary>
/// <remarks>axes, size, stride, dilation: as of window; shape: the result's. Each element of the result is the sum of all taps that lie
/// on it, 0 where none does, so it is computed by reading, and any number of workers adds in one order.
/// C1 to C2: as of window. C3: x's shape is that of the windows of the result. Cost: size / stride terms for each element.</remarks>
public sealed class OverlapAdd : LinearOp, IIndexedOp
{
    /// <summary>The op.</summary>
    public static readonly OverlapAdd Instance = new();
    private OverlapAdd() : base("overlap_add", arity: 1) { }

    /// <summary>The attributes: the windows, and the shape that they are windows of.</summary>
    public static AttributeMap Attributes(Window.Geometry windows, Shape shape)
    {
        ArgumentNullException.ThrowIfNull(windows);
        return windows.Attributes.With("shape", shape);
    }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        call.Numeric();
        var result = call[0].With(call.Sizes("shape"));
        var windows = Window.Geometry.Check(call, result.Rank);
        windows.CheckFits(call, result);
        var fitting = windows.WindowsOf(result.Shape);
        call.Require(call[0].Shape == fitting, DiagnosticCode.ShapeMismatch, () => $"the windows of {result} are {fitting}, got {call[0]}");
        return result;
    }
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) =>
        cotangent.Emit(Window.Instance, operation.Location, Window.Geometry.Of(operation).Attributes);
    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands)
    {
        var (type, x, windows) = (operation.Result.Type, operands[0], Window.Geometry.Of(operation));
        var values = new Scalar[type.Shape.ElementCount];
        var (index, target) = (new int[x.Type.Rank], new int[type.Rank]);
        for (var i = 0L; i < x.Type.Shape.ElementCount; i++)
        {
            x.Type.Shape.Unravel(i, index);
            for (var axis = 0; axis < target.Length; axis++)
                target[axis] = index[axis < windows.FirstTap ? axis : axis + windows.Axes.Length];
            for (var k = 0; k < windows.Axes.Length; k++)
                target[windows.Axes[k]] = index[windows.Axes[k]] * windows.Stride[k] + index[windows.FirstTap + k] * windows.Dilation[k];
            values[type.Shape.Ravel(target)] += x[i];
        }
        return Literal.Rounded(type, values);
    }
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => x.Emit(this,
        Attributes(Window.Geometry.Of(operation).Behind(), new Shape([x.Size, .. operation.Result.Shape])));

    bool IIndexedOp.IsRepeatable(Operation operation) => false;

    // The most taps that lie on one element; each tap lies on one.
    int? IIndexedOp.DisjointTerms(Operation operation)
    {
        var windows = Window.Geometry.Of(operation);
        return windows.Size.Select((size, k) => windows.Dilation[k] == 1 ? (size + windows.Stride[k] - 1) / windows.Stride[k] : size)
            .Aggregate(1, (product, n) => (int)Math.Min((long)product * n, int.MaxValue));
    }

    /// <summary>A tap that may lie on an element: the window that it belongs to, its number there, and when it does.</summary>
    private readonly record struct Tap(ScalarExpr Window, ScalarExpr Number, ScalarExpr? Exists);

    /// <inheritdoc/>
    public ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> index, ElementSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var (windows, shape) = (Window.Geometry.Of(operation), operation.Operands[0].Shape);
        // Types narrower than f32 have too few bits to add in.
        var accumulator = operation.Result.DType is { IsFloating: true, Bits: < 32 } ? DType.F32 : operation.Result.DType;
        List<(ScalarExpr[] At, ScalarExpr? Exists)> sites =
            [([.. index[..windows.FirstTap], .. new ScalarExpr[windows.Axes.Length], .. index[windows.FirstTap..]], null)];
        for (var k = 0; k < windows.Axes.Length; k++)
        {
            var (axis, along) = (k, windows.Axes[k]);
            var taps = Taps(windows, axis, index[along], shape[along], operation.Result.Shape[along]);
            sites = [.. sites.SelectMany(s => taps.Select(t => With(s, t)))];

            (ScalarExpr[], ScalarExpr?) With((ScalarExpr[] At, ScalarExpr? Exists) site, Tap tap)
            {
                ScalarExpr[] at = [.. site.At];
                (at[along], at[windows.FirstTap + axis]) = (tap.Window, tap.Number);
                return (at, ScalarExpr.Both(site.Exists, tap.Exists));
            }
        }
        ScalarExpr? sum = null;
        foreach (var (at, exists) in sites)
        {
            if (exists?.Truth == false) continue;
            var term = source(0, at, exists);
            if (exists is not null) term = ScalarExpr.Select(exists, term, ScalarExpr.Constant(term.DType, 0));
            term = term.ConvertTo(accumulator);
            sum = sum is null ? term : sum + term;
        }
        return (sum ?? ScalarExpr.Constant(accumulator, 0)).ConvertTo(operation.Result.DType);
    }

    // window · stride + tap · dilation = at. Without dilation the taps on an element are a stride apart, so only they are tried.
    private static List<Tap> Taps(Window.Geometry windows, int k, ScalarExpr at, int count, int elements)
    {
        var (size, stride, dilation) = (windows.Size[k], windows.Stride[k], windows.Dilation[k]);
        ScalarExpr Below(ScalarExpr x, long limit) => ScalarExpr.Compare(CompareKind.Lt, x, ScalarExpr.Index(limit));
        ScalarExpr NotNegative(ScalarExpr x) => ScalarExpr.Compare(CompareKind.Ge, x, ScalarExpr.Index(0));
        ScalarExpr Remainder(ScalarExpr x) => ScalarExpr.Binary(BinaryKind.Rem, x, ScalarExpr.Index(stride));
        var lastWindow = (elements - 1) / stride;
        if (dilation == 1)
            return [.. Enumerable.Range(0, (size + stride - 1) / stride).Select(j =>
            {
                var (window, tap) = (at / ScalarExpr.Index(stride) - ScalarExpr.Index(j), Remainder(at) + (long)j * stride);
                var exists = j > 0 ? NotNegative(window) : null;
                if (lastWindow - j >= count) exists = ScalarExpr.Both(exists, Below(window, count));
                return new Tap(window, tap, (j + 1) * stride > size ? ScalarExpr.Both(exists, Below(tap, size)) : exists);
            })];
        return [.. Enumerable.Range(0, size).Select(tap =>
        {
            var first = at - ScalarExpr.Index((long)tap * dilation);
            var exists = ScalarExpr.Both(tap > 0 ? NotNegative(first) : null,
                stride > 1 ? ScalarExpr.Compare(CompareKind.Eq, Remainder(first), ScalarExpr.Index(0)) : null);
            var window = first / ScalarExpr.Index(stride);
            return new Tap(window, ScalarExpr.Index(tap), ScalarExpr.Both(exists, Below(window, count)));
        })];
    }
}
