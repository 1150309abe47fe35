using GraphCompiler.IR.Ops;

namespace GraphCompiler.IR.Tests;

/// <summary>A reverse walk and a forward walk for tests of single ops, apart from the passes.</summary>
internal static class OpGradient
{
    /// <summary>Appends the cotangents of <paramref name="wrt"/> for those of <paramref name="y"/>; zeros where there is none.</summary>
    public static Value[] Vjp(Value y, Value cotangent, params Value[] wrt)
    {
        var builder = y.Builder;
        var found = new Dictionary<Value, Value> { [y] = cotangent };
        foreach (var operation in builder.Operations.Reverse().ToArray())
        {
            if (!operation.Results.Any(found.ContainsKey)) continue;
            Value?[] incoming = [.. operation.Results.Select(r => found.GetValueOrDefault(r))];
            bool[] wanted = [.. Enumerable.Range(0, operation.Operands.Length).Select(i => operation.Op.IsDifferentiable(operation, i))];
            var outgoing = operation.Op.Vjp(operation, incoming, wanted);
            for (var i = 0; i < outgoing.Length; i++)
                if (outgoing[i] is { } value)
                    found[operation.Operands[i]] = found.TryGetValue(operation.Operands[i], out var other) ? other + value : value;
        }
        return [.. wrt.Select(x => found.GetValueOrDefault(x) ?? x.Constant(0))];
    }

    /// <summary>Appends the tangent of <paramref name="y"/>; composites are followed through their decomposition.</summary>
    public static Value Jvp(Value y, Value[] x, Value[] tangents)
    {
        var found = x.Zip(tangents).ToDictionary(p => p.First, p => p.Second);
        foreach (var operation in y.Builder.Operations.ToArray()) Follow(operation, found);
        return found.GetValueOrDefault(y) ?? y.Constant(0);
    }

    private static void Follow(Operation operation, Dictionary<Value, Value> found)
    {
        if (!operation.Operands.Any(found.ContainsKey)) return;
        var builder = operation.Result.Builder;
        var before = builder.Operations.Count;
        if (operation.Op is OpaqueOp opaque && opaque.Decompose(operation, operation.Operands.AsSpan()) is { } same)
        {
            foreach (var inner in builder.Operations.Skip(before).ToArray()) Follow(inner, found);
            if (found.TryGetValue(same, out var tangent)) found[operation.Result] = tangent;
            return;
        }
        var results = operation.Op.Jvp(operation, [.. operation.Operands.Select(o => found.GetValueOrDefault(o))]);
        for (var i = 0; i < results.Length; i++)
            if (results[i] is { } tangent) found[operation.Results[i]] = tangent;
    }
}
