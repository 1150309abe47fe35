using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>Forward mode: the tangent of each value on a path from what is differentiated to a result.</summary>
/// <remarks>As a pass, f gives f.jvp, with a parameter <c>x.tangent</c> for each x of wrt; it returns f's results and then
/// a tangent for each, zeros where no path leads. Composite opaque ops are differentiated through their decomposition.
/// Cost: at most a few operations for each one on a path, for ONE direction; a gradient of n inputs needs n runs.</remarks>
public sealed class Jvp : IPass
{
    private readonly IReadOnlyList<string>? _wrt;

    /// <summary>Differentiates with respect to the parameters named, or all floating-point ones when null.</summary>
    public Jvp(IReadOnlyList<string>? wrt = null) => _wrt = wrt;

    /// <inheritdoc/>
    public string Name => "jvp";

    /// <inheritdoc/>
    /// <exception cref="GraphException">SGC1010: a name is no floating-point parameter.</exception>
    public Function Run(Function function, PassContext context)
    {
        var builder = new FunctionBuilder($"{function.Name}.jvp");
        Value[] parameters = [.. function.Parameters.Select(p => builder.Parameter(p.Name!, p.Type, p.Location))];
        var wrt = Differentiation.ParametersNamed(Name, parameters, _wrt);
        Value[] tangents = [.. wrt.Select(w => builder.ParameterLike($"{w.Name}.tangent", w.Type, w.Location))];
        var results = builder.Inline(function, parameters);
        var outgoing = Append(builder, results, wrt, tangents);
        return builder.Build([.. results, .. outgoing.Select((t, i) => t ?? results[i].Constant(0))]);
    }

    /// <summary>Appends the tangents of <paramref name="results"/> in the direction <paramref name="tangents"/>.</summary>
    /// <param name="builder">Where the results were declared and the tangents are appended.</param>
    /// <param name="results">Values of the builder; one that is not floating point has no tangent.</param>
    /// <param name="wrt">Floating-point values of the builder.</param>
    /// <param name="tangents">The direction: a value of the same type for each of <paramref name="wrt"/>.</param>
    /// <returns>A value of the same type for each result, or null where the tangent is zero.</returns>
    /// <exception cref="GraphException">SGC1010: one of wrt cannot be differentiated, or a tangent has another type.
    /// SGC1008: a value belongs to another builder.</exception>
    public static Value?[] Append(FunctionBuilder builder, IReadOnlyList<Value> results, IReadOnlyList<Value> wrt,
        IReadOnlyList<Value> tangents)
    {
        Differentiation.CheckWrt(builder, wrt);
        if (tangents.Count != wrt.Count)
            throw new GraphException(DiagnosticCode.NotDifferentiable, $"{wrt.Count} values need as many tangents, given {tangents.Count}",
                builder.Pinned ?? Location.Unknown);
        var known = new Dictionary<Value, Value>();
        for (var i = 0; i < wrt.Count; i++)
        {
            Differentiation.CheckOwner(builder, tangents[i]);
            Differentiation.CheckSameType(wrt[i], tangents[i], "tangent");
            known[wrt[i]] = tangents[i];
        }
        foreach (var result in results) Differentiation.CheckOwner(builder, result);
        Push(builder, [.. builder.Operations], wrt, results, known);
        return [.. results.Select(r => known.GetValueOrDefault(r))];
    }

    // Operations that compute one of wrt are passed over: its tangent is given.
    private static void Push(FunctionBuilder builder, Operation[] operations, IReadOnlyList<Value> wrt, IReadOnlyList<Value> results,
        Dictionary<Value, Value> known)
    {
        var needs = NeedsGradient.Of(operations, wrt, results);
        var given = wrt.ToHashSet();
        foreach (var operation in operations)
        {
            if (!needs.ContainsResult(operation)) continue;
            var incoming = new Value?[operation.Operands.Length];
            for (var i = 0; i < incoming.Length; i++)
                if (needs.Wants(operation, i)) incoming[i] = known.GetValueOrDefault(operation.Operands[i]);
            if (incoming.All(t => t is null)) continue;
            using var pin = builder.At(operation.Location);
            var outgoing = Tangents(builder, operation, incoming, known);
            for (var i = 0; i < outgoing.Length; i++)
                if (outgoing[i] is { } tangent && !given.Contains(operation.Results[i])) known[operation.Results[i]] = tangent;
        }
    }

    private static Value?[] Tangents(FunctionBuilder builder, Operation operation, Value?[] incoming, Dictionary<Value, Value> known)
    {
        var start = builder.Operations.Count;
        if (operation.Op is not OpaqueOp opaque || opaque.DecomposeAll(operation, operation.Operands.AsSpan()) is not { } same)
            return operation.Op.Jvp(operation, incoming);
        Value[] moving = [.. operation.Operands.Where((_, i) => incoming[i] is not null)];
        var inner = new Dictionary<Value, Value>();
        foreach (var operand in moving) inner[operand] = known[operand];
        Push(builder, [.. builder.Operations.Skip(start)], moving, same, inner);
        return [.. same.Select(r => inner.GetValueOrDefault(r))];
    }
}
