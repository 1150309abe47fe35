using System.Numerics;
using System.Numerics.Tensors;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Tape;

/// <summary>Elementwise comparison; results are 1 and 0.</summary>
internal sealed class Comparison : EagerKernel
{
    public override void Forward(Node node, BufferPool pool)
    {
        node.Data = pool.Rent(node.Inputs[0].Data.Length);
        var word = ((IR.Attribute.Word)node.Operation!.Attributes["direction"]!).Text;
        Fill(Enum.Parse<CompareKind>(word, ignoreCase: true), node.Inputs[0].Data, node.Inputs[1].Data, node.Data);
    }

    public override void Backward(Node node, BufferPool pool) { }

    private static void Fill(CompareKind kind, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y)
    {
        var width = Vector<float>.Count;
        var i = 0;
        for (; i <= y.Length - width; i += width)
        {
            var mask = Mask(kind, new Vector<float>(a[i..]), new Vector<float>(b[i..]));
            Vector.ConditionalSelect(mask, Vector<float>.One, Vector<float>.Zero).CopyTo(y[i..]);
        }
        for (; i < y.Length; i++) y[i] = -Mask(kind, new Vector<float>(a[i]), new Vector<float>(b[i]))[0];
    }

    private static Vector<int> Mask(CompareKind kind, Vector<float> a, Vector<float> b) => kind switch
    {
        CompareKind.Eq => Vector.Equals(a, b),
        CompareKind.Ne => ~Vector.Equals(a, b),
        CompareKind.Lt => Vector.LessThan(a, b),
        CompareKind.Le => Vector.LessThanOrEqual(a, b),
        CompareKind.Gt => Vector.GreaterThan(a, b),
        _ => Vector.GreaterThanOrEqual(a, b),
    };
}

/// <summary>Both or either of two truth values, which are 1 and 0.</summary>
internal sealed class Logical(Logical.Combination combine) : EagerKernel
{
    public delegate void Combination(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> result);

    public override void Forward(Node node, BufferPool pool)
    {
        node.Data = pool.Rent(node.Inputs[0].Data.Length);
        combine(node.Inputs[0].Data, node.Inputs[1].Data, node.Data);
    }

    public override void Backward(Node node, BufferPool pool) { }
}

/// <summary>Elementwise choice by a truth value.</summary>
internal sealed class Selection : EagerKernel
{
    public override void Forward(Node node, BufferPool pool)
    {
        node.Data = pool.Rent(node.Inputs[0].Data.Length);
        Choose(node.Inputs[0].Data, node.Inputs[1].Data, node.Inputs[2].Data, node.Data);
    }

    public override void Backward(Node node, BufferPool pool)
    {
        for (var i = 1; i <= 2; i++)
        {
            if (!node.Inputs[i].RequiresGradient) continue;
            var dx = pool.Rent(node.Data.Length);
            if (i == 1) Choose(node.Inputs[0].Data, node.Gradient, [], dx);
            else Choose(node.Inputs[0].Data, [], node.Gradient, dx);
            node.Inputs[i].Accumulate(dx, pool);
        }
    }

    // An empty span means zeros.
    private static void Choose(ReadOnlySpan<float> predicate, ReadOnlySpan<float> onTrue, ReadOnlySpan<float> onFalse, Span<float> y)
    {
        var width = Vector<float>.Count;
        var i = 0;
        for (; i <= y.Length - width; i += width)
        {
            var a = onTrue.IsEmpty ? Vector<float>.Zero : new Vector<float>(onTrue[i..]);
            var b = onFalse.IsEmpty ? Vector<float>.Zero : new Vector<float>(onFalse[i..]);
            var isFalse = Vector.Equals(new Vector<float>(predicate[i..]), Vector<float>.Zero);
            Vector.ConditionalSelect(isFalse, b, a).CopyTo(y[i..]);
        }
        for (; i < y.Length; i++)
            y[i] = predicate[i] != 0 ? (onTrue.IsEmpty ? 0 : onTrue[i]) : onFalse.IsEmpty ? 0 : onFalse[i];
    }
}
