using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>The gradient of an L2 penalty: g + λ·p, as PyTorch's <c>weight_decay</c> where it is not decoupled.</summary>
public sealed record WeightDecay : GradientTransform
{
    /// <summary>The transform.</summary>
    /// <param name="strength">λ, at least 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: the strength is out of range.</exception>
    public WeightDecay(double strength, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Strength = Argument.NotNegative(strength, nameof(strength), new(file, line));

    /// <summary>λ.</summary>
    public double Strength { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Value> Apply(UpdateScope scope, IReadOnlyList<Value> parameters, IReadOnlyList<Value> gradients)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(gradients);
        return [.. gradients.Select((g, i) => g + Strength * parameters[i])];
    }
}

/// <summary>The gradient of an L1 penalty: g + λ·sign(p). <see cref="ProximalL1"/> is what gives exact zeros.</summary>
public sealed record L1Penalty : GradientTransform
{
    /// <summary>The transform.</summary>
    /// <param name="strength">λ, at least 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: the strength is out of range.</exception>
    public L1Penalty(double strength, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Strength = Argument.NotNegative(strength, nameof(strength), new(file, line));

    /// <summary>λ.</summary>
    public double Strength { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Value> Apply(UpdateScope scope, IReadOnlyList<Value> parameters, IReadOnlyList<Value> gradients)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(gradients);
        return [.. gradients.Select((g, i) => g + Strength * parameters[i].Sign())];
    }
}
