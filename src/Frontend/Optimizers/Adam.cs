using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Adam (Kingma and Ba 2015, algorithm 1): first and second moments with bias correction,
/// p = p - η/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε).</summary>
/// <param name="LearningRate">η, at least 0.</param>
/// <param name="Beta1">Decay of the first moment, in [0, 1).</param>
/// <param name="Beta2">Decay of the second moment, in [0, 1).</param>
/// <param name="Epsilon">ε, at least 0.</param>
public sealed record Adam(double LearningRate = 1e-3, double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8) : Optimizer
{
    private readonly double _rate = InRange(LearningRate, 0, double.PositiveInfinity, nameof(LearningRate));
    private readonly double _beta1 = InRange(Beta1, 0, 1, nameof(Beta1));
    private readonly double _beta2 = InRange(Beta2, 0, 1, nameof(Beta2));
    private readonly double _epsilon = InRange(Epsilon, 0, double.PositiveInfinity, nameof(Epsilon));

    /// <inheritdoc/>
    public override IReadOnlyList<OptimizerState> SharedState => [new("adam/step", DType.F32.Scalar)];

    /// <inheritdoc/>
    public override IReadOnlyList<OptimizerState> StateFor(Value parameter) =>
        [new($"adam/m/{parameter.Name}", parameter.Type), new($"adam/v/{parameter.Name}", parameter.Type)];

    /// <inheritdoc/>
    public override (Value[] Next, Value[] Factors) Advance(ReadOnlySpan<Value> shared)
    {
        // Powers by exp(t·log β) lose nothing here: 1 - βᵗ comes from expm1, exact for small t.
        var step = shared[0] + 1;
        var correction1 = -(step * Math.Log(_beta1)).Expm1();
        var correction2 = -(step * Math.Log(_beta2)).Expm1();
        return ([step], [_rate / correction1, correction2.Rsqrt()]);
    }

    /// <inheritdoc/>
    public override (Value Parameter, Value[] State) Update(Value parameter, Value gradient, ReadOnlySpan<Value> state, ReadOnlySpan<Value> factors)
    {
        var m = _beta1 * state[0] + (1 - _beta1) * gradient;
        var v = _beta2 * state[1] + (1 - _beta2) * (gradient * gradient);
        var (rate, scale) = (factors[0].ConvertTo(parameter.DType), factors[1].ConvertTo(parameter.DType));
        return (parameter - rate * m / (v.Sqrt() * scale + _epsilon), [m, v]);
    }
}
