using System.Collections.Immutable;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>The first operand, with derivatives of the user's own by the operands after it; by everything else they are zero.</summary>
/// <remarks>y, x₁ … xₙ, residuals: wrt is n, at least 1. The region holds both rules: from (cotangent of y, tangents of the xᵢ, residuals)
/// to (cotangents of the xᵢ, tangent of y). C1: it has a region. C2: 1 ≤ wrt, and y and the xᵢ are floating point. C3: the region's
/// parameters are y, the xᵢ and the residuals in type. C4: its results are the xᵢ and y in type. Differentiation inlines the region;
/// <c>decompose</c> leaves y.</remarks>
public sealed class CustomGradient : Op
{
    /// <summary>The op.</summary>
    public static readonly CustomGradient Instance = new();
    private CustomGradient() : base("custom_gradient", Variadic) { }

    /// <summary>The attributes: how many operands after the first are differentiated by.</summary>
    public static AttributeMap Attributes(int wrt) => AttributeMap.Empty.With("wrt", wrt);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        if (call.Body is not { } body) throw call.Error(DiagnosticCode.BadAttribute, "needs a region");
        var wrt = call.Int("wrt");
        call.Require(wrt >= 1 && wrt < call.Count, DiagnosticCode.BadAttribute,
            () => $"wrt={wrt} with {call.Count} operands: it is at least 1, and below their number");
        for (var i = 0; i <= wrt; i++) call.Floating(i);
        Require(call, "takes", body.Parameters, [.. call.Operands]);
        Require(call, "gives", body.Results, [.. call.Operands.Skip(1).Take(wrt), call.Operands[0]]);
        return call[0];
    }

    /// <inheritdoc/>
    public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands) => [operands[0]];

    /// <inheritdoc/>
    public override bool IsDifferentiable(Operation operation, int index) => index >= 1 && index <= operation.Int("wrt");

    /// <inheritdoc/>
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted)
    {
        var results = new Value?[operation.Operands.Length];
        if (cotangents[0] is not { } cotangent) return results;
        var rules = Inline(operation, cotangent, new Value?[operation.Int("wrt")]);
        for (var i = 1; i < rules.Length; i++)
            if (wanted[i]) results[i] = rules[i - 1];
        return results;
    }

    /// <inheritdoc/>
    public override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents) =>
        [Inline(operation, null, tangents[1..(operation.Int("wrt") + 1)])[^1]];

    // At each index the same rules: the region is batched as what is around it.
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x)
    {
        var operands = x.WithAxis();
        var body = operation.Body!;
        var region = new FunctionBuilder(body.Name);
        var batching = new Batching(region, x.Size);
        for (var i = 0; i < operands.Length; i++)
            batching.Bind(body.Parameters[i], region.Parameter(body.Parameters[i].Name!, operands[i].Type, body.Parameters[i].Location));
        batching.Append(body.Operations);
        return [.. operands[0].Builder.EmitAll(this, operands, operation.Attributes, operation.Location,
            region.Build([.. body.Results.Select(batching.Result)]))];
    }

    // Each rule is linear in its own direction and does not read the other's, so absent ones are zeros.
    private static ImmutableArray<Value> Inline(Operation operation, Value? cotangent, ReadOnlySpan<Value?> tangents)
    {
        var (y, count) = (operation.Operands[0], tangents.Length);
        var arguments = operation.Operands.ToArray();
        arguments[0] = cotangent ?? y.Constant(0);
        for (var i = 0; i < count; i++) arguments[i + 1] = tangents[i] ?? arguments[i + 1].Constant(0);
        return y.Builder.Inline(operation.Body!, arguments);
    }

    private static void Require(OpCall call, string verb, ImmutableArray<Value> given, Value[] wanted) =>
        call.Require(given.Select(v => v.Type).SequenceEqual(wanted.Select(v => v.Type)), DiagnosticCode.ShapeMismatch,
            () => $"the region {verb} ({Types(given)}) rather than ({Types(wanted)})");

    private static string Types(IEnumerable<Value> values) => string.Join(", ", values.Select(v => v.Type));
}
