using System.Collections.Immutable;

namespace GraphCompiler.IR;

/// <summary>Makes a new function from an old one, operation by operation; with <see cref="FunctionBuilder"/> the only way to make IR.</summary>
public static class Rewriter
{
    /// <summary>Copies <paramref name="function"/>, replacing what <paramref name="rewrite"/> chooses to. O(operations).</summary>
    /// <param name="function">What is copied; it stays as it is.</param>
    /// <param name="rewrite">Given an operation, the new builder and the operands there: the values that stand for the results, or null to keep it.</param>
    /// <param name="name">The new function's name, or null for the same.</param>
    public static Function Rebuild(Function function,
        Func<Operation, FunctionBuilder, ImmutableArray<Value>, ImmutableArray<Value>?> rewrite, string? name = null)
    {
        var builder = new FunctionBuilder(name ?? function.Name);
        var map = new Dictionary<Value, Value>();
        foreach (var parameter in function.Parameters)
            map[parameter] = builder.Parameter(parameter.Name!, parameter.Type, parameter.Location);
        foreach (var operation in function.Operations)
        {
            using var pin = builder.At(operation.Location);
            ImmutableArray<Value> operands = [.. operation.Operands.Select(o => map[o])];
            if (rewrite(operation, builder, operands) is { } replacements)
            {
                for (var i = 0; i < replacements.Length; i++) map[operation.Results[i]] = replacements[i];
            }
            else
            {
                builder.Clone(operation, map);
            }
        }
        return builder.Build([.. function.Results.Select(r => map[r])]);
    }
}
