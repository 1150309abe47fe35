using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Stochastic gradient descent: v = μ·v + (1-δ)·g, p = p - η·v; without momentum p = p - η·g; with Nesterov's look-ahead
/// p = p - η·(g + μ·v), v being the new one (Sutskever et al. 2013, as PyTorch writes it). In the first step v = g.</summary>
public sealed record Sgd : Optimizer
{
    /// <summary>The rule; state is one velocity per parameter, and none without momentum; the count of steps with dampening.</summary>
    /// <param name="learningRate">η, at least 0; 0.01 when null.</param>
    /// <param name="momentum">μ, in [0, 1).</param>
    /// <param name="nesterov">Whether to look ahead; needs momentum, and no dampening.</param>
    /// <param name="dampening">δ, in [0, 1).</param>
    /// <param name="weightDecay">λ, at least 0: g + λ·p is what takes the gradient's place.</param>
    /// <param name="decoupled">Whether the decay shrinks the parameter instead, p·(1 - η·λ), and does not enter the velocity.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: an argument is out of range, or Nesterov without momentum or with dampening.</exception>
    public Sgd(Schedule? learningRate = null, double momentum = 0, bool nesterov = false, double dampening = 0, double weightDecay = 0,
        bool decoupled = false, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        LearningRate = Argument.Rate(learningRate, 0.01, nameof(learningRate), location);
        Momentum = Argument.InRange(momentum, 0, 1, nameof(momentum), location);
        Dampening = Argument.InRange(dampening, 0, 1, nameof(dampening), location);
        WeightDecay = Argument.NotNegative(weightDecay, nameof(weightDecay), location);
        if (nesterov && (momentum == 0 || dampening > 0))
            throw Argument.Bad("nesterov needs a momentum above 0, and no dampening", location);
        (Nesterov, Decoupled) = (nesterov, decoupled);
    }

    /// <summary>η.</summary>
    public override Schedule LearningRate { get; }
    /// <summary>μ.</summary>
    public double Momentum { get; }
    /// <summary>Whether the step looks ahead.</summary>
    public bool Nesterov { get; }
    /// <summary>δ.</summary>
    public double Dampening { get; }
    /// <summary>λ.</summary>
    public double WeightDecay { get; }
    /// <summary>Whether the decay shrinks the parameter, and not by way of the gradient.</summary>
    public bool Decoupled { get; }

    /// <inheritdoc/>
    public override UpdateRule Begin(UpdateScope scope) => (parameter, gradient) =>
    {
        var rate = scope.LearningRate.ConvertTo(parameter.DType);
        var start = parameter;
        if (WeightDecay > 0 && Decoupled) start = parameter * (1 - rate * WeightDecay);
        else if (WeightDecay > 0) gradient += WeightDecay * parameter;
        if (Momentum == 0) return start - rate * gradient;
        var state = scope.State("velocity", parameter);
        var velocity = Momentum * state + Dampened(scope, gradient);
        scope.Assign(state, velocity);
        return start - rate * (Nesterov ? gradient + Momentum * velocity : velocity);
    };

    // The first velocity is the whole gradient.
    private Value Dampened(UpdateScope scope, Value gradient) => Dampening == 0 ? gradient
        : scope.Step.Equal(scope.Step.Constant(1)).Select(gradient, gradient * (1 - Dampening));
}
