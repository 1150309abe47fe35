using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Lion (Chen et al. 2023): p = p·(1 - η·λ) - η·sign(β₁·m + (1-β₁)·g), m = β₂·m + (1-β₂)·g.</summary>
public sealed record Lion : Optimizer
{
    /// <summary>The rule; state is one moment per parameter.</summary>
    /// <param name="learningRate">η, at least 0; 1e-4 when null.</param>
    /// <param name="beta1">Weight of the moment in the move, in [0, 1).</param>
    /// <param name="beta2">Decay of the moment, in [0, 1).</param>
    /// <param name="weightDecay">λ, at least 0; decoupled.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: an argument is out of range.</exception>
    public Lion(Schedule? learningRate = null, double beta1 = 0.9, double beta2 = 0.99, double weightDecay = 0,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        LearningRate = Argument.Rate(learningRate, 1e-4, nameof(learningRate), location);
        Beta1 = Argument.InRange(beta1, 0, 1, nameof(beta1), location);
        Beta2 = Argument.InRange(beta2, 0, 1, nameof(beta2), location);
        WeightDecay = Argument.NotNegative(weightDecay, nameof(weightDecay), location);
    }

    /// <summary>η.</summary>
    public override Schedule LearningRate { get; }
    /// <summary>β₁.</summary>
    public double Beta1 { get; }
    /// <summary>β₂.</summary>
    public double Beta2 { get; }
    /// <summary>λ.</summary>
    public double WeightDecay { get; }

    /// <inheritdoc/>
    public override UpdateRule Begin(UpdateScope scope)
    {
        var kept = 1 - scope.LearningRate * WeightDecay;
        return (parameter, gradient) =>
        {
            var state = scope.State("m", parameter);
            scope.Assign(state, Beta2 * state + (1 - Beta2) * gradient);
            var direction = (Beta1 * state + (1 - Beta1) * gradient).Sign();
            return parameter * kept.ConvertTo(parameter.DType) - scope.LearningRate.ConvertTo(parameter.DType) * direction;
        };
    }
}
