using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elements in order along one axis, and where each of them was: i32.</summary>
/// <remarks>x: numbers. axis: which. descending: 1 for the largest first, else 0. count: how many of the first are kept. Equals keep their
/// order, zeros of both signs being equal, and NaN counts as the largest. C1: axis is an axis of x. C2: descending is 0 or 1. C3: 0 ≤ count
/// ≤ size. The derivative goes to where an element was. Cost: n·log n for each row; n where few are kept of many.</remarks>
public sealed class Sort : OpaqueOp, IKernelOp
{
    /// <summary>The op.</summary>
    public static readonly Sort Instance = new();
    private Sort() : base("sort", arity: 1) { }

    /// <summary>The attributes.</summary>
    public static AttributeMap Attributes(int axis, bool descending, int count) =>
        AttributeMap.Empty.With("axis", axis).With("descending", descending ? 1 : 0).With("count", count);

    internal static bool IsDescending(Operation operation) => operation.Int("descending") == 1;

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var (type, axis, count) = (call.Numeric(), call.Int("axis"), call.Int("count"));
        call.Require(axis >= 0 && axis < type.Rank, DiagnosticCode.BadAxis, () => $"{type} has no axis {axis}");
        call.Require(call.Int("descending") is 0 or 1, DiagnosticCode.BadAttribute,
            () => $"descending = {call.Int("descending")}; it is 0 or 1");
        call.Require(count >= 0 && count <= type.Shape[axis], DiagnosticCode.BadAttribute,
            () => $"axis {axis} of {type} has no {count} elements");
        int[] sizes = [.. type.Shape];
        sizes[axis] = count;
        return type.With(new Shape(sizes));
    }

    /// <inheritdoc/>
    protected override ImmutableArray<TensorType> InferAll(OpCall call)
    {
        var type = Infer(call);
        return [type, type.With(DType.I32)];
    }

    /// <inheritdoc/>
    public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands)
    {
        var (x, axis, type) = (operands[0], Cumulative.Axis(operation), operation.Results[0].Type);
        var (n, stride) = (x.Type.Shape[axis], x.Type.Shape.Strides()[axis]);
        var (values, indices) = (new Scalar[type.Shape.ElementCount], new Scalar[type.Shape.ElementCount]);
        for (var i = 0L; i < values.Length; i++)
        {
            var count = type.Shape[axis];
            if (i / stride % count != 0) continue;
            var first = i / (stride * count) * stride * n + i % stride;
            var numbers = Enumerable.Range(0, n);
            var order = Comparer<int>.Create((a, b) => Compare(x[first + a * stride], x[first + b * stride]));
            int[] sorted = [.. IsDescending(operation) ? numbers.OrderDescending(order) : numbers.Order(order)];
            for (var k = 0; k < count; k++)
                (values[i + k * stride], indices[i + k * stride]) = (x[first + sorted[k] * stride], sorted[k]);
        }
        return [Literal.Rounded(type, values), Literal.Rounded(operation.Results[1].Type, indices)];
    }

    // NaN above everything.
    private static int Compare(Scalar x, Scalar y)
    {
        var (isXNaN, isYNaN) = (double.IsNaN((double)x), double.IsNaN((double)y));
        return isXNaN || isYNaN ? isXNaN.CompareTo(isYNaN) : x < y ? -1 : x > y ? 1 : 0;
    }

    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) =>
        x.Emit(this, operation.Attributes.With("axis", Cumulative.Axis(operation) + 1));

    /// <inheritdoc/>
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted)
    {
        if (cotangents[0] is not { } cotangent || !wanted[0]) return [null];
        var x = operation.Operands[0];
        if (cotangent.Shape.ElementCount == 0) return [null];
        return [x.Constant(0).Emit(ScatterAddAlongAxis.Instance, operation.Location,
            ScatterAddAlongAxis.Attributes(Cumulative.Axis(operation)), operation.Results[1], cotangent)];
    }

    /// <inheritdoc/>
    public override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents) =>
        [tangents[0]?.TakeAlongAxis(operation.Results[1], Cumulative.Axis(operation)), null];

    /// <inheritdoc/>
    public Kernel Lower(Operation operation, TargetTraits target) =>
        SelectionKernel.Of(operation, target) ?? RadixSortKernel.Of(operation, target) ?? new SortKernel(operation, target).Build();
}

/// <summary>Fluent syntax of <see cref="Sort"/>.</summary>
public static class SortSyntax
{
    extension(Value x)
    {
        /// <summary>Elements in order along an axis (negative counts from the end). Equals keep their order, and NaN counts as the
        /// largest.</summary>
        /// <exception cref="GraphException">SGC1001: x is bool. SGC1004: no such axis.</exception>
        public Value Sort(int axis = -1, bool descending = false, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Both(x, axis, descending, null, "Sort", new(file, line)).Value;

        /// <summary>For the elements in order along an axis (negative counts from the end) where each of them was: i32. Equals keep their
        /// order, and NaN counts as the largest.</summary>
        /// <exception cref="GraphException">SGC1001: x is bool. SGC1004: no such axis.</exception>
        public Value ArgSort(int axis = -1, bool descending = false, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Both(x, axis, descending, null, "ArgSort", new(file, line)).Index;

        /// <summary>Elements in order along an axis (negative counts from the end), and where each of them was: i32. Equals keep their
        /// order, and NaN counts as the largest.</summary>
        /// <exception cref="GraphException">SGC1001: x is bool. SGC1004: no such axis.</exception>
        public (Value Value, Value Index) SortWithIndex(int axis = -1, bool descending = false,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Both(x, axis, descending, null, "SortWithIndex", new(file, line));

        /// <summary>The <paramref name="k"/> largest elements along an axis, the largest first, and where they were: i32. Of equals the
        /// first
        /// are taken, and NaN counts as the largest.</summary>
        /// <param name="k">From 0 to the axis' size.</param>
        /// <param name="axis">Negative ones count from the end.</param>
        /// <param name="largest">Whether the largest; else the smallest, the smallest first.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: x is bool. SGC1004: no such axis. SGC1005: it has no k elements.</exception>
        public (Value Value, Value Index) TopK(int k, int axis = -1, bool largest = true,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Both(x, axis, largest, k, "TopK", new(file, line));
    }

    private static (Value Value, Value Index) Both(Value x, int axis, bool descending, int? count, string name, Location location)
    {
        var call = new SyntaxCall(name, x, location);
        var at = call.Axis(axis);
        var both = x.Builder.EmitAll(Ops.Sort.Instance, [x], Ops.Sort.Attributes(at, descending, count ?? x.Shape[at]), call.Location);
        return (both[0], both[1]);
    }
}
