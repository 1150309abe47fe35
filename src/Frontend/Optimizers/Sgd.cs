using GraphCompiler.IR;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Stochastic gradient descent: v = μ·v + g, p = p - η·v; without momentum p = p - η·g.</summary>
/// <param name="LearningRate">η, at least 0.</param>
/// <param name="Momentum">μ, in [0, 1).</param>
public sealed record Sgd(double LearningRate = 0.01, double Momentum = 0) : Optimizer
{
    private readonly double _rate = InRange(LearningRate, 0, double.PositiveInfinity, nameof(LearningRate));
    private readonly double _momentum = InRange(Momentum, 0, 1, nameof(Momentum));

    /// <inheritdoc/>
    public override IReadOnlyList<OptimizerState> StateFor(Value parameter) =>
        _momentum == 0 ? [] : [new($"sgd/velocity/{parameter.Name}", parameter.Type)];

    /// <inheritdoc/>
    public override (Value Parameter, Value[] State) Update(Value parameter, Value gradient, ReadOnlySpan<Value> state, ReadOnlySpan<Value> factors)
    {
        if (state.Length == 0) return (parameter - _rate * gradient, []);
        var velocity = _momentum * state[0] + gradient;
        return (parameter - _rate * velocity, [velocity]);
    }
}
