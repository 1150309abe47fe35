using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Limits every element of every parameter to [low, high].</summary>
public sealed record BoxConstraint : ParameterTransform
{
    /// <summary>The transform.</summary>
    /// <param name="low">At most high; -∞ for no bound.</param>
    /// <param name="high">At least low; ∞ for no bound.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: low is above high, or NaN.</exception>
    public BoxConstraint(double low, double high, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        if (!(low <= high)) throw Argument.Bad($"low must be at most high, got {low} and {high}", new(file, line));
        (Low, High) = (low, high);
    }

    /// <summary>The smallest element.</summary>
    public double Low { get; }
    /// <summary>The largest element.</summary>
    public double High { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Value> Apply(UpdateScope scope, IReadOnlyList<Value> parameters, IReadOnlyList<Value> next)
    {
        ArgumentNullException.ThrowIfNull(next);
        return [.. next.Select(p => p.Clip(Low, High))];
    }
}

/// <summary>Scales what each output of a layer is computed with to a norm of at most limit (Srivastava et al. 2014): the norm of a
/// parameter of two axes or more over all axes but the last; other parameters stay.</summary>
public sealed record MaxNorm : ParameterTransform
{
    /// <summary>The transform.</summary>
    /// <param name="limit">Above 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: the limit is out of range.</exception>
    public MaxNorm(double limit, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Limit = Argument.Positive(limit, nameof(limit), new(file, line));

    /// <summary>The largest norm.</summary>
    public double Limit { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Value> Apply(UpdateScope scope, IReadOnlyList<Value> parameters, IReadOnlyList<Value> next)
    {
        ArgumentNullException.ThrowIfNull(next);
        // A norm of 0 is below the limit, so what it is divided by is never 0.
        return [.. next.Select(p => p.Rank < 2 ? p : p * (Limit / Norms.Of(p, Norms.InputAxes(p)).Maximum(Limit)))];
    }
}

/// <summary>The proximal step of an L1 penalty (ISTA, Daubechies et al. 2004): after the rule's move, sign(p)·max(|p| - η·λ, 0). What
/// falls below the threshold is exactly 0.</summary>
public sealed record ProximalL1 : ParameterTransform
{
    /// <summary>The transform.</summary>
    /// <param name="strength">λ, at least 0; times the rule's learning rate it is the threshold.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: the strength is out of range.</exception>
    public ProximalL1(double strength, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Strength = Argument.NotNegative(strength, nameof(strength), new(file, line));

    /// <summary>λ.</summary>
    public double Strength { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Value> Apply(UpdateScope scope, IReadOnlyList<Value> parameters, IReadOnlyList<Value> next)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(next);
        var threshold = scope.LearningRate * Strength;
        return [.. next.Select(p => p.Sign() * (p.Abs() - threshold.ConvertTo(p.DType)).Maximum(0))];
    }
}
