using System.Numerics.Tensors;

namespace GraphCompiler.Tape;

internal delegate void UnaryForward(ReadOnlySpan<float> x, Span<float> y);
internal delegate void UnaryBackward(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> ct, Span<float> dx);
internal delegate void BinaryForward(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y);
internal delegate void BinaryBackward(int wrt, ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> y, ReadOnlySpan<float> ct,
    Span<float> dx);

/// <summary>An elementwise op of one operand.</summary>
internal sealed class Unary(UnaryForward forward, UnaryBackward backward) : EagerKernel
{
    public override void Forward(Node node, BufferPool pool)
    {
        node.Data = pool.Rent(node.Inputs[0].Data.Length);
        forward(node.Inputs[0].Data, node.Data);
    }

    public override void Backward(Node node, BufferPool pool)
    {
        if (!node.Inputs[0].RequiresGradient) return;
        var dx = pool.Rent(node.Data.Length);
        backward(node.Inputs[0].Data, node.Data, node.Gradient, dx);
        node.Inputs[0].Accumulate(dx, pool);
    }
}

/// <summary>An elementwise op of two operands of one shape.</summary>
internal sealed class Binary(BinaryForward forward, BinaryBackward backward) : EagerKernel
{
    public override void Forward(Node node, BufferPool pool)
    {
        node.Data = pool.Rent(node.Inputs[0].Data.Length);
        forward(node.Inputs[0].Data, node.Inputs[1].Data, node.Data);
    }

    public override void Backward(Node node, BufferPool pool)
    {
        for (var i = 0; i < 2; i++)
        {
            if (!node.Inputs[i].RequiresGradient) continue;
            var dx = pool.Rent(node.Data.Length);
            backward(i, node.Inputs[0].Data, node.Inputs[1].Data, node.Data, node.Gradient, dx);
            node.Inputs[i].Accumulate(dx, pool);
        }
    }
}

/// <summary>The sum or difference: the gradient passes through, and no buffer is filled for it where it keeps its sign.</summary>
internal sealed class Linear(BinaryForward forward, bool negatesSecond) : EagerKernel
{
    public override void Forward(Node node, BufferPool pool)
    {
        node.Data = pool.Rent(node.Inputs[0].Data.Length);
        forward(node.Inputs[0].Data, node.Inputs[1].Data, node.Data);
    }

    public override void Backward(Node node, BufferPool pool)
    {
        if (node.Inputs[0].RequiresGradient) node.Inputs[0].Accumulate(node.Gradient!, pool);
        if (!node.Inputs[1].RequiresGradient) return;
        var second = node.Gradient!;
        if (negatesSecond)
        {
            second = pool.Rent(node.Data.Length);
            TensorPrimitives.Negate(node.Gradient, second);
        }
        node.Inputs[1].Accumulate(second, pool);
    }
}
