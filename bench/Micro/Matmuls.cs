using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tape;

namespace GraphCompiler.Bench.Micro;

/// <summary>Matmuls: squares, and the forward, dX and dW matmuls of the suite's layers.</summary>
internal static class Matmuls
{
    public static IEnumerable<MicroCase> All { get; } =
    [
        .. new[] { 64, 128, 256, 512, 1024, 2048 }.Select(n => Forward($"matmul {n}x{n}x{n}", n, n, n)),
        .. new[] { 64, 128, 256, 512, 1024 }
            .Select(n => Forward($"matmul f64 {n}x{n}x{n}", n, n, n) with { DType = DType.F64, Tensors = null }),
        .. Layer("mnist_b64 layer 1", 64, 784, 128),
        .. Layer("mnist_b128_512 layer 1", 128, 784, 512),
        .. Layer("mnist_b128_512 layer 2", 128, 512, 512),
        .. Layer("wide layer 2", 256, 2048, 2048),
        .. Layer("deep layer", 32, 64, 64),
    ];

    private static IEnumerable<MicroCase> Layer(string name, int batch, int inputs, int outputs) =>
    [
        Forward($"{name} forward {batch}x{inputs}x{outputs}", batch, inputs, outputs),
        // dX = dY·Wᵀ and dW = Xᵀ·dY
        Contract($"{name} dX {batch}x{outputs}x{inputs}", new(batch, outputs), new(inputs, outputs), contractX: 1, contractY: 1),
        Contract($"{name} dW {inputs}x{batch}x{outputs}", new(batch, inputs), new(batch, outputs), contractX: 0, contractY: 0),
    ];

    private static MicroCase Forward(string name, int m, int k, int n) =>
        Contract(name, new(m, k), new(k, n), contractX: 1, contractY: 0);

    private static MicroCase Contract(string name, Shape x, Shape y, int contractX, int contractY)
    {
        var result = new Shape(x[1 - contractX], y[1 - contractY]);
        var axes = new DotGeneral.Axes([], [], [contractX], [contractY]).Attributes;
        MatrixView View(float[] data, Shape shape, bool isTransposed)
        {
            var view = new MatrixView(data, shape[0], shape[1], shape[1], 1);
            return isTransposed ? view.Transposed : view;
        }
        return new(name, [x, y], [result],
            (builder, o) => [builder.Emit(DotGeneral.Instance, o, axes)],
            (o, r) => MatrixMultiply.Run(View(o[0], x, contractX == 0), View(o[1], y, contractY == 1), r[0]),
            // A transposed view, which libtorch's matmul reads as it is, costs nothing but the call.
            o => [(contractX == 0 ? o[0].t() : o[0]).mm(contractY == 1 ? o[1].t() : o[1])])
        {
            Flops = 2.0 * result.ElementCount * x[contractX],
        };
    }
}
