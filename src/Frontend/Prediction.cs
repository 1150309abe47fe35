using GraphCompiler.IR;
using GraphCompiler.Passes;

namespace GraphCompiler.Frontend;

/// <summary>The part of a model that some values depend on.</summary>
public static class Prediction
{
    /// <summary>The function from the inputs and variables that <paramref name="output"/> depends on to it; all others are
    /// dropped.</summary>
    /// <exception cref="IR.Diagnostics.GraphException">SGC1008: the output is of another builder.</exception>
    public static Function Slice(GraphBuilder graph, Value output)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(output);
        var (builder, values) = Slice(graph, $"{graph.Name}.predict", [output]);
        return builder.Build(values);
    }

    /// <summary>A builder of what <paramref name="values"/> depend on, and the values in it.</summary>
    internal static (FunctionBuilder Builder, Value[] Values) Slice(GraphBuilder graph, string name, Value[] values)
    {
        var whole = new DeadCodeElimination().Run(graph.Snapshot(values), new PassContext());
        var used = whole.Operations.SelectMany(o => o.Operands).Concat(whole.Results).ToHashSet();
        var builder = new FunctionBuilder(name);
        var map = new Dictionary<Value, Value>();
        foreach (var parameter in whole.Parameters.Where(used.Contains))
            map[parameter] = builder.Parameter(parameter.Name!, parameter.Type, parameter.Location);
        foreach (var operation in whole.Operations) builder.Clone(operation, map);
        return (builder, [.. whole.Results.Select(r => map[r])]);
    }

    /// <summary>The values that <paramref name="values"/> depend on, and these.</summary>
    internal static HashSet<Value> Reached(GraphBuilder graph, IEnumerable<Value> values)
    {
        var live = values.ToHashSet();
        foreach (var operation in graph.Operations.Reverse())
            if (operation.Results.Any(live.Contains)) live.UnionWith(operation.Operands);
        return live;
    }
}
