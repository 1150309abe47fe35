using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Adam with Nesterov's look-ahead (Dozat 2016, as PyTorch has it): μₜ = β₁·(1 - 0.96^(t·ψ)/2),
/// p = p - η·((1-μₜ)/(1-∏μ)·g + μₜ₊₁/(1-∏μ·μₜ₊₁)·m) / (√v/√(1-β₂ᵗ) + ε).</summary>
public sealed record NAdam : Optimizer
{
    /// <summary>The rule; state is two moments per parameter, the product of all μ and the count of steps.</summary>
    /// <param name="learningRate">η, at least 0; 2e-3 when null.</param>
    /// <param name="beta1">β₁, in [0, 1).</param>
    /// <param name="beta2">β₂, in [0, 1).</param>
    /// <param name="epsilon">ε, at least 0.</param>
    /// <param name="momentumDecay">ψ, at least 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: an argument is out of range.</exception>
    public NAdam(Schedule? learningRate = null, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8,
        double momentumDecay = 4e-3, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        LearningRate = Argument.Rate(learningRate, 2e-3, nameof(learningRate), location);
        Beta1 = Argument.InRange(beta1, 0, 1, nameof(beta1), location);
        Beta2 = Argument.InRange(beta2, 0, 1, nameof(beta2), location);
        Epsilon = Argument.NotNegative(epsilon, nameof(epsilon), location);
        MomentumDecay = Argument.NotNegative(momentumDecay, nameof(momentumDecay), location);
    }

    /// <summary>η.</summary>
    public override Schedule LearningRate { get; }
    /// <summary>β₁.</summary>
    public double Beta1 { get; }
    /// <summary>β₂.</summary>
    public double Beta2 { get; }
    /// <summary>ε.</summary>
    public double Epsilon { get; }
    /// <summary>ψ.</summary>
    public double MomentumDecay { get; }

    /// <inheritdoc/>
    public override UpdateRule Begin(UpdateScope scope)
    {
        var step = scope.Step.ConvertTo(scope.WidestType);
        Value Momentum(Value t) => Beta1 * (1 - 0.5 * (t * (MomentumDecay * Math.Log(0.96))).Exp());
        var (momentum, following) = (Momentum(step), Momentum(step + 1));
        var state = scope.State("momentum_product", scope.WidestType.Scalar, Initializer.Ones);
        var product = state * momentum;
        scope.Assign(state, product);
        var ofGradient = scope.LearningRate * (1 - momentum) / (1 - product);
        var ofMoment = scope.LearningRate * following / (1 - product * following);
        var scale = Moments.Correction(scope, Beta2).Rsqrt();
        return (parameter, gradient) =>
        {
            var m = Moments.First(scope, parameter, gradient, Beta1);
            var v = Moments.Second(scope, parameter, gradient, Beta2);
            var numerator = ofGradient.ConvertTo(parameter.DType) * gradient + ofMoment.ConvertTo(parameter.DType) * m;
            return parameter - numerator / (v.Sqrt() * scale.ConvertTo(parameter.DType) + Epsilon);
        };
    }
}
