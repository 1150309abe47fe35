using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Keeps an average of each parameter over time beside it: a = d·a + (1-d)·p, which starts as a copy of p (Polyak and Juditsky
/// 1992). The parameters stay as they are; <c>step.Predictor(output, averaged: true)</c> and <c>graph.Function(output).Averaged()</c> read
/// the averages.</summary>
public sealed record ExponentialMovingAverage : ParameterTransform
{
    /// <summary>The transform; state is one average per parameter, <c>optimizer/average/parameter</c>.</summary>
    /// <param name="decay">d, in [0, 1).</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: the decay is out of range.</exception>
    public ExponentialMovingAverage(double decay = 0.999, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Decay = Argument.InRange(decay, 0, 1, nameof(decay), new(file, line));

    /// <summary>d.</summary>
    public double Decay { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Value> Apply(UpdateScope scope, IReadOnlyList<Value> parameters, IReadOnlyList<Value> next)
    {
        ArgumentNullException.ThrowIfNull(scope);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(next);
        for (var i = 0; i < next.Count; i++)
        {
            var average = scope.CopyOf("average", parameters[i]);
            scope.Assign(average, Decay * average + (1 - Decay) * next[i]);
            scope.Averages(parameters[i], average);
        }
        return next;
    }
}
