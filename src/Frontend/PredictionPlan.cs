using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Passes;

namespace GraphCompiler.Frontend;

/// <summary>A forward function that reads the variables of a training step: what is compiled for it, at run time and ahead of
/// time.</summary>
internal static class PredictionPlan
{
    /// <summary>The name of the only result.</summary>
    public const string OutputName = FunctionPlan.OutputName;

    /// <summary>What <paramref name="output"/> needs of the model of <paramref name="training"/>.</summary>
    /// <exception cref="GraphException">SGC1008: the output is of another model, or reads a variable declared after Minimize. SGC1011:
    /// there are no averages to read.</exception>
    public static FunctionPlan Create(TrainingPlan training, Value output, Location location, bool averaged = false)
    {
        var graph = training.Graph;
        if (output.Builder != graph)
            throw new GraphException(DiagnosticCode.ForeignValue,
                $"the output belongs to \"{output.Builder.Name}\", not to \"{graph.Name}\"", location);
        var plan = FunctionPlan.Create(new(graph, $"{graph.Name}.predict", [(OutputName, output)], [], Mode.Inference));
        foreach (var state in plan.States)
            if (training.States.All(s => s.Name != state.Name))
                throw new GraphException(DiagnosticCode.ForeignValue,
                    $"the output reads the variable \"{state.Name}\", which was declared after Minimize, so the step does not hold it",
                    location);
        return averaged ? plan.Averaged(training, location) : plan;
    }
}
