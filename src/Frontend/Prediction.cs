using GraphCompiler.IR;
using GraphCompiler.Passes;

namespace GraphCompiler.Frontend;

/// <summary>The part of a model that some values depend on.</summary>
public static class Prediction
{
    /// <summary>The function from the inputs and variables that <paramref name="output"/> depends on in inference to it; all others are
    /// dropped.</summary>
    /// <exception cref="IR.Diagnostics.GraphException">SGC1008: the output is of another builder.</exception>
    public static Function Slice(GraphBuilder graph, Value output)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(output);
        var (builder, values) = Slice(graph, $"{graph.Name}.predict", Mode.Inference, [output], []);
        return builder.Build(values);
    }

    /// <summary>A builder of what <paramref name="values"/> depend on, and the values in it.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="name">The builder's.</param>
    /// <param name="mode">What the function is for.</param>
    /// <param name="values">Of the model.</param>
    /// <param name="kept">Parameters that it has also where no value depends on them.</param>
    internal static (FunctionBuilder Builder, Value[] Values) Slice(GraphBuilder graph, string name, Mode mode, Value[] values,
        ICollection<string> kept)
    {
        var context = new PassContext();
        var whole = new DeadCodeElimination().Run(new ResolveMode(mode).Run(graph.Snapshot(values), context), context);
        var used = whole.Operations.SelectMany(o => o.Operands).Concat(whole.Results).ToHashSet();
        var builder = new FunctionBuilder(name);
        var map = new Dictionary<Value, Value>();
        foreach (var parameter in whole.Parameters.Where(p => used.Contains(p) || kept.Contains(p.Name!)))
            map[parameter] = builder.Parameter(parameter.Name!, parameter.Type, parameter.Location);
        foreach (var operation in whole.Operations) builder.Clone(operation, map);
        return (builder, [.. whole.Results.Select(r => map[r])]);
    }
}
