using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Takes from each gradient of two axes or more its mean over all axes but the last, which is that of a layer's outputs (gradient
/// centralization, Yong et al. 2020); other gradients stay.</summary>
public sealed record Centralize : GradientTransform
{
    /// <inheritdoc/>
    public override IReadOnlyList<Value> Apply(UpdateScope scope, IReadOnlyList<Value> parameters, IReadOnlyList<Value> gradients)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        return [.. gradients.Select(g => g.Rank < 2 ? g : g - g.Mean(Norms.InputAxes(g), keepAxes: true))];
    }
}
