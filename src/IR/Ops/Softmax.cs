using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Exponentials along one axis, divided by their sum: positive, adding up to 1.</summary>
/// <remarks>x: f[any]. axis: the axis that is normalised. C1: x is floating point. C2: axis is an axis of x.</remarks>
public sealed class Softmax : NormalizedExponentialOp
{
    /// <summary>The op.</summary>
    public static readonly Softmax Instance = new();
    private Softmax() : base("softmax") { }

    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => new(0, 1);
    /// <inheritdoc/>
    protected override double Normalize(double x, double largest, double sum) => Math.Exp(x - largest) / sum;
    /// <inheritdoc/>
    protected override Value Vjp(Value y, Value cotangent, int axis) => y * (cotangent - (y * cotangent).Sum([axis], keepAxes: true));
    /// <inheritdoc/>
    protected override Value Decompose(Value shifted, int axis)
    {
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
            Ops.Softmax.Instance.Emit(x, axis, new(file, line));
    }
}
