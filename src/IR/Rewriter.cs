using System.Collections.Immutable;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR;

/// <summary>Makes a changed copy of a function; the original stays as it is.</summary>
public static class Rewriter
{
    /// <summary>Copies a function, giving each operation the chance to be replaced.</summary>
    /// <param name="function">What to copy; parameters keep names, types and locations.</param>
    /// <param name="rewrite">Is given each operation in order, the new function's builder, and the operation's operands there.
    /// Null keeps the operation; an empty array drops it, and then nothing kept may read it; otherwise the returned values,
    /// of the new builder, replace its results. What it emits is located where the operation was.</param>
    /// <param name="name">The copy's name; the same when null.</param>
    /// <exception cref="InternalCompilerException">A replacement has another number of values or another type, or a dropped
    /// result is read.</exception>
    public static Function Rebuild(Function function,
        Func<Operation, FunctionBuilder, ImmutableArray<Value>, ImmutableArray<Value>?> rewrite, string? name = null)
    {
        var builder = new FunctionBuilder(name ?? function.Name);
        var map = new Dictionary<Value, Value>(function.ValueCount);
        foreach (var parameter in function.Parameters)
            map[parameter] = builder.Parameter(parameter.Name!, parameter.Type, parameter.Location);
        foreach (var operation in function.Operations)
        {
            using var pin = builder.At(operation.Location);
            if (rewrite(operation, builder, Mapped(operation, map)) is { } replacement) Replace(operation, replacement, map);
            else builder.Clone(operation, map);
        }
        return builder.Build([.. function.Results.Select(r => map.GetValueOrDefault(r)
            ?? throw new InternalCompilerException("rewriter", $"@{function.Name} returns {r}, which was dropped"))]);
    }

    // A dropped operation's own operands may have been dropped too: then it has none here, and must be dropped in turn.
    private static ImmutableArray<Value> Mapped(Operation operation, Dictionary<Value, Value> map) =>
        operation.Operands.All(map.ContainsKey) ? [.. operation.Operands.Select(o => map[o])] : [];

    private static void Replace(Operation operation, ImmutableArray<Value> replacement, Dictionary<Value, Value> map)
    {
        if (replacement.IsEmpty) return;
        if (replacement.Length != operation.Results.Length)
            throw new InternalCompilerException("rewriter", $"{replacement.Length} values cannot replace the results of {operation}");
        for (var i = 0; i < replacement.Length; i++)
        {
            if (replacement[i].Type != operation.Results[i].Type)
                throw new InternalCompilerException("rewriter", $"{replacement[i].Type} cannot replace result {i} of {operation}");
            map[operation.Results[i]] = replacement[i];
        }
    }
}
