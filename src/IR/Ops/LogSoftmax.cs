using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>The logarithm of softmax along one axis, x - log Σ eˣ, with no overflow.</summary>
/// <remarks>x: f[any]. axis: the axis that is normalised. C1: x is floating point. C2: axis is an axis of x.</remarks>
public sealed class LogSoftmax : OpaqueOp
{
    /// <summary>The op.</summary>
    public static readonly LogSoftmax Instance = new();
    private LogSoftmax() : base("log_softmax", arity: 1) { }

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
                value = value - largest - Math.Log(sum);
            }
        }
        return [new Literal(x.Type, values)];
    }
    /// <inheritdoc/>
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted)
    {
        if (cotangents[0] is not { } cotangent || !wanted[0]) return [null];
        var (y, axis) = (operation.Result, IndexMap.Int(operation, "axis"));
        return [cotangent - y.Exp() * cotangent.Sum([axis], keepAxes: true)];
    }
    /// <inheritdoc/>
    public override Value Decompose(Operation operation, ReadOnlySpan<Value> operands)
    {
        var (x, axis) = (operands[0], IndexMap.Int(operation, "axis"));
        var shifted = x - x.Max([axis], keepAxes: true).StopGradient();
        return shifted - shifted.Exp().Sum([axis], keepAxes: true).Log();
    }
}

/// <summary>Fluent syntax of <see cref="LogSoftmax"/>.</summary>
public static class LogSoftmaxSyntax
{
    extension(Value x)
    {
        /// <summary>x - log Σ eˣ along an axis (negative counts from the end).</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1004: no such axis.</exception>
        public Value LogSoftmax(int axis = -1, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Ops.LogSoftmax.Instance, new(file, line), AttributeMap.Empty.With("axis", axis < 0 ? axis + x.Rank : axis));
    }
}
