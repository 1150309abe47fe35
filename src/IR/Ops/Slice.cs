using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>A regular part of a tensor: along each axis from start to before limit in steps of stride.</summary>
/// <remarks>C1: each attribute has a number for each axis. C2: 0 ≤ start ≤ limit ≤ size. C3: stride ≥ 1.</remarks>
public sealed class Slice : AffineOp
{
    /// <summary>The op.</summary>
    public static readonly Slice Instance = new();
    private Slice() : base("slice") { }

    /// <summary>The attributes: a range for each axis; of all its elements where no stride is given.</summary>
    public static AttributeMap Attributes(int[] start, int[] limit, int[]? stride = null) => AttributeMap.Empty
        .With("start", start).With("limit", limit).With("stride", stride ?? [.. start.Select(_ => 1)]);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var (start, limit, stride, x) = (call.Ints("start"), call.Ints("limit"), call.Ints("stride"), call[0]);
        call.Require(start.Length == x.Rank && limit.Length == x.Rank && stride.Length == x.Rank, DiagnosticCode.RankMismatch,
            () => $"start, limit and stride need {x.Rank} numbers each for {x}");
        var sizes = new int[x.Rank];
        for (var i = 0; i < sizes.Length; i++)
        {
            var axis = i;
            call.Require(start[i] >= 0 && start[i] <= limit[i] && limit[i] <= x.Shape[i] && stride[i] >= 1, DiagnosticCode.BadAttribute,
                () => $"axis {axis} of {x} has no range from {start[axis]} to {limit[axis]} in steps of {stride[axis]}");
            sizes[i] = (int)(((long)limit[i] - start[i] + stride[i] - 1) / stride[i]);
        }
        return x.With(new Shape(sizes));
    }
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent)
    {
        var (start, stride, x) = (operation.Ints("start"), operation.Ints("stride"), operation.Operands[0].Shape);
        var high = new int[x.Rank];
        for (var i = 0; i < high.Length; i++)
        {
            var count = cotangent.Shape[i];
            high[i] = x[i] - start[i] - (count == 0 ? 0 : (count - 1) * stride[i] + 1);
        }
        return cotangent.Emit(Pad.Instance, operation.Location, Pad.Attributes(0, start, high, [.. stride.Select(s => s - 1)]));
    }
    /// <inheritdoc/>
    protected override AffineMap MapOf(Operation operation)
    {
        var (start, stride) = (operation.Ints("start"), operation.Ints("stride"));
        return new([.. start.Select((first, axis) => new AffineIndex(first, (axis, stride[axis])))]);
    }
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => x.Emit(this,
        Attributes([0, .. operation.Ints("start")], [x.Size, .. operation.Ints("limit")], [1, .. operation.Ints("stride")]));
}

/// <summary>Fluent syntax of <see cref="Slice"/>.</summary>
public static class SliceSyntax
{
    extension(Value x)
    {
        /// <summary>Elements from start to before limit along each axis, in steps of stride (1 when null).</summary>
        /// <exception cref="GraphException">SGC1003: wrong number of axes. SGC1005: a range outside of x.</exception>
        public Value Slice(int[] start, int[] limit, int[]? stride = null,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(start);
            ArgumentNullException.ThrowIfNull(limit);
            return x.Emit(Ops.Slice.Instance, new(file, line), Ops.Slice.Attributes(start, limit, stride));
        }
    }
}
