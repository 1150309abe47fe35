using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>RMSProp (Tieleman and Hinton 2012, as PyTorch has it): v = α·v + (1-α)·g², d = g/(√v + ε), p = p - η·d; centred
/// (Graves 2013) with v - a² in v's place, a = α·a + (1-α)·g; with momentum b = μ·b + d in d's.</summary>
public sealed record RmsProp : Optimizer
{
    /// <summary>The rule; state is one second moment per parameter, and one more for each of centring and momentum.</summary>
    /// <param name="learningRate">η, at least 0; 0.01 when null.</param>
    /// <param name="decay">α, in [0, 1).</param>
    /// <param name="epsilon">ε, at least 0.</param>
    /// <param name="momentum">μ, in [0, 1).</param>
    /// <param name="centered">Whether to divide by the deviation about the mean.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: an argument is out of range.</exception>
    public RmsProp(Schedule? learningRate = null, double decay = 0.99, double epsilon = 1e-8, double momentum = 0, bool centered = false,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        LearningRate = Argument.Rate(learningRate, 1e-2, nameof(learningRate), location);
        Decay = Argument.InRange(decay, 0, 1, nameof(decay), location);
        Epsilon = Argument.NotNegative(epsilon, nameof(epsilon), location);
        Momentum = Argument.InRange(momentum, 0, 1, nameof(momentum), location);
        Centered = centered;
    }

    /// <summary>η.</summary>
    public override Schedule LearningRate { get; }
    /// <summary>α.</summary>
    public double Decay { get; }
    /// <summary>ε.</summary>
    public double Epsilon { get; }
    /// <summary>μ.</summary>
    public double Momentum { get; }
    /// <summary>Whether it divides by the deviation about the mean.</summary>
    public bool Centered { get; }

    /// <inheritdoc/>
    public override UpdateRule Begin(UpdateScope scope) => (parameter, gradient) =>
    {
        var v = Moments.Second(scope, parameter, gradient, Decay);
        if (Centered)
        {
            var mean = Moments.First(scope, parameter, gradient, Decay);
            // Rounding may take what is nearly 0 below it, where the root is NaN.
            v = (v - mean * mean).Maximum(0);
        }
        var direction = gradient / (v.Sqrt() + Epsilon);
        if (Momentum > 0)
        {
            var state = scope.State("velocity", parameter);
            direction = Momentum * state + direction;
            scope.Assign(state, direction);
        }
        return parameter - scope.LearningRate.ConvertTo(parameter.DType) * direction;
    };
}
