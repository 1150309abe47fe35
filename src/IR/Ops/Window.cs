using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Overlapping windows along some axes, as a view: what convolutions and pools read.</summary>
/// <remarks>axes: which axes, increasing; size, stride, dilation: of the windows, a number for each of them. Each axis becomes the windows
/// that fit, (n - (size - 1)·dilation - 1) / stride + 1 of them; the taps within a window become new axes behind the last windowed one:
/// x[n, h, w, c] over h and w is y[n, oh, ow, kh, kw, c]. Elements that no window reaches are left out; padding is pad's.
/// C1: axes increase, and size, stride and dilation have a number, at least 1, for each. C2: a window fits.</remarks>
public sealed class Window : AffineOp
{
    /// <summary>The op.</summary>
    public static readonly Window Instance = new();
    private Window() : base("window") { }

    /// <summary>Where windows are.</summary>
    /// <param name="Axes">The windowed axes, increasing.</param>
    /// <param name="Size">Taps of a window along each.</param>
    /// <param name="Stride">Elements from a window to the next along each.</param>
    /// <param name="Dilation">Elements from a tap to the next along each.</param>
    public sealed record Geometry(int[] Axes, int[] Size, int[] Stride, int[] Dilation)
    {
        /// <summary>The attributes that say so.</summary>
        public AttributeMap Attributes => AttributeMap.Empty
            .With("axes", Axes).With("size", Size).With("stride", Stride).With("dilation", Dilation);

        /// <summary>The first axis of the taps in the result.</summary>
        public int FirstTap => Axes[^1] + 1;

        /// <summary>The geometry of an operation.</summary>
        public static Geometry Of(Operation operation) => new(operation.Ints("axes"), operation.Ints("size"),
            operation.Ints("stride"), operation.Ints("dilation"));

        /// <summary>The elements from the first tap to the last.</summary>
        public long Extent(int i) => ((long)Size[i] - 1) * Dilation[i] + 1;

        /// <summary>How many windows fit along the i-th axis.</summary>
        public int Count(int i, int elements) => (int)((elements - Extent(i)) / Stride[i]) + 1;

        /// <summary>The shape of the windows of a tensor.</summary>
        public Shape WindowsOf(Shape x)
        {
            int[] positions = [.. x];
            for (var i = 0; i < Axes.Length; i++) positions[Axes[i]] = Count(i, x[Axes[i]]);
            return new([.. positions[..FirstTap], .. Size, .. positions[FirstTap..]]);
        }

        /// <summary>The geometry with axes counted behind a new one.</summary>
        internal Geometry Behind() => this with { Axes = BatchedOperands.Behind(Axes) };

        internal static Geometry Check(OpCall call, int rank)
        {
            var windows = new Geometry(call.Axes("axes", rank), call.Ints("size"), call.Ints("stride"), call.Ints("dilation"));
            var count = windows.Axes.Length;
            call.Require(count > 0 && windows.Axes.Zip(windows.Axes.Skip(1)).All(p => p.First < p.Second), DiagnosticCode.BadAxis,
                () => $"axes=[{string.Join(",", windows.Axes)}] must increase, and hold one at least");
            foreach (var (name, numbers) in new[] { ("size", windows.Size), ("stride", windows.Stride), ("dilation", windows.Dilation) })
                call.Require(numbers.Length == count && numbers.All(n => n >= 1), DiagnosticCode.BadAttribute,
                    () => $"{name}=[{string.Join(",", numbers)}] needs a number of at least 1 for each of {count} axes");
            return windows;
        }

        internal void CheckFits(OpCall call, TensorType x)
        {
            for (var i = 0; i < Axes.Length; i++)
            {
                var at = i;
                call.Require(Extent(i) <= x.Shape[Axes[i]], DiagnosticCode.ShapeMismatch, () => $"a window of {Size[at]} taps, "
                    + $"{Dilation[at]} apart, spans {Extent(at)} elements and does not fit axis {Axes[at]} of {x}");
            }
        }
    }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var windows = Geometry.Check(call, call[0].Rank);
        windows.CheckFits(call, call[0]);
        return call[0].With(windows.WindowsOf(call[0].Shape));
    }
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) => cotangent.Emit(OverlapAdd.Instance,
        operation.Location, OverlapAdd.Attributes(Geometry.Of(operation), operation.Operands[0].Shape));
    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => x[0];
    /// <inheritdoc/>
    protected override AffineMap MapOf(Operation operation)
    {
        var windows = Geometry.Of(operation);
        return new([.. operation.Operands[0].Shape.Select((_, axis) => Array.IndexOf(windows.Axes, axis) switch
        {
            < 0 => AffineIndex.Of(axis < windows.FirstTap ? axis : axis + windows.Axes.Length),
            var i => new AffineIndex(0, (axis, windows.Stride[i]), (windows.FirstTap + i, windows.Dilation[i])),
        })]);
    }
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) =>
        x.Emit(this, Geometry.Of(operation).Behind().Attributes);
}

/// <summary>Fluent syntax of <see cref="Window"/>.</summary>
public static class WindowSyntax
{
    extension(Value x)
    {
        /// <summary>The windows along some axes: x[n, h, w, c] over axes 1 and 2 is y[n, oh, ow, kh, kw, c]. Nothing is copied.</summary>
        /// <param name="axes">Increasing.</param>
        /// <param name="size">Taps of a window along each, at least 1.</param>
        /// <param name="stride">Elements from a window to the next; 1 when null.</param>
        /// <param name="dilation">Elements from a tap to the next; 1 when null.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1002: no window fits. SGC1004: axes. SGC1005: size, stride or dilation.</exception>
        public Value Window(int[] axes, int[] size, int[]? stride = null, int[]? dilation = null,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(axes);
            ArgumentNullException.ThrowIfNull(size);
            int[] ones = [.. size.Select(_ => 1)];
            return x.Emit(Ops.Window.Instance, new(file, line),
                new Window.Geometry(axes, size, stride ?? ones, dilation ?? ones).Attributes);
        }
    }
}
