using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>The logarithm of softmax along one axis, x - log Σ eˣ, with no overflow.</summary>
/// <remarks>x: f[any]. axis: the axis that is normalised. C1: x is floating point. C2: axis is an axis of x.</remarks>
public sealed class LogSoftmax : NormalizedExponentialOp
{
    /// <summary>The op.</summary>
    public static readonly LogSoftmax Instance = new();
    private LogSoftmax() : base("log_softmax") { }

    /// <inheritdoc/>
    protected override double Normalize(double x, double largest, double sum) => x - largest - Math.Log(sum);
    /// <inheritdoc/>
    protected override Value Vjp(Value y, Value cotangent, int axis) => cotangent - y.Exp() * cotangent.Sum([axis], keepAxes: true);
    /// <inheritdoc/>
    protected override Value Decompose(Value shifted, int axis) =>
        shifted - shifted.Exp().Sum([axis], keepAxes: true).Log();
}

/// <summary>Fluent syntax of <see cref="LogSoftmax"/>.</summary>
public static class LogSoftmaxSyntax
{
    extension(Value x)
    {
        /// <summary>x - log Σ eˣ along an axis (negative counts from the end).</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1004: no such axis.</exception>
        public Value LogSoftmax(int axis = -1, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Ops.LogSoftmax.Instance.Emit(x, axis, new(file, line));
    }
}
