using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>LAMB, for large batches (You et al. 2020): r = Adam's direction + λ·p, p = p - η·‖p‖/‖r‖·r, where the ratio of the norms is
/// 1 if either is 0.</summary>
public sealed record Lamb : Optimizer
{
    /// <summary>The rule; state is two moments per parameter and the count of steps.</summary>
    /// <param name="learningRate">η, at least 0; 1e-3 when null.</param>
    /// <param name="beta1">Decay of the first moment, in [0, 1).</param>
    /// <param name="beta2">Decay of the second moment, in [0, 1).</param>
    /// <param name="epsilon">ε, at least 0.</param>
    /// <param name="weightDecay">λ, at least 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: an argument is out of range.</exception>
    public Lamb(Schedule? learningRate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-6, double weightDecay = 1e-2,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        LearningRate = Argument.Rate(learningRate, 1e-3, nameof(learningRate), location);
        Beta1 = Argument.InRange(beta1, 0, 1, nameof(beta1), location);
        Beta2 = Argument.InRange(beta2, 0, 1, nameof(beta2), location);
        Epsilon = Argument.NotNegative(epsilon, nameof(epsilon), location);
        WeightDecay = Argument.NotNegative(weightDecay, nameof(weightDecay), location);
    }

    /// <summary>η.</summary>
    public override Schedule LearningRate { get; }
    /// <summary>β₁.</summary>
    public double Beta1 { get; }
    /// <summary>β₂.</summary>
    public double Beta2 { get; }
    /// <summary>ε.</summary>
    public double Epsilon { get; }
    /// <summary>λ.</summary>
    public double WeightDecay { get; }

    /// <inheritdoc/>
    public override UpdateRule Begin(UpdateScope scope)
    {
        var direction = Moments.Begin(scope, scope.At(1), Beta1, Beta2, Epsilon);
        return (parameter, gradient) =>
        {
            var move = direction(parameter, gradient) + WeightDecay * parameter;
            var (ofParameter, ofMove) = (Norms.Of(parameter), Norms.Of(move));
            var isDefined = (ofParameter > 0).And(ofMove > 0);
            var trust = isDefined.Select(ofParameter / ofMove, ofParameter.Constant(1));
            return parameter - scope.LearningRate.ConvertTo(parameter.DType) * trust * move;
        };
    }
}
