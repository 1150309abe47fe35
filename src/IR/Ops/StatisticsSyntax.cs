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
    }
}
