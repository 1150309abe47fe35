using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Limits every element of every gradient to [-limit, limit]; NaN stays NaN.</summary>
public sealed record ClipByValue : GradientTransform
{
    /// <summary>The transform.</summary>
    /// <param name="limit">Above 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: the limit is out of range.</exception>
    public ClipByValue(double limit, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Limit = Argument.Positive(limit, nameof(limit), new(file, line));

    /// <summary>The largest absolute value.</summary>
    public double Limit { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Value> Apply(UpdateScope scope, IReadOnlyList<Value> parameters, IReadOnlyList<Value> gradients)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        return [.. gradients.Select(g => g.Clip(-Limit, Limit))];
    }
}

/// <summary>Scales each gradient by itself to a norm of at most limit: g·min(1, limit/(‖g‖ + 1e-6)).</summary>
public sealed record ClipByNorm : GradientTransform
{
    /// <summary>The transform.</summary>
    /// <param name="limit">Above 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: the limit is out of range.</exception>
    public ClipByNorm(double limit, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Limit = Argument.Positive(limit, nameof(limit), new(file, line));

    /// <summary>The largest norm.</summary>
    public double Limit { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Value> Apply(UpdateScope scope, IReadOnlyList<Value> parameters, IReadOnlyList<Value> gradients)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        return [.. gradients.Select(g => g * Factor(Norms.Of(g), Limit))];
    }

    // As in torch.nn.utils.clip_grad_norm_.
    internal static Value Factor(Value norm, double limit) => (limit / (norm + 1e-6)).Minimum(1);
}

/// <summary>Scales all gradients by one factor, so that the norm of all of them together is at most limit: g·min(1, limit/(N + 1e-6)),
/// N = √Σ‖g‖², as PyTorch's clip_grad_norm_ (Pascanu et al. 2013). No update begins before all gradients are known.</summary>
public sealed record ClipByGlobalNorm : GradientTransform
{
    /// <summary>The transform.</summary>
    /// <param name="limit">Above 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: the limit is out of range.</exception>
    public ClipByGlobalNorm(double limit, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Limit = Argument.Positive(limit, nameof(limit), new(file, line));

    /// <summary>The largest norm.</summary>
    public double Limit { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Value> Apply(UpdateScope scope, IReadOnlyList<Value> parameters, IReadOnlyList<Value> gradients)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(gradients);
        var squares = gradients.Select(g => (g * g).Sum().ConvertTo(scope.WidestType)).Aggregate((a, b) => a + b);
        var factor = ClipByNorm.Factor(squares.Sqrt(), Limit);
        return [.. gradients.Select(g => g * factor.ConvertTo(g.DType))];
    }
}
