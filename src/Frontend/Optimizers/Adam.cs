using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Adam (Kingma and Ba 2015, algorithm 1): first and second moments with bias correction,
/// p = p - η/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε). As AMSGrad (Reddi et al. 2018) with the largest v so far in v's place.</summary>
public sealed record Adam : Optimizer
{
    /// <summary>The rule; state is two moments per parameter, three as AMSGrad, and the count of steps.</summary>
    /// <param name="learningRate">η, at least 0; 1e-3 when null.</param>
    /// <param name="beta1">Decay of the first moment, in [0, 1).</param>
    /// <param name="beta2">Decay of the second moment, in [0, 1).</param>
    /// <param name="epsilon">ε, at least 0.</param>
    /// <param name="amsGrad">Whether to divide by the largest second moment so far.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: an argument is out of range.</exception>
    public Adam(Schedule? learningRate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, bool amsGrad = false,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        LearningRate = Argument.Rate(learningRate, 1e-3, nameof(learningRate), location);
        Beta1 = Argument.InRange(beta1, 0, 1, nameof(beta1), location);
        Beta2 = Argument.InRange(beta2, 0, 1, nameof(beta2), location);
        Epsilon = Argument.NotNegative(epsilon, nameof(epsilon), location);
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
    /// <summary>Whether the largest second moment so far is what it divides by.</summary>
    public bool AmsGrad { get; }

    /// <inheritdoc/>
    public override UpdateRule Begin(UpdateScope scope)
    {
        var move = Moments.Begin(scope, scope.LearningRate, Beta1, Beta2, Epsilon, AmsGrad);
        return (parameter, gradient) => parameter - move(parameter, gradient);
    }
}
