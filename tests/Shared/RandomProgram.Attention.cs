using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Tests.Shared;

// Attention over elements of the pool, with masks of any shape and heads in groups.
internal sealed partial class RandomProgram
{
    private Value[] Attends() => Attend(out _);

    private Value[] Attend(out Value[] operands)
    {
        var (batch, keyHeads, width) = (_random.Next(1, 3), _random.Next(1, 3), Pick([1, 2, 3, 8]));
        var (queries, keys, heads) = (Size(), Size(), keyHeads * _random.Next(1, 3));
        Shape ofKeys = new(batch, keys, keyHeads, width);
        operands = [Taken(_float[batch, queries, heads, width]), Taken(new(_float, ofKeys)), Taken(new(_float, ofKeys))];
        if (_random.Next(2) == 0)
        {
            int OrOne(int size) => _random.Next(2) == 0 ? size : 1;
            operands = [.. operands, Taken(Pick([_float, DType.Bool])[OrOne(batch), OrOne(heads), OrOne(queries), OrOne(keys)])];
        }
        var isCausal = _random.Next(2) == 0;
        if (_random.Next(3) > 0) return [.. _b.EmitAll(Attention.Instance, operands, Attention.Attributes(0.5, isCausal))];
        operands = [.. operands.Take(3), _b.Constant(new Literal(DType.I64.Scalar, _random.Next())), .. operands.Skip(3)];
        return [.. _b.EmitAll(Attention.Instance, operands, Attention.Attributes(0.5, isCausal, Pick([0.1, 0.5, 0.9]),
            (ulong)_random.NextInt64(), (uint)_random.Next()))];
    }

    private Value AttentionGradients()
    {
        var attention = Attend(out var operands);
        Value[] all = [.. operands.Take(3), attention[1], Taken(attention[1].Type), Taken(attention[0].Type), .. operands.Skip(3)];
        return Pick(_b.EmitAll(AttentionGradient.Instance, all, attention[0].Definition!.Attributes));
    }

    // Elements of the pool in some order: finite, since what is not seen may be multiplied by 0 or not, and small.
    private Value Taken(TensorType type)
    {
        var x = Any(v => v.DType == type.DType && v.Shape.ElementCount > 0)?.Reshape([-1]) ?? _b.Constant(new Literal(type.DType[2], 0, 1));
        Scalar[] indices = [.. Enumerable.Range(0, (int)type.Shape.ElementCount).Select(_ => (Scalar)_random.Next(x.Shape[0]))];
        var taken = x.Take(_b.Constant(new Literal(new TensorType(DType.I32, type.Shape), indices)));
        return type.DType.IsFloating ? taken.Equal(taken).Select(taken, taken.Constant(0)).Clip(-2, 2) : taken;
    }
}
