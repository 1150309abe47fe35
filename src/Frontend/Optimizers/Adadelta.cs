using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Adadelta (Zeiler 2012): v = ρ·v + (1-ρ)·g², d = √(u + ε)/√(v + ε)·g, u = ρ·u + (1-ρ)·d², p = p - η·d.</summary>
public sealed record Adadelta : Optimizer
{
    /// <summary>The rule; state is two second moments per parameter, of gradients and of moves.</summary>
    /// <param name="learningRate">η, at least 0; 1 when null.</param>
    /// <param name="decay">ρ, in [0, 1).</param>
    /// <param name="epsilon">ε, above 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: an argument is out of range.</exception>
    public Adadelta(Schedule? learningRate = null, double decay = 0.9, double epsilon = 1e-6,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        LearningRate = Argument.Rate(learningRate, 1, nameof(learningRate), location);
        Decay = Argument.InRange(decay, 0, 1, nameof(decay), location);
        Epsilon = Argument.Positive(epsilon, nameof(epsilon), location);
    }

    /// <summary>η.</summary>
    public override Schedule LearningRate { get; }
    /// <summary>ρ.</summary>
    public double Decay { get; }
    /// <summary>ε.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public override UpdateRule Begin(UpdateScope scope) => (parameter, gradient) =>
    {
        var v = Moments.Second(scope, parameter, gradient, Decay);
        var state = scope.State("u", parameter);
        var move = (state + Epsilon).Sqrt() / (v + Epsilon).Sqrt() * gradient;
        scope.Assign(state, Decay * state + (1 - Decay) * move * move);
        return parameter - scope.LearningRate.ConvertTo(parameter.DType) * move;
    };
}
