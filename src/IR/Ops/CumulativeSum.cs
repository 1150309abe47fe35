using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Of each element the sum of the elements up to it along one axis.</summary>
/// <remarks>x: numbers. axis: which. reverse: 1 where it runs from the last element to the first, else 0. exclusive: 1 where an element
/// itself does not count, else 0. C1: axis is an axis of x. C2: reverse and exclusive are 0 or 1. Floats narrower than f64 are added in f64
/// and rounded once. The derivative runs the other way.</remarks>
public sealed class CumulativeSum : LinearOp, IKernelOp
{
    /// <summary>The op.</summary>
    public static readonly CumulativeSum Instance = new();
    private CumulativeSum() : base("cumulative_sum", arity: 1) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => Cumulative.Infer(call);
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) =>
        cotangent.Emit(this, operation.Location,
            Cumulative.Attributes(Cumulative.Axis(operation), !Cumulative.IsReverse(operation), Cumulative.IsExclusive(operation)));
    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands) =>
        Cumulative.Evaluate(operation, operands[0], 0, (a, b) => a + b);
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => Cumulative.Batch(operation, x);
    /// <inheritdoc/>
    public Kernel Lower(Operation operation, TargetTraits target) => new CumulativeKernel(operation, target, ReductionKind.Sum).Build();
}

/// <summary>Fluent syntax of <see cref="CumulativeSum"/>.</summary>
public static class CumulativeSumSyntax
{
    extension(Value x)
    {
        /// <summary>Of each element the sum of the elements up to it along an axis (negative counts from the end).</summary>
        /// <param name="axis">Which axis.</param>
        /// <param name="reverse">Whether sums run from the last element to the first.</param>
        /// <param name="exclusive">Whether an element itself does not count; the first sum is then 0.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is bool. SGC1004: no such axis.</exception>
        public Value CumSum(int axis = -1, bool reverse = false, bool exclusive = false,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Cumulative.Emit(CumulativeSum.Instance, x, axis, reverse, exclusive, new(file, line));
    }
}
