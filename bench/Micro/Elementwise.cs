using System.Numerics.Tensors;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using TorchSharp;
using T = System.Numerics.Tensors.TensorPrimitives;

namespace GraphCompiler.Bench.Micro;

/// <summary>Functions and reductions over 2²⁰ elements.</summary>
internal static class Elementwise
{
    private static readonly Shape s_matrix = new(1024, 1024);

    public static IEnumerable<MicroCase> All { get; } =
    [
        Function("exp 1M", x => x.Exp(), (x, y) => T.Exp(x, y), x => x.exp()),
        Function("tanh 1M", x => x.Tanh(), (x, y) => T.Tanh(x, y), x => x.tanh()),
        Function("gelu 1M", x => x.Gelu(), TanhGelu, x => torch.nn.functional.gelu(x)),
        Function("erf 1M", x => x.Erf(), null, x => x.erf()),
        Function("log 1M", x => x.Log(), (x, y) => T.Log(x, y), x => x.log()) with { IsPositive = true },
        Function("sin 1M", x => x.Sin(), (x, y) => T.Sin(x, y), x => x.sin()),
        Function("cos 1M", x => x.Cos(), (x, y) => T.Cos(x, y), x => x.cos()),
        Function("copy 1M", x => x + 0, (x, y) => x.CopyTo(y), x => x.clone()),
        new("sum 1M", [s_matrix], [Shape.Scalar], (_, o) => [o[0].Sum()], (o, r) => r[0][0] = T.Sum<float>(o[0]), o => [o[0].sum()]),
        new("row sums 1024x1024", [s_matrix], [new(1024)], (_, o) => [o[0].Sum([1])], RowSums, o => [o[0].sum(dim: 1L)]),
        new("column sums 1024x1024", [s_matrix], [new(1024)], (_, o) => [o[0].Sum([0])], ColumnSums, o => [o[0].sum(dim: 0L)]),
    ];

    private static MicroCase Function(string name, Func<Value, Value> compiled, Action<float[], float[]>? tensors,
        Func<torch.Tensor, torch.Tensor> torch) =>
        new(name, [s_matrix], [s_matrix], (_, o) => [compiled(o[0])], tensors is null ? null : (o, r) => tensors(o[0], r[0]),
            o => [torch(o[0])]);

    // TensorPrimitives has no erf: x/2·(1 + tanh(√(2/π)(x + 0.044715x³))), which differs by less than 1e-3.
    private static void TanhGelu(float[] x, float[] y)
    {
        T.Multiply(x, x, y);
        T.Multiply(y, 0.044715f, y);
        T.Add(y, 1, y);
        T.Multiply(y, x, y);
        T.Multiply(y, MathF.Sqrt(2 / MathF.PI), y);
        T.Tanh<float>(y, y);
        T.Add(y, 1, y);
        T.Multiply(y, x, y);
        T.Multiply(y, 0.5f, y);
    }

    private static void RowSums(float[][] operands, float[][] results)
    {
        for (var i = 0; i < s_matrix[0]; i++) results[0][i] = T.Sum<float>(operands[0].AsSpan(i * s_matrix[1], s_matrix[1]));
    }

    private static void ColumnSums(float[][] operands, float[][] results)
    {
        Array.Clear(results[0]);
        for (var i = 0; i < s_matrix[0]; i++) T.Add(results[0], operands[0].AsSpan(i * s_matrix[1], s_matrix[1]), results[0]);
    }
}
