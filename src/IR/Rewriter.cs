using System.Collections.Immutable;
using System.Runtime.InteropServices;
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
        // By the numbers of values.
        var map = new Value?[function.ValueCount];
        foreach (var parameter in function.Parameters)
            map[parameter.Id] = builder.Parameter(parameter.Name!, parameter.Type, parameter.Location);
        foreach (var operation in function.Operations)
        {
            using var pin = builder.At(operation.Location);
            var operands = Mapped(operation, map);
            if (rewrite(operation, builder, operands) is { } replacement) Replace(operation, replacement, map);
            else if (operands.Length == operation.Operands.Length) Keep(operation, builder.Clone(operation, operands), map);
            else throw new InternalCompilerException("rewriter", $"{operation} is kept, and reads what was dropped");
        }
        return builder.Build([.. function.Results.Select(r => map[r.Id]
            ?? throw new InternalCompilerException("rewriter", $"@{function.Name} returns {r}, which was dropped"))]);
    }

    // A dropped operation's own operands may have been dropped too: then it has none here, and must be dropped in turn.
    private static ImmutableArray<Value> Mapped(Operation operation, Value?[] map)
    {
        var operands = new Value[operation.Operands.Length];
        for (var i = 0; i < operands.Length; i++)
        {
            if (map[operation.Operands[i].Id] is not { } mapped) return [];
            operands[i] = mapped;
        }
        return ImmutableCollectionsMarshal.AsImmutableArray(operands);
    }

    private static void Keep(Operation operation, ImmutableArray<Value> copies, Value?[] map)
    {
        for (var i = 0; i < copies.Length; i++) map[operation.Results[i].Id] = copies[i];
    }

    private static void Replace(Operation operation, ImmutableArray<Value> replacement, Value?[] map)
    {
        if (replacement.IsEmpty) return;
        if (replacement.Length != operation.Results.Length)
            throw new InternalCompilerException("rewriter", $"{replacement.Length} values cannot replace the results of {operation}");
        for (var i = 0; i < replacement.Length; i++)
        {
            if (replacement[i].Type != operation.Results[i].Type)
                throw new InternalCompilerException("rewriter", $"{replacement[i].Type} cannot replace result {i} of {operation}");
            map[operation.Results[i].Id] = replacement[i];
        }
    }
}
