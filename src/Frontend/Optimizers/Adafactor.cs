using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Adafactor (Shazeer and Stern 2018, as PyTorch has it): Adam's second moment as the product of a column and a row, no first
/// moment, moves that are relative to the parameter's size.</summary>
/// <remarks>With β = 1 - t^κ and RMS the root of a mean of squares: v = β·v + (1-β)·g², of a parameter of two axes or more by its means
/// along the last axis and along the last but one; d = g/√v; p = p·(1 - η·λ) - max(ε, RMS(p))·min(η, 1/√t) · d/max(1, RMS(d)/c).</remarks>
public sealed record Adafactor : Optimizer
{
    /// <summary>The rule; state is a row and a column for each matrix of a parameter, one number for each element of parameters of fewer
    /// axes, and the count of steps.</summary>
    /// <param name="learningRate">η, the largest relative move, at least 0; 0.01 when null.</param>
    /// <param name="decayPower">κ, below 0.</param>
    /// <param name="epsilon">ε, the smallest size a parameter is taken to have, at least 0.</param>
    /// <param name="threshold">c, above 0.</param>
    /// <param name="weightDecay">λ, at least 0; decoupled.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: an argument is out of range.</exception>
    public Adafactor(Schedule? learningRate = null, double decayPower = -0.8, double epsilon = 1e-3, double threshold = 1,
        double weightDecay = 0, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        LearningRate = Argument.Rate(learningRate, 1e-2, nameof(learningRate), location);
        DecayPower = -Argument.Positive(-decayPower, $"-{nameof(decayPower)}", location);
        Epsilon = Argument.NotNegative(epsilon, nameof(epsilon), location);
        Threshold = Argument.Positive(threshold, nameof(threshold), location);
        WeightDecay = Argument.NotNegative(weightDecay, nameof(weightDecay), location);
    }

    /// <summary>η.</summary>
    public override Schedule LearningRate { get; }
    /// <summary>κ.</summary>
    public double DecayPower { get; }
    /// <summary>ε.</summary>
    public double Epsilon { get; }
    /// <summary>c.</summary>
    public double Threshold { get; }
    /// <summary>λ.</summary>
    public double WeightDecay { get; }

    /// <inheritdoc/>
    public override UpdateRule Begin(UpdateScope scope)
    {
        var step = scope.Step.ConvertTo(scope.WidestType);
        var (weight, rate) = (step.Pow(DecayPower), scope.LearningRate.Minimum(step.Rsqrt()));
        var kept = 1 - scope.LearningRate * WeightDecay;
        return (parameter, gradient) =>
        {
            var type = parameter.DType;
            var least = SmallestSquare(type);
            var v = SecondMoment(scope, parameter, gradient, weight.ConvertTo(type), Math.Sqrt(least)).Maximum(least);
            var direction = gradient * v.Rsqrt();
            var size = rate.ConvertTo(type) * RootMeanSquare(parameter).Maximum(Epsilon);
            return parameter * kept.ConvertTo(type) - size / (RootMeanSquare(direction) / Threshold).Maximum(1) * direction;
        };
    }

    private static Value SecondMoment(UpdateScope scope, Value parameter, Value gradient, Value weight, double least)
    {
        var square = gradient * gradient;
        if (parameter.Rank < 2) return Decayed(scope.State("v", parameter), square);
        var row = Decayed(Mean("row", -1), square.Mean(-1, keepAxes: true));
        var column = Decayed(Mean("column", -2), square.Mean(-2, keepAxes: true));
        return row * column / row.Mean(-2, keepAxes: true).Maximum(least);

        Value Mean(string name, int axis)
        {
            int[] sizes = [.. parameter.Shape];
            sizes[sizes.Length + axis] = 1;
            return scope.State(name, parameter, parameter.DType[sizes]);
        }

        Value Decayed(Value state, Value next)
        {
            var decayed = state + weight * (next - state);
            scope.Assign(state, decayed);
            return decayed;
        }
    }

    // The square of the type's ε, as in PyTorch.
    private static double SmallestSquare(DType type) => Math.ScaleB(1, type == DType.F64 ? -104 : -46);

    private static Value RootMeanSquare(Value x) => (x * x).Mean().Sqrt();
}
