using System.Numerics.Tensors;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Tape;

/// <summary>A tensor seen as [outer, middle, inner]: some adjacent axes are the middle, the axes around them the others.</summary>
internal readonly record struct Split(int Outer, int Middle, int Inner)
{
    /// <summary>The split of a shape at adjacent axes, or null where they are not adjacent.</summary>
    public static Split? At(Shape shape, ReadOnlySpan<int> axes)
    {
        if (axes.IsEmpty) return new Split(1, 1, (int)shape.ElementCount);
        for (var i = 1; i < axes.Length; i++)
            if (axes[i] != axes[i - 1] + 1) return null;
        var (outer, middle, inner) = (1, 1, 1);
        for (var i = 0; i < shape.Rank; i++)
        {
            if (i < axes[0]) outer *= shape[i];
            else if (i <= axes[^1]) middle *= shape[i];
            else inner *= shape[i];
        }
        return new Split(outer, middle, inner);
    }

    /// <summary>y[outer, inner] = Σ over the middle of x.</summary>
    public void SumMiddle(ReadOnlySpan<float> x, Span<float> y)
    {
        for (var o = 0; o < Outer; o++)
        {
            var block = x.Slice(o * Middle * Inner, Middle * Inner);
            if (Inner == 1)
            {
                y[o] = TensorPrimitives.Sum(block);
                continue;
            }
            var sum = y.Slice(o * Inner, Inner);
            sum.Clear();
            for (var m = 0; m < Middle; m++) TensorPrimitives.Add(sum, block.Slice(m * Inner, Inner), sum);
        }
    }

    /// <summary>y[outer, middle, inner] = x[outer, inner].</summary>
    public void RepeatMiddle(ReadOnlySpan<float> x, Span<float> y)
    {
        for (var o = 0; o < Outer; o++)
        {
            var block = y.Slice(o * Middle * Inner, Middle * Inner);
            if (Inner == 1) block.Fill(x[o]);
            else for (var m = 0; m < Middle; m++) x.Slice(o * Inner, Inner).CopyTo(block.Slice(m * Inner, Inner));
        }
    }
}

/// <summary>reduce_sum along adjacent axes.</summary>
internal sealed class SumReduction : EagerKernel
{
    public override bool Supports(Operation operation) => SplitOf(operation) is not null;

    public override void Forward(Node node, BufferPool pool)
    {
        node.Data = pool.Rent((int)node.Operation!.Result.Shape.ElementCount);
        SplitOf(node.Operation)!.Value.SumMiddle(node.Inputs[0].Data, node.Data);
    }

    public override void Backward(Node node, BufferPool pool)
    {
        var dx = pool.Rent(node.Inputs[0].Data.Length);
        SplitOf(node.Operation!)!.Value.RepeatMiddle(node.Gradient, dx);
        node.Inputs[0].Accumulate(dx, pool);
    }

    private static Split? SplitOf(Operation operation) => Split.At(operation.Operands[0].Shape, Reduction.Axes(operation));
}

/// <summary>broadcast_in_dim of axes that stay adjacent: the operand is the middle.</summary>
internal sealed class Repeat : EagerKernel
{
    public override bool Supports(Operation operation) => Split.At(operation.Result.Shape, Broadcast.Dimensions(operation)) is not null;

    public override void Forward(Node node, BufferPool pool)
    {
        var (x, split) = (node.Inputs[0].Data, SplitOf(node));
        node.Data = pool.Rent((int)node.Operation!.Result.Shape.ElementCount);
        var block = split.Middle * split.Inner;
        if (split.Inner == 1) new Split(1, split.Outer, split.Middle).RepeatMiddle(x, node.Data);
        else
            for (var o = 0; o < split.Outer; o++)
                new Split(split.Middle, split.Inner, 1).RepeatMiddle(x, node.Data.AsSpan(o * block, block));
    }

    public override void Backward(Node node, BufferPool pool)
    {
        var split = SplitOf(node);
        var rows = node.Gradient!;
        if (split.Inner > 1)
        {
            rows = pool.Rent(split.Outer * split.Middle);
            new Split(rows.Length, split.Inner, 1).SumMiddle(node.Gradient, rows);
        }
        var dx = pool.Rent(split.Middle);
        new Split(1, split.Outer, split.Middle).SumMiddle(rows, dx);
        node.Inputs[0].Accumulate(dx, pool);
    }

    // A scalar is a middle of one element with everything inside.
    private static Split SplitOf(Node node) => Split.At(node.Operation!.Result.Shape, Broadcast.Dimensions(node.Operation))!.Value;
}

/// <summary>log_softmax or softmax along the last axis.</summary>
internal sealed class RowSoftmax(bool isLog) : EagerKernel
{
    public override bool Supports(Operation operation) =>
        ((IR.Attribute.Number)operation.Attributes["axis"]!).Value == operation.Result.Rank - 1;

    public override void Forward(Node node, BufferPool pool)
    {
        node.Data = pool.Rent(node.Inputs[0].Data.Length);
        var (x, size) = (node.Inputs[0].Data, node.Operation!.Result.Shape[^1]);
        var exponentials = pool.Rent(size);
        for (var start = 0; start < x.Length; start += size)
        {
            var y = node.Data.AsSpan(start, size);
            TensorPrimitives.Subtract(x.AsSpan(start, size), TensorPrimitives.Max(x.AsSpan(start, size)), y);
            TensorPrimitives.Exp(y, exponentials);
            var sum = TensorPrimitives.Sum<float>(exponentials);
            if (isLog) TensorPrimitives.Subtract(y, MathF.Log(sum), y);
            else TensorPrimitives.Divide(exponentials, sum, y);
        }
    }

    public override void Backward(Node node, BufferPool pool)
    {
        var size = node.Operation!.Result.Shape[^1];
        var dx = pool.Rent(node.Data.Length);
        for (var start = 0; start < dx.Length; start += size)
        {
            var y = node.Data.AsSpan(start, size);
            var ct = node.Gradient.AsSpan(start, size);
            var d = dx.AsSpan(start, size);
            if (isLog)
            {
                TensorPrimitives.Exp(y, d);
                TensorPrimitives.Multiply(d, TensorPrimitives.Sum<float>(ct), d);
                TensorPrimitives.Subtract(ct, d, d);
            }
            else
            {
                TensorPrimitives.Subtract(ct, TensorPrimitives.Dot<float>(y, ct), d);
                TensorPrimitives.Multiply(d, y, d);
            }
        }
        node.Inputs[0].Accumulate(dx, pool);
    }
}
