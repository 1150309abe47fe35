using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019): p = p·(1 - η·λ), and then Adam's move.</summary>
public sealed record AdamW : Optimizer
{
    /// <summary>The rule; state as <see cref="Adam"/>'s.</summary>
    /// <param name="learningRate">η, at least 0; 1e-3 when null.</param>
    /// <param name="beta1">Decay of the first moment, in [0, 1).</param>
    /// <param name="beta2">Decay of the second moment, in [0, 1).</param>
    /// <param name="epsilon">ε, at least 0.</param>
    /// <param name="weightDecay">λ, at least 0.</param>
    /// <param name="amsGrad">Whether to divide by the largest second moment so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: an argument is out of range.</exception>
    public AdamW(Schedule? learningRate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 1e-2,
        bool amsGrad = false, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        LearningRate = Argument.Rate(learningRate, 1e-3, nameof(learningRate), location);
        Beta1 = Argument.InRange(beta1, 0, 1, nameof(beta1), location);
        Beta2 = Argument.InRange(beta2, 0, 1, nameof(beta2), location);
        Epsilon = Argument.NotNegative(epsilon, nameof(epsilon), location);
        WeightDecay = Argument.NotNegative(weightDecay, nameof(weightDecay), location);
        AmsGrad = amsGrad;
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
    /// <summary>Whether the largest second moment so far is what it divides by.</summary>
    public bool AmsGrad { get; }

    /// <inheritdoc/>
    public override UpdateRule Begin(UpdateScope scope)
    {
        var move = Moments.Begin(scope, scope.LearningRate, Beta1, Beta2, Epsilon, AmsGrad);
        var kept = 1 - scope.LearningRate * WeightDecay;
        return (parameter, gradient) => parameter * kept.ConvertTo(parameter.DType) - move(parameter, gradient);
    }
}
