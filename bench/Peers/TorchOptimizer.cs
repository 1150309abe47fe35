using GraphCompiler.Frontend.Optimizers;
using Adam = GraphCompiler.Frontend.Optimizers.Adam;
using AdamW = GraphCompiler.Frontend.Optimizers.AdamW;
using Parameter = TorchSharp.Modules.Parameter;
using static TorchSharp.torch;

namespace GraphCompiler.Bench.Peers;

/// <summary>The update in place with as few calls as libtorch's own operations allow; TorchSharp's optimizers need more of them.</summary>
internal sealed class TorchOptimizer(Optimizer rule, Parameter[] parameters) : IDisposable
{
    private readonly Tensor[] _first = [.. parameters.Select(p => zeros_like(p, requires_grad: false))];
    private readonly Tensor[] _second = [.. parameters.Select(p => zeros_like(p, requires_grad: false))];
    private int _step;

    /// <summary>Moves every parameter by its gradient, and drops the gradients. Call it under no_grad.</summary>
    public void Step()
    {
        _step++;
        for (var i = 0; i < parameters.Length; i++)
        {
            // None where the loss does not depend on the parameter.
            using var gradient = parameters[i].grad;
            if (gradient is null) continue;
            if (rule is Sgd sgd) Update(sgd, parameters[i], gradient, _first[i]);
            else Update(OfAdam(), parameters[i], gradient, _first[i], _second[i]);
            parameters[i].grad = null;
        }
    }

    public void Dispose()
    {
        Array.ForEach(_first, t => t.Dispose());
        Array.ForEach(_second, t => t.Dispose());
    }

    private void Update(Sgd sgd, Tensor parameter, Tensor gradient, Tensor velocity)
    {
        var direction = sgd.Momentum > 0 ? velocity.mul_(sgd.Momentum).add_(gradient) : gradient;
        parameter.add_(direction, alpha: -sgd.LearningRate.At(_step - 1));
    }

    private sealed record AdamRule(double Rate, double Beta1, double Beta2, double Epsilon, double Decay);

    private AdamRule OfAdam() => rule is AdamW w ? new(w.LearningRate.At(_step - 1), w.Beta1, w.Beta2, w.Epsilon, w.WeightDecay)
        : rule is Adam adam ? new(adam.LearningRate.At(_step - 1), adam.Beta1, adam.Beta2, adam.Epsilon, 0)
        : throw new NotSupportedException($"{rule} has no counterpart here");

    // Adam with the bias corrections folded into two scalars: p -= lr/c1 · m / (√v/√c2 + ε).
    private void Update(AdamRule adam, Tensor parameter, Tensor gradient, Tensor m, Tensor v)
    {
        if (adam.Decay > 0) parameter.mul_(1 - adam.Rate * adam.Decay);
        m.lerp_(gradient, 1 - adam.Beta1);
        v.mul_(adam.Beta2).addcmul_(gradient, gradient, 1 - adam.Beta2);
        var (c1, c2) = (1 - Math.Pow(adam.Beta1, _step), 1 - Math.Pow(adam.Beta2, _step));
        using var denominator = v.sqrt().div_(Math.Sqrt(c2)).add_(adam.Epsilon);
        parameter.addcdiv_(m, denominator, -adam.Rate / c1);
    }
}
