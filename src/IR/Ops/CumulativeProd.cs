using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Of each element the product of the elements up to it along one axis.</summary>
/// <remarks>x: numbers. axis, reverse, exclusive, C1, C2: as of cumulative_sum. Floats narrower than f64 are multiplied in f64 and rounded
/// once. Nothing is divided in the derivative, so zeros are no special case.</remarks>
public sealed class CumulativeProd : OpaqueOp, IKernelOp
{
    /// <summary>The op.</summary>
    public static readonly CumulativeProd Instance = new();
    private CumulativeProd() : base("cumulative_prod", arity: 1) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => Cumulative.Infer(call);
    /// <inheritdoc/>
    public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands) =>
        [Cumulative.Evaluate(operation, operands[0], 1, (a, b) => a * b)];
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => Cumulative.Batch(operation, x);

    // With p the product of what is before xₖ, y is p·xₖ·xₖ₊₁·…, so xₖ's cotangent is p·(cₖ + xₖ₊₁·(cₖ₊₁ + …)).
    /// <inheritdoc/>
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted)
    {
        if (cotangents[0] is not { } cotangent || !wanted[0]) return [null];
        if (Cumulative.IsExclusive(operation)) cotangent = Cumulative.Moved(operation, cotangent, forward: false);
        var later = Cumulative.Moved(operation, operation.Operands[0], forward: false);
        return [Before(operation) * LinearRecurrence.Emit(later, cotangent, Cumulative.Axis(operation), !Cumulative.IsReverse(operation),
            operation.Location)];
    }

    // y'ₖ = xₖ·y'ₖ₋₁ + p·x'ₖ.
    /// <inheritdoc/>
    public override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents)
    {
        if (tangents[0] is not { } tangent) return [null];
        var result = LinearRecurrence.Emit(operation.Operands[0], Before(operation) * tangent, Cumulative.Axis(operation),
            Cumulative.IsReverse(operation), operation.Location);
        return [Cumulative.IsExclusive(operation) ? Cumulative.Moved(operation, result, forward: true) : result];
    }

    /// <inheritdoc/>
    public Kernel Lower(Operation operation, TargetTraits target) => new CumulativeKernel(operation, target, ReductionKind.Product).Build();

    private Value Before(Operation operation) => Cumulative.IsExclusive(operation) ? operation.Result
        : operation.Operands[0].Emit(this, operation.Location,
            Cumulative.Attributes(Cumulative.Axis(operation), Cumulative.IsReverse(operation), exclusive: true));
}

/// <summary>Fluent syntax of <see cref="CumulativeProd"/>.</summary>
public static class CumulativeProdSyntax
{
    extension(Value x)
    {
        /// <summary>Of each element the product of the elements up to it along an axis (negative counts from the end).</summary>
        /// <param name="axis">Which axis.</param>
        /// <param name="reverse">Whether products run from the last element to the first.</param>
        /// <param name="exclusive">Whether an element itself does not count; the first product is then 1.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is bool. SGC1004: no such axis.</exception>
        public Value CumProd(int axis = -1, bool reverse = false, bool exclusive = false,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Cumulative.Emit(CumulativeProd.Instance, x, axis, reverse, exclusive, new(file, line));
    }
}
