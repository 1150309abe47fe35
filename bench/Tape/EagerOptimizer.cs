using System.Numerics.Tensors;
using GraphCompiler.Frontend.Optimizers;

namespace GraphCompiler.Tape;

/// <summary>Applies an optimizer's rule to one parameter after another, as an eager framework does.</summary>
internal sealed class EagerOptimizer(Optimizer rule)
{
    private readonly Dictionary<string, (float[] First, float[] Second)> _states = [];
    private int _step;

    /// <summary>Counts a step; call it before the updates of the step.</summary>
    public void Advance() => _step++;

    /// <summary>Moves one parameter.</summary>
    public void Update(string name, float[] parameter, float[] gradient, BufferPool pool)
    {
        if (!_states.TryGetValue(name, out var state))
            _states[name] = state = (new float[parameter.Length], new float[parameter.Length]);
        var work = pool.Rent(parameter.Length);
        switch (rule)
        {
            case Sgd sgd: Update(sgd, parameter, gradient, state.First, work); break;
            case Adam adam: Update(adam, parameter, gradient, state, work); break;
            default: throw new InvalidOperationException($"the tape has no rule for the optimizer {rule.GetType().Name}");
        }
    }

    private void Update(Sgd sgd, float[] parameter, float[] gradient, float[] velocity, float[] work)
    {
        var direction = gradient;
        if (sgd.Momentum > 0)
        {
            TensorPrimitives.MultiplyAdd(velocity, (float)sgd.Momentum, gradient, velocity);
            direction = velocity;
        }
        if (sgd.Nesterov)
        {
            TensorPrimitives.MultiplyAdd(velocity, (float)sgd.Momentum, gradient, work);
            direction = work;
        }
        TensorPrimitives.MultiplyAdd(direction, -(float)sgd.LearningRate.At(_step - 1), parameter, parameter);
    }

    private void Update(Adam adam, float[] parameter, float[] gradient, (float[] First, float[] Second) state, float[] work)
    {
        var (m, v) = state;
        TensorPrimitives.Multiply(gradient, (float)(1 - adam.Beta1), work);
        TensorPrimitives.MultiplyAdd(m, (float)adam.Beta1, work, m);
        TensorPrimitives.Multiply(gradient, gradient, work);
        TensorPrimitives.Multiply(work, (float)(1 - adam.Beta2), work);
        TensorPrimitives.MultiplyAdd(v, (float)adam.Beta2, work, v);
        var (correction1, correction2) = (1 - Math.Pow(adam.Beta1, _step), 1 - Math.Pow(adam.Beta2, _step));
        TensorPrimitives.Sqrt(v, work);
        TensorPrimitives.Multiply(work, (float)(1 / Math.Sqrt(correction2)), work);
        TensorPrimitives.Add(work, (float)adam.Epsilon, work);
        TensorPrimitives.Divide(m, work, work);
        TensorPrimitives.MultiplyAdd(work, -(float)(adam.LearningRate.At(_step - 1) / correction1), parameter, parameter);
    }
}
