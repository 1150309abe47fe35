using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Sum of the elements along some axes, which are dropped.</summary>
/// <remarks>x: numbers. C1: axes are distinct and in range. C2: accumulate, which may be left out, is f32 or f64 and no narrower than x.
/// Floats are added in that type, or else in their own, f16 and bf16 in f32, and rounded once. An empty sum is 0.</remarks>
public sealed class ReduceSum : LinearOp, IReductionOp
{
    /// <summary>The op.</summary>
    public static readonly ReduceSum Instance = new();
    private ReduceSum() : base("reduce_sum", arity: 1) { }

    /// <inheritdoc/>
    public ReductionKind Kind => ReductionKind.Sum;

    /// <summary>The attributes: axes to reduce.</summary>
    public static AttributeMap Attributes(IEnumerable<int> axes) => AttributeMap.Empty.With("axes", axes.Order());

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => Reduction.InferAccumulated(call);
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) =>
        Reduction.BroadcastBack(operation, cotangent);
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => Reduction.Batch(operation, x);
    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands) =>
        Reduction.Evaluate(operation, operands[0], 0, (a, b) => a + b);
}

/// <summary>Fluent syntax of <see cref="ReduceSum"/>.</summary>
public static class ReduceSumSyntax
{
    extension(Value x)
    {
        /// <summary>Sum along <paramref name="axes"/> (negative counts from the end), or of everything.</summary>
        /// <param name="axes">Which axes.</param>
        /// <param name="keepAxes">Whether they stay, of size 1.</param>
        /// <param name="accumulate">The type of the sum: F32 or F64, or when null x's own, of narrower floats F32.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="Diagnostics.GraphException">SGC1004: an axis is out of range or named twice. SGC1005: accumulate is narrower
        /// than x, or one of them is no float.</exception>
        public Value Sum(Axes axes = default, bool keepAxes = false, DType? accumulate = null,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Reduction.Emit(ReduceSum.Instance, x, axes, keepAxes, new(file, line), accumulate);

        /// <inheritdoc cref="Sum(Value, Axes, bool, DType, string, int)"/>
        public Value Sum(int first, int second, params ReadOnlySpan<int> more) =>
            Reduction.Emit(ReduceSum.Instance, x, Axes.Create([first, second, .. more]), keepAxes: false, Value.CallSite(x));

        /// <summary>Mean along <paramref name="axes"/> (negative counts from the end), or of everything: sum / count, NaN over
        /// nothing.</summary>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is not floating point.
        /// SGC1004: an axis is out of range or named twice.</exception>
        public Value Mean(Axes axes = default, bool keepAxes = false, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            using var pin = x.Builder.At(new(file, line));
            if (!x.DType.IsFloating)
                throw new OpCall(ReduceSum.Instance, [x], AttributeMap.Empty, null, x.Builder.Pinned ?? default).Error(
                    DiagnosticCode.DTypeMismatch, $"a mean needs floating point, got {x.Type}; convert first, as with ConvertTo(F32)");
            var sum = Reduction.Emit(ReduceSum.Instance, x, axes, keepAxes, new(file, line));
            // Over nothing it is 0 · ∞, NaN as 0/0 is.
            return sum * (1.0 / Reduction.Count(x.Shape, axes.Of(x.Rank)));
        }

        /// <inheritdoc cref="Mean(Value, Axes, bool, string, int)"/>
        public Value Mean(int first, int second, params ReadOnlySpan<int> more)
        {
            var location = Value.CallSite(x);
            return x.Mean(Axes.Create([first, second, .. more]), keepAxes: false, location.File, location.Line);
        }
    }
}
