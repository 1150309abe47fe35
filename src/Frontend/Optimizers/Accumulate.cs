using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Updates once in k steps, by the mean of their gradients: k steps with batches of b examples are one with a batch of k·b. In
/// other steps the parameters and the inner rule's state stay, and its count of steps too.</summary>
/// <remarks>Transforms of the inner rule see the mean, once in k steps; those of this one every step.</remarks>
public sealed record Accumulate : Optimizer
{
    /// <summary>The rule; state is a sum per parameter, a count, and the inner rule's state.</summary>
    /// <param name="steps">k, at least 1.</param>
    /// <param name="inner">The rule that updates.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: an argument is out of range.</exception>
    public Accumulate(int steps, Optimizer inner, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(inner);
        (Steps, Inner) = (Argument.Count(steps, nameof(steps), new(file, line)), inner);
    }

    /// <summary>k.</summary>
    public int Steps { get; }
    /// <summary>The rule that updates.</summary>
    public Optimizer Inner { get; }

    /// <inheritdoc/>
    public override UpdateRule Begin(UpdateScope scope) => throw Composite(scope);

    private protected override Value[] Move(UpdateScope scope, Value[] parameters, Value[] gradients)
    {
        var count = scope.State("count", DType.I64.Scalar);
        var isDue = count.Equal(count.Constant(Steps - 1));
        scope.Assign(count, isDue.Select(count.Constant(0), count + 1));
        Value[] means = [.. gradients.Select((gradient, i) =>
        {
            var state = scope.State("sum", parameters[i]);
            var sum = state + gradient;
            scope.Assign(state, isDue.Select(sum.Constant(0), sum));
            return sum / Steps;
        })];
        var next = Inner.Update(scope.Nest(Inner.ScopeName, Inner, parameters, isDue), parameters, means);
        return [.. parameters.Select((p, i) => isDue.Select(next[i], p))];
    }
}
