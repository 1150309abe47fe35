using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Smallest element along some axes, which are dropped, and its i32 index among them, in row-major order.</summary>
/// <remarks>x: numbers. The first of equals is chosen, zeros of both signs being equal, or the first NaN if there is one. C1: axes
/// increase and are in range. C2: they hold an element, or the results have none. C3: they hold at most 2^31 - 1. The derivative goes to
/// the chosen element alone.</remarks>
public sealed class ReduceMinIndex : ExtremumIndexOp
{
    /// <summary>The op.</summary>
    public static readonly ReduceMinIndex Instance = new();
    private ReduceMinIndex() : base("reduce_min_index") { }

    /// <inheritdoc/>
    public override ReductionKind Kind => ReductionKind.Min;
}

/// <summary>Fluent syntax of <see cref="ReduceMinIndex"/>.</summary>
public static class ReduceMinIndexSyntax
{
    extension(Value x)
    {
        /// <summary>Smallest element along <paramref name="axes"/> (negative counts from the end), or of everything, and its i32 index
        /// among them, in row-major order: the first of equals, or the first NaN if there is one. The derivative goes to that element
        /// alone, where that of <c>Min</c> is shared by equals.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is bool. SGC1004: an axis is out of range or named twice.
        /// SGC1002: there are no elements along them.</exception>
        public (Value Value, Value Index) MinWithIndex(Axes axes = default, bool keepAxes = false,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Reduction.EmitWithIndex(ReduceMinIndex.Instance, x, axes, keepAxes, new(file, line));

        /// <summary>Position of the smallest element along <paramref name="axis"/> (negative counts from the end), which is dropped: the
        /// first of equals, or the first NaN if there is one. i32.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is bool. SGC1004: no such axis. SGC1002: no elements along
        /// it.</exception>
        public Value ArgMin(int axis, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Reduction.EmitWithIndex(ReduceMinIndex.Instance, x, axis, keepAxes: false, new(file, line)).Index;
    }
}
