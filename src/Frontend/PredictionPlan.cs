using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>A forward function that reads the variables of a training step: what is compiled for it, at run time and ahead of
/// time.</summary>
/// <param name="Function">From the inputs and variables that the output depends on to the output.</param>
/// <param name="Roles">For each parameter of the function whether a call is given it or the step holds it.</param>
internal sealed record PredictionPlan(Function Function, ImmutableArray<BufferRole> Roles)
{
    /// <summary>The name of the only result.</summary>
    public const string OutputName = "output";

    /// <summary>The name of each result.</summary>
    public static ImmutableArray<string> ResultNames { get; } = [OutputName];

    /// <summary>The result replaces no parameter.</summary>
    public static ImmutableArray<int> Donated { get; } = [-1];

    /// <summary>What <paramref name="output"/> needs of the model of <paramref name="training"/>.</summary>
    /// <exception cref="GraphException">SGC1008: the output is of another model, or reads a variable declared after Minimize. SGC1011: there
    /// are no averages to read.</exception>
    public static PredictionPlan Create(TrainingPlan training, Value output, Location location, bool averaged = false)
    {
        var graph = training.Graph;
        if (output.Builder != graph)
            throw new GraphException(DiagnosticCode.ForeignValue,
                $"the output belongs to \"{output.Builder.Name}\", not to \"{graph.Name}\"", location);
        var function = Prediction.Slice(graph, output);
        var inputs = graph.Inputs.Select(i => i.Name!).ToHashSet();
        foreach (var parameter in function.Parameters)
            if (!inputs.Contains(parameter.Name!) && !training.Holds(parameter))
                throw new GraphException(DiagnosticCode.ForeignValue,
                    $"the output reads the variable \"{parameter.Name}\", which was declared after Minimize, so the step does not hold it",
                    location);
        if (averaged) function = Averaged(function, training.Averages, location);
        return new(function, [.. function.Parameters.Select(p => inputs.Contains(p.Name!) ? BufferRole.Input : BufferRole.State)]);
    }

    // The averages stand in for the variables that they are of.
    private static Function Averaged(Function function, IReadOnlyDictionary<string, string> averages, Location location)
    {
        if (averages.Count == 0)
            throw new GraphException(DiagnosticCode.BadArgument, "the optimizer keeps no averages of variables; declare them: "
                + "new Adam() { Parameters = [new ExponentialMovingAverage(0.999)] }", location);
        var builder = new FunctionBuilder(function.Name);
        Value[] parameters = [.. function.Parameters
            .Select(p => builder.Parameter(averages.GetValueOrDefault(p.Name!, p.Name!), p.Type, p.Location))];
        return builder.Build([.. builder.Inline(function, parameters)]);
    }
}
