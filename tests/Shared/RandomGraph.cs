using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;

namespace GraphCompiler.Tests.Shared;

/// <summary>Well-typed random functions over small awkward shapes: a seed decides everything.</summary>
internal static class RandomGraph
{
    private static readonly int[] s_sizes = [1, 2, 3, 7, 17, 33];

    public static Function Create(int seed, DType dtype)
    {
        var random = new Random(seed);
        var b = new FunctionBuilder($"random{seed}");
        var (rows, columns) = (Pick(random, s_sizes), Pick(random, s_sizes));
        List<Value> pool =
        [
            b.Parameter("a", dtype[rows, columns]), b.Parameter("b", dtype[rows, columns]),
            b.Parameter("c", dtype[columns]), b.Parameter("d", dtype[columns, rows]),
        ];
        var indices = b.Parameter("e", DType.I32[rows]);
        var (count, isSmooth) = (random.Next(4, 16), true);
        for (var i = 0; i < count; i++)
        {
            var kind = random.Next(24);
            isSmooth &= kind is not (3 or 4 or 7 or 9);
            pool.Add(Next(kind, random, pool, indices));
        }
        List<Value> results = [.. pool.Skip(4).OrderBy(_ => random.Next()).Take(3)];
        // At a kink, rounding decides which branch's derivative counts.
        if (isSmooth) results.AddRange(Adjoint.AppendDense(b, (results[0] * results[0]).Mean(), [pool[0], pool[2]]));
        return b.Build([.. results]);
    }

    private static T Pick<T>(Random random, IReadOnlyList<T> items) => items[random.Next(items.Count)];

    // Every op keeps values of moderate size, so that a tolerance says something about the code and not about overflow.
    private static Value Next(int kind, Random random, List<Value> pool, Value indices)
    {
        var x = Pick(random, pool);
        var same = pool.Where(v => v.Shape == x.Shape).ToArray();
        var y = Pick(random, same);
        return kind switch
        {
            0 => x + y,
            1 => x - y,
            2 => x.Tanh() * y.Tanh(),
            3 => x.Maximum(y),
            4 => x.Less(y).Select(x, y),
            5 => x.Tanh(),
            6 => x.Sigmoid(),
            7 => x.Clip(-1, 1).Exp(),
            8 when x.Rank > 0 => x.Mean([random.Next(x.Rank)]),
            9 when x.Rank > 0 => x - x.Max([random.Next(x.Rank)], keepAxes: true),
            10 when x.Rank == 2 => x.Transpose(),
            11 when x.Rank == 2 => pool.Where(v => v.Rank == 2 && v.Shape[0] == x.Shape[1]).ToArray() is { Length: > 0 } right
                ? x.Tanh().MatMul(Pick(random, right).Tanh()) * (1.0 / x.Shape[1]) : -x,
            12 when x.Rank > 0 => x.Softmax(random.Next(x.Rank)),
            13 when x.Rank > 0 => x.Concat([y], random.Next(x.Rank)).Slice(new int[x.Rank], [.. x.Shape]),
            14 when x.Rank > 0 => x.Pad([.. x.Shape.Select(_ => 1)], [.. x.Shape.Select(_ => 0)], 0.5),
            15 => x.Reshape([-1]),
            16 when x.Rank == 2 => x + x.Mean([0]),
            17 when x.Rank > 0 => x.LogSoftmax().Sigmoid(),
            18 when x.Rank is 1 or 2 => x.Take(indices),
            19 => (x * x + 0.5).Sqrt() - (y * y + 0.5).Rsqrt(),
            20 => (x * x + 0.5).Log() + y.Sin(),
            21 when x.Rank > 0 && x.Shape[0] == indices.Shape[0] => indices.Less(indices * indices - 3).ConvertTo(x.DType)
                .Reshape([x.Shape[0], .. x.Shape.Skip(1).Select(_ => 1)]) * x + y,
            22 when x.Rank > 0 => x + (indices * indices - 2).ConvertTo(x.DType).Mean() * 0.01,
            23 when x.Rank == 2 => BatchedMatmul(x, y),
            _ => -x,
        };
    }

    // Every row of x against the same row of y.
    private static Value BatchedMatmul(Value x, Value y) =>
        x.Reshape([x.Shape[0], 1, x.Shape[1]]).Tanh()
            .MatMul(y.Reshape([y.Shape[0], y.Shape[1], 1]).Tanh()).Reshape([x.Shape[0], 1]) * (1.0 / x.Shape[1]);
}
