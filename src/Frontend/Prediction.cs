using GraphCompiler.IR;
using GraphCompiler.Passes;

namespace GraphCompiler.Frontend;

/// <summary>The part of a model that one value depends on.</summary>
public static class Prediction
{
    /// <summary>For inference, the function from the inputs and variables that <paramref name="output"/> depends on to it; all others are
    /// dropped.</summary>
    /// <exception cref="IR.Diagnostics.GraphException">SGC1008: the output is of another builder.</exception>
    public static Function Slice(GraphBuilder graph, Value output)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(output);
        var whole = new DeadCodeElimination().Run(new ResolveMode(Mode.Inference).Run(graph.Snapshot(output), new()), new PassContext());
        var used = whole.Operations.SelectMany(o => o.Operands).Concat(whole.Results).ToHashSet();
        var builder = new FunctionBuilder($"{graph.Name}.predict");
        var map = new Dictionary<Value, Value>();
        foreach (var parameter in whole.Parameters.Where(used.Contains))
            map[parameter] = builder.Parameter(parameter.Name!, parameter.Type, parameter.Location);
        foreach (var operation in whole.Operations) builder.Clone(operation, map);
        return builder.Build(map[whole.Results[0]]);
    }
}
