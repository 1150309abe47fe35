using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend;

/// <summary>Losses of numbers: of each element what it is from its target.</summary>
public static class RegressionLossSyntax
{
    extension(Value x)
    {
        /// <summary>Mean of (x - target)² over all elements: a scalar.</summary>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ.</exception>
        public Value MeanSquaredError(Value target, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new SyntaxCall("MeanSquaredError", x, new(file, line)).Same(target, nameof(target)).Loss(() => (x - target).Square().Mean());

        /// <summary>(x - target)².</summary>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ. SGC1011: no such reduction.</exception>
        public Value SquaredError(Value target, LossReduction reduction = LossReduction.Mean,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new SyntaxCall("SquaredError", x, new(file, line)).Same(target, nameof(target)).Known(reduction)
                .Loss(reduction, () => Difference(x, target).Square());

        /// <summary>|x - target|; the derivative where they are equal is 0.</summary>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ. SGC1011: no such reduction.</exception>
        public Value L1Loss(Value target, LossReduction reduction = LossReduction.Mean,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new SyntaxCall("L1Loss", x, new(file, line)).Same(target, nameof(target)).Known(reduction)
                .Loss(reduction, () => Difference(x, target).Abs());

        /// <summary>d²/2 for d = |x - target| up to <paramref name="delta"/>, and delta·(d - delta/2) beyond (Huber 1964).</summary>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ. SGC1011: delta is not above 0 and finite, or no such
        /// reduction.</exception>
        public Value HuberLoss(Value target, double delta = 1, LossReduction reduction = LossReduction.Mean,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new SyntaxCall("HuberLoss", x, new(file, line)).Same(target, nameof(target)).Positive(delta, nameof(delta)).Known(reduction)
                .Loss(reduction, () =>
                {
                    // The limited difference times what is left of the difference: the square is of no number above delta.
                    var difference = Difference(x, target);
                    var limited = difference.Clip(-delta, delta);
                    return limited * (difference - 0.5 * limited);
                });

        /// <summary>d²/(2·beta) for d = |x - target| up to <paramref name="beta"/>, and d - beta/2 beyond (Girshick 2015); for 0 that of
        /// <see cref="L1Loss"/>.</summary>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ. SGC1011: beta is below 0 or not finite, or no such
        /// reduction.</exception>
        public Value SmoothL1Loss(Value target, double beta = 1, LossReduction reduction = LossReduction.Mean,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new SyntaxCall("SmoothL1Loss", x, new(file, line)).Same(target, nameof(target)).NotNegative(beta, nameof(beta)).Known(reduction)
                .Loss(reduction, () =>
                {
                    var difference = Difference(x, target);
                    if (beta == 0) return difference.Abs();
                    var limited = difference.Clip(-beta, beta);
                    return limited / beta * (difference - 0.5 * limited);
                });
    }

    private static Value Difference(Value x, Value target) => LossCall.Wide(x) - LossCall.Wide(target);
}
