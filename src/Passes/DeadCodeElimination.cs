using GraphCompiler.IR;

namespace GraphCompiler.Passes;

/// <summary>Drops operations that no result depends on; gradients that nobody reads are among them.</summary>
/// <remarks>Ensures: every operation is live. Parameters stay. O(operations).</remarks>
public sealed class DeadCodeElimination : IPass
{
    /// <inheritdoc/>
    public string Name => "dce";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context)
    {
        var live = new HashSet<Value>(function.Results);
        var kept = new HashSet<Operation>();
        foreach (var operation in function.Operations.Reverse())
        {
            if (!operation.Results.Any(live.Contains)) continue;
            kept.Add(operation);
            live.UnionWith(operation.Operands);
        }
        var builder = new FunctionBuilder(function.Name);
        var map = new Dictionary<Value, Value>();
        foreach (var parameter in function.Parameters)
            map[parameter] = builder.Parameter(parameter.Name!, parameter.Type, parameter.Location);
        foreach (var operation in function.Operations.Where(kept.Contains)) builder.Clone(operation, map);
        return builder.Build([.. function.Results.Select(r => map[r])]);
    }
}
