using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>What softmax and its logarithm share: one axis, normalised by the sum of its exponentials.</summary>
public abstract class NormalizedExponentialOp : OpaqueOp
{
    private protected NormalizedExponentialOp(string name) : base(name, arity: 1) { }

    /// <summary>A result element from the operand's element, and the largest element and Σ e^(x - largest) of its row.</summary>
    protected abstract double Normalize(double x, double largest, double sum);

    /// <summary>The cotangent of the operand, from the result as residual.</summary>
    protected abstract Value Vjp(Value y, Value cotangent, int axis);

    /// <summary>The result from the operand less its row's largest element, which keeps exponentials from overflowing.</summary>
    protected abstract Value Decompose(Value shifted, int axis);

    /// <inheritdoc/>
    protected sealed override TensorType Infer(OpCall call)
    {
        call.Require(call.Int("axis") >= 0 && call.Int("axis") < call[0].Rank, DiagnosticCode.BadAxis,
            () => $"{call[0]} has no axis {call.Int("axis")}");
        return call.Floating();
    }
    /// <inheritdoc/>
    public sealed override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands)
    {
        var (x, axis) = (operands[0], operation.Int("axis"));
        var values = x.ToArray();
        var size = x.Type.Shape[axis];
        var stride = x.Type.Shape.Strides()[axis];
        for (var start = 0L; start < values.Length; start++)
        {
            if (start / stride % size != 0) continue;
            var (largest, sum) = (double.NegativeInfinity, 0.0);
            for (var i = 0; i < size; i++) largest = Math.Max(largest, values[start + i * stride]);
            for (var i = 0; i < size; i++) sum += Math.Exp(values[start + i * stride] - largest);
            for (var i = 0; i < size; i++)
            {
                ref var value = ref values[start + i * stride];
                value = Normalize(value, largest, sum);
            }
        }
        return [new Literal(x.Type, values)];
    }
    /// <inheritdoc/>
    public sealed override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted) =>
        [cotangents[0] is { } cotangent && wanted[0] ? Vjp(operation.Result, cotangent, operation.Int("axis")) : null];
    /// <inheritdoc/>
    public sealed override Value Decompose(Operation operation, ReadOnlySpan<Value> operands)
    {
        var (x, axis) = (operands[0], operation.Int("axis"));
        if (x.Shape.ElementCount == 0) return x; // An empty axis has no largest element; and nothing is something already.
        return Decompose(x - x.Max([axis], keepAxes: true).StopGradient(), axis);
    }

    /// <inheritdoc/>
    public sealed override Value[] Batch(Operation operation, BatchedOperands x) =>
        x.Emit(this, operation.Attributes.With("axis", operation.Int("axis") + 1));

    internal Value Emit(Value x, int axis, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Emit(this, location, AttributeMap.Empty.With("axis", axis < 0 ? axis + x.Rank : axis));
    }
}
