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
        // By the numbers of values.
        var live = new bool[function.ValueCount];
        foreach (var result in function.Results) live[result.Id] = true;
        var isWhole = true;
        for (var i = function.Operations.Length - 1; i >= 0; i--)
        {
            var operation = function.Operations[i];
            if (!IsLive(operation)) isWhole = false;
            else foreach (var operand in operation.Operands) live[operand.Id] = true;
        }
        return isWhole ? function : Rewriter.Rebuild(function, (operation, _, _) => IsLive(operation) ? null : []);

        bool IsLive(Operation operation)
        {
            foreach (var result in operation.Results)
                if (live[result.Id]) return true;
            return false;
        }
    }
}
