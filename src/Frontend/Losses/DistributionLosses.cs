using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend;

/// <summary>Losses of probabilities and their logarithms.</summary>
public static class DistributionLossSyntax
{
    extension(Value x)
    {
        /// <summary>-(target·log x + (1 - target)·log(1 - x)) for probabilities x; the logarithms are at least -100, so that it is finite
        /// at 0 and 1.</summary>
        /// <remarks>The derivative is (x - target) / (x·(1 - x)), the divisor at least 1e-12: 0 at (0, 0) and (1, 1), as PyTorch's. Logits
        /// that have a sigmoid before it lose less by <see cref="BinaryCrossEntropyWithLogits"/>.</remarks>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ. SGC1011: no such reduction.</exception>
        public Value BinaryCrossEntropy(Value target, LossReduction reduction = LossReduction.Mean,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new SyntaxCall("BinaryCrossEntropy", x, new(file, line)).Same(target, nameof(target)).Known(reduction)
                .Loss(reduction, () => OfProbabilities(LossCall.Wide(x), LossCall.Wide(target)));

        /// <summary>log(1 + eˣ) - x·target, for targets in 0..1, with no overflow: the binary cross entropy of σ(x).</summary>
        /// <param name="target">Of x's type.</param>
        /// <param name="reduction">Mean, as PyTorch's, unless stated.</param>
        /// <param name="positiveWeight">What target counts against 1 - target: a number, or one for each class, broadcast to x's
        /// shape.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <remarks>Computed as (1 - target)·log(1 + eˣ) + target·log(1 + e⁻ˣ), whose terms do not cancel, and whose derivative is
        /// (1 - target)·σ(x) - target·σ(-x): for targets 0 and 1 both have a relative error of some ulp for every x. At an infinite x it is
        /// NaN where the term's weight is 0, as PyTorch's.</remarks>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ, or the weight does not broadcast. SGC1011: no such
        /// reduction.</exception>
        public Value BinaryCrossEntropyWithLogits(Value target, LossReduction reduction = LossReduction.Mean, Value? positiveWeight = null,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("BinaryCrossEntropyWithLogits", x, new(file, line)).Same(target, nameof(target)).Known(reduction);
            if (positiveWeight is not null) call.Own(positiveWeight, nameof(positiveWeight));
            return call.Loss(reduction, () =>
            {
                var (logits, positive) = (LossCall.Wide(x), LossCall.Wide(target));
                var weighted = positiveWeight is null ? positive : positive * LossCall.Wide(positiveWeight);
                call.Require(weighted.Shape == x.Shape, DiagnosticCode.ShapeMismatch,
                    () => $"weights {positiveWeight!.Type} do not broadcast to {x.Type}");
                return (1 - positive) * logits.Softplus() + weighted * (-logits).Softplus();
            });
        }

        /// <summary>target·(log target - x) for log probabilities x, the Kullback-Leibler divergence of x from the target where it is
        /// summed; 0·log 0 is 0.</summary>
        /// <param name="target">Probabilities, or their logarithms.</param>
        /// <param name="logTarget">Whether the target is logarithms.</param>
        /// <param name="reduction">The mean is that over all elements, as PyTorch's; the divergence of an example is a sum over
        /// them.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <remarks>The derivative by a target of 0 is -x, where PyTorch's is NaN.</remarks>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ. SGC1011: no such reduction.</exception>
        public Value KullbackLeibler(Value target, bool logTarget = false, LossReduction reduction = LossReduction.Mean,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new SyntaxCall("KullbackLeibler", x, new(file, line)).Same(target, nameof(target)).Known(reduction).Loss(reduction, () =>
            {
                var (log, t) = (LossCall.Wide(x), LossCall.Wide(target));
                return logTarget ? t.Exp() * (t - log) : t.Xlogy(t) - t * log;
            });
    }

    private static Value OfProbabilities(Value x, Value target)
    {
        const int least = -100;
        // A product with a limited logarithm has a derivative of 0 or of ∞ where the probability is 0.
        var (log, logOther) = (x.Log().Maximum(least), (-x).Log1p().Maximum(least));
        var slope = (x - target) / ((1 - x) * x).Maximum(1e-12);
        var slopeOfTarget = logOther - log;
        return ((target - 1) * logOther - target * log).WithGradient([x, target], ct => [ct * slope, ct * slopeOfTarget],
            t => t[0] * slope + t[1] * slopeOfTarget);
    }
}
