using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Gathers, scatters and blocks at computed indices, within the tensor and far outside of it, with repeated indices: compiled,
/// beside loops written here, with the same bits for any number of workers.</summary>
[Trait("Category", "Target")]
public sealed class IndexingTests
{
    private static readonly int[] s_shape = [3, 5, 9];

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void Parts_at_tuples_of_indices(int axes)
    {
        foreach (var type in (DType[])[F32, I64, BF16])
        {
            var b = new FunctionBuilder("parts");
            var (x, at) = (b.Parameter("x", type[s_shape]), b.Parameter("at", I32[7, 2, axes]));
            var updates = b.Parameter("updates", type[[7, 2, .. s_shape.Skip(axes)]]);
            var kinds = Enum.GetValues<ScatterKind>();
            var function = b.Build([x.GatherNd(at), .. kinds.Select(kind => x.ScatterNd(at, updates, kind))]);
            var random = new Random(axes);
            Literal[] arguments = [Draw(x.Type, random), new(at.Type, [.. Enumerable.Range(0, 14 * axes)
                .Select(i => i % 11 == 3 ? (Scalar)int.MinValue : i % 13 == 5 ? int.MaxValue : random.Next(-1, 4))]),
                Draw(updates.Type, random)];
            double[] elements = arguments[0].ToArray(), given = arguments[2].ToArray();
            var size = s_shape.Skip(axes).Aggregate(1, (a, c) => a * c);
            var gathered = new double[14 * size];
            double[][] scattered = [.. kinds.Select(_ => (double[])elements.Clone())];
            for (var n = 0; n < 14; n++)
            {
                var row = 0;
                for (var a = 0; a < axes; a++)
                    row = row * s_shape[a] + (int)Math.Clamp((double)arguments[1][n * axes + a], 0, s_shape[a] - 1);
                for (var i = 0; i < size; i++)
                {
                    gathered[n * size + i] = elements[row * size + i];
                    foreach (var (kind, to) in kinds.Zip(scattered)) Combine(kind, ref to[row * size + i], given[n * size + i]);
                }
            }
            Compare(function, arguments, [gathered, .. scattered]);
        }
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(2)]
    public void Elements_along_an_axis(int axis)
    {
        var b = new FunctionBuilder("along");
        int[] shape = [.. s_shape];
        shape[axis] = 4;
        var (x, at, updates) = (b.Parameter("x", F32[s_shape]), b.Parameter("at", I64[shape]), b.Parameter("updates", F32[shape]));
        var kinds = Enum.GetValues<ScatterKind>();
        var function = b.Build([.. kinds.Select(kind => x.ScatterAlongAxis(at, updates, axis, kind))]);
        var random = new Random(axis);
        Literal[] arguments = [Draw(x.Type, random), new(at.Type, [.. Enumerable.Range(0, (int)at.Shape.ElementCount)
            .Select(_ => (Scalar)random.Next(-1, 3))]), Draw(updates.Type, random)];
        double[][] expected = [.. kinds.Select(_ => arguments[0].ToArray())];
        var (from, to) = (at.Shape.Strides(), x.Shape.Strides());
        for (var n = 0; n < at.Shape.ElementCount; n++)
        {
            var position = 0L;
            for (var a = 0; a < 3; a++)
                position += (a == axis ? Math.Clamp((long)arguments[1][n], 0, s_shape[a] - 1) : n / from[a] % shape[a]) * to[a];
            foreach (var (kind, result) in kinds.Zip(expected)) Combine(kind, ref result[position], (double)arguments[2][n]);
        }
        Compare(function, arguments, expected);
    }

    [Theory]
    [InlineData(2, 3, 9), InlineData(1, 5, 9), InlineData(3, 2, 4), InlineData(3, 5, 2), InlineData(3, 5, 9), InlineData(1, 1, 1)]
    [InlineData(0, 5, 9)]
    public void Blocks(params int[] sizes)
    {
        var b = new FunctionBuilder("blocks");
        Value[] start = [.. Enumerable.Range(0, 3).Select(i => b.Parameter($"s{i}", i == 1 ? I64.Scalar : I32.Scalar))];
        var (x, update) = (b.Parameter("x", F32[s_shape]), b.Parameter("update", F32[sizes]));
        var function = b.Build(x.DynamicSlice(start, sizes), x.DynamicUpdateSlice(update, start));
        foreach (var at in (int[][])[[0, 0, 0], [1, 2, 3], [-5, 99, 1], [int.MaxValue, int.MinValue, 8]])
        {
            var random = new Random(3);
            Literal[] arguments = [.. start.Select((s, i) => new Literal(s.Type, (Scalar)at[i])), Draw(x.Type, random),
                Draw(update.Type, random)];
            double[] elements = arguments[3].ToArray(), given = arguments[4].ToArray(), replaced = arguments[3].ToArray();
            var block = new double[given.Length];
            for (var n = 0; n < block.Length; n++)
            {
                int[] index = [n / (sizes[1] * sizes[2]), n / sizes[2] % sizes[1], n % sizes[2]];
                var position = 0;
                for (var a = 0; a < 3; a++) position = position * s_shape[a] + Math.Clamp(at[a], 0, s_shape[a] - sizes[a]) + index[a];
                (block[n], replaced[position]) = (elements[position], given[n]);
            }
            Compare(function, arguments, [block, replaced]);
        }
    }

    private static void Combine(ScatterKind kind, ref double to, double update) => to = kind switch
    {
        ScatterKind.Add => to + update, ScatterKind.Set => update, ScatterKind.Max => Math.Max(to, update), _ => Math.Min(to, update),
    };

    // Small integers, of which every sum is exact.
    private static Literal Draw(TensorType type, Random random) =>
        new(type, [.. Enumerable.Range(0, (int)type.Shape.ElementCount).Select(_ => (Scalar)random.Next(-9, 10))]);

    private static void Compare(Function function, Literal[] arguments, double[][] expected)
    {
        foreach (var found in (Literal[][])[ReferenceInterpreter.Run(function, arguments), JitFunction.Run(function, arguments, 1),
            JitFunction.Run(function, arguments, 3)])
            Assert.Equal(expected, found.Select(r => r.ToArray()));
    }
}
