using System.Collections.Immutable;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>What the kernel of a fusion goes over.</summary>
public enum FusionKind
{
    /// <summary>Once over an index space.</summary>
    Loop,
    /// <summary>Over rows: reductions, with what feeds and follows them.</summary>
    Row,
    /// <summary>A contraction and what follows it element by element.</summary>
    Contraction,
}

/// <summary>Operations that run as one kernel: a closed function applied to the operands.</summary>
/// <remarks>kind: loop, row or contraction. C1: it has a region. C2: the region's parameters are the operands' types.
/// It has no derivative rules: differentiation comes before fusion.</remarks>
public sealed class Fusion : Op
{
    /// <summary>The op.</summary>
    public static readonly Fusion Instance = new();
    private Fusion() : base("fusion", Variadic) { }

    /// <summary>The attributes of a fusion.</summary>
    public static AttributeMap Attributes(FusionKind kind) => AttributeMap.Empty.With("kind", kind.ToString().ToLowerInvariant());

    /// <summary>The kind of a fusion.</summary>
    public static FusionKind KindOf(Operation fusion)
    {
        ArgumentNullException.ThrowIfNull(fusion);
        return Parse(fusion.Word("kind")) ?? throw new InternalCompilerException("fusion", $"no kind that there is: {fusion}");
    }

    private static FusionKind? Parse(string kind) => kind switch
    {
        "loop" => FusionKind.Loop,
        "row" => FusionKind.Row,
        "contraction" => FusionKind.Contraction,
        _ => null,
    };

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => InferAll(call)[0];

    /// <inheritdoc/>
    protected override ImmutableArray<TensorType> InferAll(OpCall call)
    {
        if (call.Body is not { } body) throw call.Error(DiagnosticCode.BadAttribute, "needs a region");
        call.Require(Parse(call.Word("kind")) is not null, DiagnosticCode.BadAttribute,
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
