using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Reductions that are made of others.</summary>
public static class StatisticsSyntax
{
    extension(Value x)
    {
        /// <summary>Mean of (x - mean)² along <paramref name="axes"/>: the population's variance, as NumPy's.</summary>
        /// <param name="axes">Negative ones count from the end.</param>
        /// <param name="correction">What the divisor has less than elements: 1 for that of a sample, as PyTorch's. Over as few elements or
        /// fewer the result is NaN or infinite.</param>
        /// <param name="keepAxes">Whether the axes stay, with size 1.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1004: an axis is out of range or named twice.</exception>
        public Value Variance(Axes axes = default, int correction = 0, bool keepAxes = false,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) => x.Compose(new(file, line), () =>
        {
            var squares = (x - x.Mean(axes, keepAxes: true)).Square();
            if (correction == 0) return squares.Mean(axes, keepAxes);
            var divisor = (double)Reduction.Count(x.Shape, axes.Of(x.Rank)) - correction;
            return squares.Sum(axes, keepAxes) * (1 / Math.Max(divisor, 0));
        });

        /// <summary>Square root of <see cref="Variance"/>, whose derivative is 0 where all elements are equal, as PyTorch's.</summary>
        /// <inheritdoc cref="Variance"/>
        public Value Std(Axes axes = default, int correction = 0, bool keepAxes = false,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) => x.Compose(new(file, line), () =>
        {
            var variance = x.Variance(axes, correction, keepAxes);
            var isFlat = variance.Equal(0);
            return isFlat.Select(variance.Constant(0), isFlat.Select(variance.Constant(1), variance).Sqrt());
        });

        /// <summary>log Σ eˣ along <paramref name="axes"/> (negative counts from the end), or of everything, with no overflow.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1004: an axis is out of range or named twice.
        /// SGC1002: there are no elements along them.</exception>
        public Value LogSumExp(Axes axes = default, bool keepAxes = false,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) => x.Compose(new(file, line), () =>
        {
            var largest = x.Max(axes, keepAxes: true).StopGradient();
            // An infinite one would give ∞ - ∞; sums of 0 and of ∞ are right without it.
            var shift = (largest.Abs() < double.PositiveInfinity).Select(largest, largest.Constant(0));
            var sum = (x - shift).Exp().Sum(axes, keepAxes: true).Log() + shift;
            return keepAxes ? sum : sum.Squeeze([.. axes.Of(x.Rank)]);
        });

        /// <summary>Position of the largest element along <paramref name="axis"/> (negative counts from the end), which is dropped: the
        /// first of equals, or the first NaN if there is one. i32.</summary>
        /// <exception cref="GraphException">SGC1001: x is bool. SGC1004: no such axis. SGC1002: no elements along it.</exception>
        public Value ArgMax(int axis, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => FirstOf(x, x.Max(axis, keepAxes: true), axis));

        /// <summary>Position of the smallest element along <paramref name="axis"/>, as <see cref="ArgMax"/> has that of the
        /// largest.</summary>
        /// <inheritdoc cref="ArgMax"/>
        public Value ArgMin(int axis, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => FirstOf(x, x.Min(axis, keepAxes: true), axis));
    }

    // An extremum is NaN if an element is; nothing equals it then, and NaN is what differs from itself.
    private static Value FirstOf(Value x, Value extremum, int axis)
    {
        var isChosen = x.Equal(extremum);
        if (x.DType.IsFloating) isChosen = isChosen.Or(x.NotEqual(x));
        var positions = x.Builder.Emit(Iota.Instance, [], Iota.Attributes(DType.I32.Scalar.With(x.Shape), axis < 0 ? axis + x.Rank : axis));
        return isChosen.Select(positions, positions.Constant(int.MaxValue)).Min(axis);
    }
}
