using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>AdaGrad (Duchi et al. 2011): s = s + g², p = p - η/(1 + (t-1)·δ) · g/(√s + ε).</summary>
public sealed record AdaGrad : Optimizer
{
    /// <summary>The rule; state is one sum per parameter, and the count of steps where the rate decays.</summary>
    /// <param name="learningRate">η, at least 0; 0.01 when null.</param>
    /// <param name="rateDecay">δ, at least 0.</param>
    /// <param name="initialSum">What every s is at first, at least 0.</param>
    /// <param name="epsilon">ε, at least 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: an argument is out of range.</exception>
    public AdaGrad(Schedule? learningRate = null, double rateDecay = 0, double initialSum = 0, double epsilon = 1e-10,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        LearningRate = Argument.Rate(learningRate, 1e-2, nameof(learningRate), location);
        RateDecay = Argument.NotNegative(rateDecay, nameof(rateDecay), location);
        InitialSum = Argument.NotNegative(initialSum, nameof(initialSum), location);
        Epsilon = Argument.NotNegative(epsilon, nameof(epsilon), location);
    }

    /// <summary>η.</summary>
    public override Schedule LearningRate { get; }
    /// <summary>δ.</summary>
    public double RateDecay { get; }
    /// <summary>What every s is at first.</summary>
    public double InitialSum { get; }
    /// <summary>ε.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public override UpdateRule Begin(UpdateScope scope)
    {
        var rate = scope.LearningRate;
        if (RateDecay > 0) rate /= 1 + (scope.Step - 1).ConvertTo(rate.DType) * RateDecay;
        return (parameter, gradient) =>
        {
            var state = scope.State("sum", parameter, parameter.Type, Initializer.Exactly(InitialSum));
            var sum = state + gradient * gradient;
            scope.Assign(state, sum);
            return parameter - rate.ConvertTo(parameter.DType) * gradient / (sum.Sqrt() + Epsilon);
        };
    }
}
