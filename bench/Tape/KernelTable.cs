using System.Numerics.Tensors;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Tape;

/// <summary>The kernel of each op that the tape can run.</summary>
internal static class KernelTable
{
    private static readonly Fixed s_fixed = new();

    /// <summary>By op; an op that is missing cannot run on the tape.</summary>
    public static Dictionary<Op, EagerKernel> All { get; } = new()
    {
        [Constant.Instance] = s_fixed,
        [Iota.Instance] = s_fixed,
        [Reshape.Instance] = new Alias(),
        [IR.Ops.Convert.Instance] = new Alias(),
        [StopGradient.Instance] = new Alias(stopsGradient: true),
        [Compare.Instance] = new Comparison(),
        [Select.Instance] = new Selection(),
        [And.Instance] = new Logical(TensorPrimitives.Multiply),
        [Or.Instance] = new Logical(TensorPrimitives.Max),
        [Broadcast.Instance] = new Repeat(),
        [ReduceSum.Instance] = new SumReduction(),
        [DotGeneral.Instance] = new MatrixProduct(),
        [Transpose.Instance] = new MatrixTranspose(),
        [LogSoftmax.Instance] = new RowSoftmax(isLog: true),
        [Softmax.Instance] = new RowSoftmax(isLog: false),
        [Add.Instance] = new Linear(TensorPrimitives.Add, negatesSecond: false),
        [Subtract.Instance] = new Linear(TensorPrimitives.Subtract, negatesSecond: true),
        [Multiply.Instance] =
            new Binary(TensorPrimitives.Multiply, (wrt, a, b, _, ct, dx) => TensorPrimitives.Multiply(ct, wrt == 0 ? b : a, dx)),
        [Divide.Instance] = new Binary(TensorPrimitives.Divide, Gradients.Divide),
        [Maximum.Instance] = new Binary(TensorPrimitives.Max, Gradients.Extremum),
        [Minimum.Instance] = new Binary(TensorPrimitives.Min, Gradients.Extremum),
        [Negate.Instance] = new Unary(TensorPrimitives.Negate, (_, _, ct, dx) => TensorPrimitives.Negate(ct, dx)),
        [Exponential.Instance] = new Unary(TensorPrimitives.Exp, (_, y, ct, dx) => TensorPrimitives.Multiply(ct, y, dx)),
        [Log.Instance] = new Unary(TensorPrimitives.Log, (x, _, ct, dx) => TensorPrimitives.Divide(ct, x, dx)),
        [Log1p.Instance] = new Unary(TensorPrimitives.LogP1, Gradients.Log1p),
        [Expm1.Instance] = new Unary(TensorPrimitives.ExpM1, (_, y, ct, dx) => TensorPrimitives.MultiplyAdd(ct, y, ct, dx)),
        [Tanh.Instance] = new Unary(TensorPrimitives.Tanh, Gradients.Tanh),
        [SechSquared.Instance] = new Unary(Gradients.SechSquared, Gradients.SechSquared),
        [Logistic.Instance] = new Unary(TensorPrimitives.Sigmoid, Gradients.Logistic),
        [Softplus.Instance] = new Unary(SoftplusFunction.Fill, SoftplusFunction.Gradient),
        [Sqrt.Instance] = new Unary(TensorPrimitives.Sqrt, Gradients.Sqrt),
        [Sine.Instance] = new Unary(TensorPrimitives.Sin, Gradients.Sine),
        [Cosine.Instance] = new Unary(TensorPrimitives.Cos, Gradients.Cosine),
        [Abs.Instance] = new Unary(TensorPrimitives.Abs, Gradients.Abs),
        [Erf.Instance] = new Unary(ErrorFunction.Fill, ErrorFunction.Gradient),
    };
}
