using GraphCompiler.IR.Ops;
using Xunit;

namespace GraphCompiler.IR.Tests;

/// <summary>An op's batching rule is the op at every index of the new axis, whichever operands have it.</summary>
public sealed class BatchTests
{
    private const int Size = 3;

    public static TheoryData<string> Names =>
        [.. OpRegistry.All.Where(o => o is not (Constant or Iota or Fusion)).Select(o => o.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Batched_is_the_op_at_every_index(string name)
    {
        var operation = OpSamples.Of(OpRegistry.Find(name)!).Operations[^1];
        for (var mask = 1; mask < 1 << operation.Operands.Length; mask++)
            Check(operation, [.. operation.Operands.Select((_, i) => (mask >> i & 1) == 1)]);
    }

    [Fact]
    public void Rules_that_batch_free_axes_of_a_contraction_keep_them_in_order()
    {
        var b = new FunctionBuilder("dot");
        var (x, y) = (b.Parameter("x", DType.F32[2, 4]), b.Parameter("y", DType.F32[5, 4, 2]));
        var plain = b.Emit(DotGeneral.Instance, [x, y], new DotGeneral.Axes([], [], [1], [1]).Attributes);
        foreach (var batched in (bool[][])[[true, false], [false, true], [true, true]]) Check(plain.Definition!, batched);
    }

    private static void Check(Operation operation, bool[] isBatched)
    {
        var builder = new FunctionBuilder("batched");
        Value[] x = [.. operation.Operands.Select((o, i) =>
            builder.Parameter($"x{i}", isBatched[i] ? o.Type.With(new Shape([Size, .. o.Shape])) : o.Type))];
        var arguments = x.Select((p, i) => Random(p.Type, i)).ToArray();
        var batched = ReferenceInterpreter.Run(builder.Build(operation.Op.Batch(operation, new(Size, x, isBatched))), arguments)[0];
        Assert.Equal(new Shape([Size, .. operation.Result.Shape]), batched.Type.Shape);
        for (var at = 0; at < Size; at++)
        {
            var expected = operation.Op.Evaluate(operation,
                arguments.Select((a, i) => isBatched[i] ? Part(a, operation.Operands[i].Type, at) : a).ToArray())[0];
            Assert.Equal(expected.Values, Part(batched, operation.Result.Type, at).Values);
        }
    }

    private static Literal Part(Literal batched, TensorType type, int at)
    {
        var count = (int)type.Shape.ElementCount;
        return Literal.Rounded(type, [.. Enumerable.Range(at * count, count).Select(i => batched[i])]);
    }

    // Indices from below the first row to beyond the last.
    private static Literal Random(TensorType type, int seed)
    {
        var random = new Random(seed);
        return new Literal(type, [.. Enumerable.Range(0, (int)type.Shape.ElementCount).Select(_ =>
            type.DType == DType.Bool ? random.Next(2) : type.DType.IsFloating ? random.Next(-8, 8) / 4.0 : random.Next(0, 4))]);
    }
}
