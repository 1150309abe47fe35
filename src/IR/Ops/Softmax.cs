using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Exponentials along one axis, divided by their sum: positive, adding up to 1.</summary>
/// <remarks>x: f[any]. axis: the axis that is normalised. C1: x is floating point. C2: axis is an axis of x.</remarks>
public sealed class Softmax : OpaqueOp
{
    /// <summary>The op.</summary>
    public static readonly Softmax Instance = new();
    private Softmax() : base("softmax", arity: 1) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        call.Require(call.Int("axis") >= 0 && call.Int("axis") < call[0].Rank, DiagnosticCode.BadAxis, () => $"{call[0]} has no axis {call.Int("axis")}");
        return call.Floating();
    }
    /// <inheritdoc/>
    public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands)
    {
        var (x, axis) = (operands[0], IndexMap.Int(operation, "axis"));
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
                value = Math.Exp(value - largest) / sum;
            }
        }
        return [new Literal(x.Type, values)];
    }
    /// <inheritdoc/>
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted)
    {
        if (cotangents[0] is not { } cotangent || !wanted[0]) return [null];
        var (y, axis) = (operation.Result, IndexMap.Int(operation, "axis"));
        return [y * (cotangent - (y * cotangent).Sum([axis], keepAxes: true))];
    }
    /// <inheritdoc/>
    public override Value Decompose(Operation operation, ReadOnlySpan<Value> operands)
    {
        var (x, axis) = (operands[0], IndexMap.Int(operation, "axis"));
        var shifted = x - x.Max([axis], keepAxes: true).StopGradient();
        var exponentials = shifted.Exp();
        return exponentials / exponentials.Sum([axis], keepAxes: true);
    }
}

/// <summary>Fluent syntax of <see cref="Softmax"/>.</summary>
public static class SoftmaxSyntax
{
    extension(Value x)
    {
        /// <summary>eˣ / Σ eˣ along an axis (negative counts from the end).</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1004: no such axis.</exception>
        public Value Softmax(int axis = -1, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.Softmax.Instance, new(file, line), AttributeMap.Empty.With("axis", axis < 0 ? axis + x.Rank : axis));
    }
}
