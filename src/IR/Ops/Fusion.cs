using System.Collections.Immutable;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Operations that run as one kernel: a closed function applied to the operands.</summary>
/// <remarks>kind: loop, row or contraction. C1: it has a region. C2: the region's parameters are the operands' types.
/// It has no derivative rules: differentiation comes before fusion.</remarks>
public sealed class Fusion : Op
{
    /// <summary>The op.</summary>
    public static readonly Fusion Instance = new();
    private Fusion() : base("fusion", Variadic) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => InferAll(call)[0];

    /// <inheritdoc/>
    protected override ImmutableArray<TensorType> InferAll(OpCall call)
    {
        if (call.Body is not { } body) throw call.Error(DiagnosticCode.BadAttribute, "needs a region");
        call.Require(call.Word("kind") is "loop" or "row" or "contraction", DiagnosticCode.BadAttribute,
            () => $"unknown kind {call.Word("kind")}");
        call.Require(call.Operands.Select(o => o.Type).SequenceEqual(body.Parameters.Select(p => p.Type)), DiagnosticCode.ShapeMismatch,
            () => $"the region takes ({string.Join(", ", body.Parameters.Select(p => p.Type))})");
        return [.. body.Results.Select(r => r.Type)];
    }

    /// <inheritdoc/>
    public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands) =>
        ReferenceInterpreter.Run(operation.Body!, operands);

    /// <inheritdoc/>
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted) =>
        throw new InternalCompilerException("adjoint", "fused kernels have no derivative rules");

    /// <inheritdoc/>
    public override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents) =>
        throw new InternalCompilerException("jvp", "fused kernels have no derivative rules");

    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) =>
        throw new InternalCompilerException("batching", "fused kernels have no batching rules");
}
