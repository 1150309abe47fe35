using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Adam (Kingma and Ba 2015, algorithm 1): first and second moments with bias correction,
/// p = p - η/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε).</summary>
public sealed record Adam : Optimizer
{
    /// <summary>The rule; state is two moments per parameter and the count of steps.</summary>
    /// <param name="learningRate">η, at least 0.</param>
    /// <param name="beta1">Decay of the first moment, in [0, 1).</param>
    /// <param name="beta2">Decay of the second moment, in [0, 1).</param>
    /// <param name="epsilon">ε, at least 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: an argument is out of range.</exception>
    public Adam(double learningRate = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        LearningRate = InRange(learningRate, 0, double.PositiveInfinity, nameof(learningRate), location);
        Beta1 = InRange(beta1, 0, 1, nameof(beta1), location);
        Beta2 = InRange(beta2, 0, 1, nameof(beta2), location);
        Epsilon = InRange(epsilon, 0, double.PositiveInfinity, nameof(epsilon), location);
    }

    /// <summary>η.</summary>
    public double LearningRate { get; }
    /// <summary>β₁.</summary>
    public double Beta1 { get; }
    /// <summary>β₂.</summary>
    public double Beta2 { get; }
    /// <summary>ε.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public override UpdateRule Begin(UpdateScope scope)
    {
        // Powers by exp(t·log β) lose nothing here: 1 - βᵗ comes from expm1, exact for small t.
        var step = scope.Step.ConvertTo(scope.WidestType);
        var correction1 = -(step * Math.Log(Beta1)).Expm1();
        var correction2 = -(step * Math.Log(Beta2)).Expm1();
        var (rate, scale) = (LearningRate / correction1, correction2.Rsqrt());
        return (parameter, gradient) =>
        {
            var (first, second) = (scope.State("m", parameter), scope.State("v", parameter));
            var m = Beta1 * first + (1 - Beta1) * gradient;
            // In libtorch's order: g² alone overflows f32 from 1.8e19 on, and an infinite v never moves its parameter again.
            var v = Beta2 * second + (1 - Beta2) * gradient * gradient;
            scope.Assign(first, m);
            scope.Assign(second, v);
            return parameter - rate.ConvertTo(parameter.DType) * m / (v.Sqrt() * scale.ConvertTo(parameter.DType) + Epsilon);
        };
    }
}
