using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Adds normal numbers to the gradients, other ones in each step (Neelakantan et al. 2015): functions of the model's seed, the
/// step and the position.</summary>
public sealed record GradientNoise : GradientTransform
{
    // Draws of a model count up from 0.
    private const uint FirstStream = 1u << 31;

    /// <summary>The transform.</summary>
    /// <param name="deviation">The standard deviation, at least 0; it may depend on the step.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: the deviation is out of range.</exception>
    public GradientNoise(Schedule deviation, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(deviation);
        Deviation = Argument.Rate(deviation, 0, nameof(deviation), new(file, line));
    }

    /// <summary>The standard deviation.</summary>
    public Schedule Deviation { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Value> Apply(UpdateScope scope, IReadOnlyList<Value> parameters, IReadOnlyList<Value> gradients)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(gradients);
        var deviation = scope.At(Deviation);
        return [.. gradients.Select(g => g + deviation.ConvertTo(g.DType) * Normal(scope, g))];
    }

    private static Value Normal(UpdateScope scope, Value gradient)
    {
        var compute = gradient.DType == DType.F64 ? DType.F64 : DType.F32;
        RandomDraw Draw() => new(scope.Step, gradient.Shape, scope.Seed, FirstStream + scope.NextStream());
        return Draw().Normal(compute, Draw).ConvertTo(gradient.DType);
    }
}
