using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>Reverse mode: one backward walk that appends the VJP of each operation on a path from what is differentiated
/// to the result.</summary>
/// <remarks>As a pass, f gives f.grad, whose results are the gradients of f's one result: a floating-point scalar, or any
/// floating-point tensor, whose cotangent is then the extra parameter <c>ct</c> (<c>ct.1</c> if f has a <c>ct</c>). Rules emit ordinary
/// ops, so a gradient is differentiated by running it again. Cost: at most a few operations for each one on a path. Baur and Strassen, "The
/// complexity of partial derivatives" (1983).</remarks>
public sealed class Adjoint : IPass
{
    private readonly IReadOnlyList<string>? _wrt;

    /// <summary>Differentiates with respect to the parameters named, or all floating-point ones when null.</summary>
    public Adjoint(IReadOnlyList<string>? wrt = null) => _wrt = wrt;

    /// <inheritdoc/>
    public string Name => "adjoint";

    /// <inheritdoc/>
    /// <exception cref="GraphException">SGC1010: the function has not one floating-point result, or a name is no
    /// floating-point parameter.</exception>
    public Function Run(Function function, PassContext context)
    {
        if (function.Results.Length != 1)
            throw new GraphException(DiagnosticCode.NotDifferentiable,
                $"adjoint: @{function.Name} has {function.Results.Length} results; the gradient of one is defined",
                function.Results.FirstOrDefault()?.Location ?? Location.Unknown);
        var builder = new FunctionBuilder($"{function.Name}.grad");
        Value[] parameters = [.. function.Parameters.Select(p => builder.Parameter(p.Name!, p.Type, p.Location))];
        var output = function.Results[0];
        var cotangent = output.Rank == 0 ? null : builder.ParameterLike("ct", output.Type, output.Location);
        var result = builder.Inline(function, parameters)[0];
        var wrt = Differentiation.ParametersNamed(Name, parameters, _wrt);
        return builder.Build(AppendDense(builder, result, wrt, cotangent));
    }

    /// <summary>Appends the gradient of <paramref name="result"/> with respect to each of <paramref name="wrt"/>.</summary>
    /// <param name="builder">Where the result was declared and the gradient is appended.</param>
    /// <param name="result">A floating-point scalar, or any floating-point tensor if a cotangent is given.</param>
    /// <param name="wrt">Floating-point values of the builder: parameters or intermediate results.</param>
    /// <param name="cotangent">What flows into the result; 1 when null. Same type as the result.</param>
    /// <returns>A value of the same type for each of <paramref name="wrt"/>, or null where the gradient is zero because no
    /// path leads from it to the result.</returns>
    /// <exception cref="GraphException">SGC1010: the result or one of wrt cannot be differentiated, or wrt is empty.
    /// SGC1008: a value belongs to another builder.</exception>
    public static Value?[] Append(FunctionBuilder builder, Value result, IReadOnlyList<Value> wrt, Value? cotangent = null)
    {
        Differentiation.CheckResult(builder, result, cotangent);
        Differentiation.CheckWrt(builder, wrt);
        Operation[] operations = [.. builder.Operations];
        var needs = NeedsGradient.Of(operations, wrt, [result]);
        if (!needs.Contains(result)) return new Value?[wrt.Count];
        var cotangents = new Dictionary<Value, Cotangent>();
        using (builder.At(result.Location)) cotangents[result] = new(cotangent ?? result.Constant(1));
        Walk(builder, operations, needs, cotangents);
        return [.. wrt.Select(w => cotangents.GetValueOrDefault(w)?.ToValue())];
    }

    private static void Walk(FunctionBuilder builder, Operation[] operations, NeedsGradient needs, Dictionary<Value, Cotangent> cotangents)
    {
        for (var i = operations.Length - 1; i >= 0; i--)
            if (needs.ContainsResult(operations[i])) Accumulate(builder, operations[i], needs, cotangents);
    }

    /// <summary><see cref="Append"/>, with a constant of zeros where no path leads to the result.</summary>
    /// <exception cref="GraphException">As <see cref="Append"/>.</exception>
    public static Value[] AppendDense(FunctionBuilder builder, Value result, IReadOnlyList<Value> wrt, Value? cotangent = null) =>
        [.. Append(builder, result, wrt, cotangent).Select((gradient, i) => gradient ?? wrt[i].Constant(0))];

    private static void Accumulate(FunctionBuilder builder, Operation operation, NeedsGradient needs,
        Dictionary<Value, Cotangent> cotangents)
    {
        if (!operation.Results.Any(cotangents.ContainsKey)) return;
        var wanted = new bool[operation.Operands.Length];
        for (var i = 0; i < wanted.Length; i++) wanted[i] = needs.Wants(operation, i);
        if (!wanted.Contains(true)) return;
        var outgoing = operation.Op is ElementwiseOp op ? ThroughElements(op, operation, wanted, cotangents[operation.Result])
            : Through(operation, wanted, cotangents);
        using var pin = builder.At(operation.Location);
        for (var i = 0; i < outgoing.Length; i++)
        {
            if (!wanted[i] || outgoing[i] is not { } term) continue;
            var operand = operation.Operands[i];
            cotangents[operand] = cotangents.TryGetValue(operand, out var sum) ? sum.Plus(term) : term;
        }
    }

    private static Cotangent?[] ThroughElements(ElementwiseOp op, Operation operation, bool[] wanted, Cotangent incoming)
    {
        using var pin = incoming.Builder.At(operation.Location);
        return [.. wanted.Select((isWanted, i) => isWanted ? incoming.Through(op.LocalDerivative(i, operation)) : null)];
    }

    private static Cotangent?[] Through(Operation operation, bool[] wanted, Dictionary<Value, Cotangent> cotangents)
    {
        Value?[] incoming = [.. operation.Results.Select(r => cotangents.GetValueOrDefault(r)?.ToValue())];
        var builder = operation.Operands[0].Builder;
        using var pin = builder.At(operation.Location);
        if (operation.Op is OpaqueOp { HasOwnVjp: false } opaque) return ThroughDecomposition(builder, opaque, operation, incoming, wanted);
        return [.. operation.Op.Vjp(operation, incoming, wanted).Select(v => v is null ? null : new Cotangent(v))];
    }

    private static Cotangent?[] ThroughDecomposition(FunctionBuilder builder, OpaqueOp op, Operation operation, Value?[] incoming,
        bool[] wanted)
    {
        var start = builder.Operations.Count;
        var results = op.DecomposeAll(operation, operation.Operands.AsSpan())
            ?? throw new InternalCompilerException("adjoint", $"{operation} has neither a rule nor a decomposition");
        Value[] wrt = [.. operation.Operands.Where((_, i) => wanted[i]).Distinct()];
        Operation[] operations = [.. builder.Operations.Skip(start)];
        var needs = NeedsGradient.Of(operations, wrt, results);
        var cotangents = new Dictionary<Value, Cotangent>();
        for (var i = 0; i < results.Length; i++)
            if (incoming[i] is { } term && needs.Contains(results[i]))
                cotangents[results[i]] = cotangents.TryGetValue(results[i], out var sum) ? sum.Plus(new(term)) : new(term);
        Walk(builder, operations, needs, cotangents);
        // An operand that is given twice has one cotangent, which counts once.
        var first = operation.Operands.Select((o, i) => wanted[i] && Array.FindIndex([.. operation.Operands], p => p == o) == i);
        return [.. operation.Operands.Zip(first, (o, isFirst) => isFirst ? cotangents.GetValueOrDefault(o) : null)];
    }
}
