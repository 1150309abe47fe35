using System.Collections.Immutable;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>The cotangents of an <see cref="Attention"/>'s q, k and v, from scores that are computed anew.</summary>
/// <remarks>q, k, v, the attributes and, last of the operands, the step and the mask: those of the attention. logsumexp: its second result.
/// delta: of its type, Σ dO·O over a head's elements, less logsumexp's cotangent. dO: the output's cotangent. With P = e^(S - logsumexp), 0
/// where a key is not seen, M what dropout multiplies a weight by, and dS = P (M dO·V - delta): dQ = scale · dS·K, dK = scale · dSᵀ·Q, dV =
/// (M P)ᵀ·dO. C1 to C8: attention's. C9: logsumexp and delta have its second result's type. C10: dO has q's. Derivatives are those of its
/// decomposition. Cost: 2.5 times attention's.</remarks>
public sealed class AttentionGradient : OpaqueOp, IKernelOp
{
    internal const int LogSumExpAt = 3, DeltaAt = 4, CotangentAt = 5, Always = 6;

    /// <summary>The op.</summary>
    public static readonly AttentionGradient Instance = new();
    private AttentionGradient() : base("attention_gradient", Variadic) { }

    /// <inheritdoc/>
    public override bool HasOwnVjp => false;

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var shape = AttentionShape.Check(call, Always, "q, k, v, logsumexp, delta, dO");
        Check(call, LogSumExpAt, "logsumexp", shape.Rows);
        Check(call, DeltaAt, "delta", shape.Rows);
        Check(call, CotangentAt, "dO", call[0]);
        return call[0];
    }
    /// <inheritdoc/>
    protected override ImmutableArray<TensorType> InferAll(OpCall call) => [Infer(call), call[1], call[2]];

    /// <inheritdoc/>
    public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands) =>
        new AttentionReference(ShapeOf(operation), operands).Backward(operands[LogSumExpAt], operands[DeltaAt], operands[CotangentAt]);

    /// <inheritdoc/>
    public override Value[] DecomposeAll(Operation operation, ReadOnlySpan<Value> operands) =>
        new AttentionScores(ShapeOf(operation), operands).Backward(operands[LogSumExpAt], operands[DeltaAt], operands[CotangentAt]);

    /// <inheritdoc/>
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted) =>
        throw new InternalCompilerException(Name, "its decomposition is differentiated");

    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => Attention.Batch(operation, x, Always);

    /// <inheritdoc/>
    public Kernel Lower(Operation operation, TargetTraits target) => new AttentionBackward(operation, target).Build();

    private static AttentionShape ShapeOf(Operation operation) => AttentionShape.Of(operation, Always);

    private static void Check(OpCall call, int index, string name, TensorType type)
    {
        call.Require(call[index].DType == type.DType, DiagnosticCode.DTypeMismatch, () => $"{name} must be {type}, got {call[index]}");
        call.Require(call[index].Shape == type.Shape, DiagnosticCode.ShapeMismatch, () => $"{name} must be {type}, got {call[index]}");
    }
}
