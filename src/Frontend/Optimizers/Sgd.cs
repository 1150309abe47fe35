using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Stochastic gradient descent: v = μ·v + g, p = p - η·v; without momentum p = p - η·g; with Nesterov's look-ahead
/// p = p - η·(g + μ·v), v being the new one (Sutskever et al. 2013, as PyTorch writes it).</summary>
public sealed record Sgd : Optimizer
{
    /// <summary>The rule; state is one velocity per parameter, and none without momentum.</summary>
    /// <param name="learningRate">η, at least 0.</param>
    /// <param name="momentum">μ, in [0, 1).</param>
    /// <param name="nesterov">Whether to look ahead; needs momentum.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: an argument is out of range, or Nesterov without momentum.</exception>
    public Sgd(double learningRate = 0.01, double momentum = 0, bool nesterov = false,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        LearningRate = InRange(learningRate, 0, double.PositiveInfinity, nameof(learningRate), location);
        Momentum = InRange(momentum, 0, 1, nameof(momentum), location);
        if (nesterov && momentum == 0)
            throw new GraphException(DiagnosticCode.BadArgument, "nesterov needs a momentum above 0", location);
        Nesterov = nesterov;
    }

    /// <summary>η.</summary>
    public double LearningRate { get; }
    /// <summary>μ.</summary>
    public double Momentum { get; }
    /// <summary>Whether the step looks ahead.</summary>
    public bool Nesterov { get; }

    /// <inheritdoc/>
    public override UpdateRule Begin(UpdateScope scope) => (parameter, gradient) =>
    {
        if (Momentum == 0) return parameter - LearningRate * gradient;
        var state = scope.State("velocity", parameter);
        var velocity = Momentum * state + gradient;
        scope.Assign(state, velocity);
        return parameter - LearningRate * (Nesterov ? gradient + Momentum * velocity : velocity);
    };
}
