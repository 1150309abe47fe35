using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using Xunit;
using static GraphCompiler.Backend.Llvm.Tests.SizeSweep;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Kernels that move elements, or compute each by itself, at every size of <see cref="SizeSweep"/>.</summary>
[Trait("Category", "Target")]
public sealed class SizeSweepTests
{
    [Fact]
    public void Pads() => Sweep([F32, F64], (b, dtype, n) =>
    {
        var (x, y) = (b.Parameter("x", dtype[Other(n, 1), n]), b.Parameter("y", dtype[2, 3, n]));
        var (low, high) = (n * 7 % 11, n * 5 % 9);
        return
        [
            x.Pad([1, 2], [0, 2], 3), x.Pad([0, low], [2, high], -1), x.Pad([low, 0], [0, high]), x.Pad([0, 0], [0, 1]),
            x.Pad([1, low], [high, 0], 0.5, [0, 1 + n % 3]),
            y.Pad([1, 0, low], [0, 1, 0], 2), y.Pad([0, 1, 0], [2, 0, high], 0.25, [1, 0, 0]), x.Reshape([-1]).Pad([low], [high], 2),
        ];
    });

    [Fact]
    public void PadsOfNarrowTypes() => Sweep([BF16, F16, I32, I8, I64], (b, dtype, n) =>
    {
        var x = b.Parameter("x", dtype[3, n]);
        return [x.Pad([1, n % 5], [0, n % 7], 3), x.Pad([0, 0], [0, 1 + n % 33]),
            x.Concat([x.Slice([0, 0], [3, (n + 1) / 2])], 1), x.Transpose()];
    });

    [Fact]
    public void GradientsOfSlices() => Sweep([F32, F64], (b, dtype, n) =>
    {
        var rows = Other(n, 1);
        var (w, v) = (b.Parameter("w", dtype[rows + 2, n + 4]), b.Parameter("v", dtype[2 * n + 1]));
        var start = n % 5;
        var slice = w.Slice([1, start], [1 + rows, start + n]);
        var x = b.Parameter("x", slice.Type);
        var strided = v.Slice([n % 2], [2 * n + n % 2], [2]);
        var loss = (slice * x).Sum() + (strided * strided).Mean() + (w.Transpose().Slice([0, 0], [n, 1]) * 3).Sum();
        return [loss, .. Adjoint.AppendDense(b, loss, [w, v]).Zip([w, v], (g, p) => p - 0.1 * g)];
    });

    [Fact]
    public void Slices() => Sweep([F32, F64, I32], (b, dtype, n) =>
    {
        var (x, y) = (b.Parameter("x", dtype[Other(n, 2) + 2, n + 3]), b.Parameter("y", dtype[2, 2 * n + 1, 3]));
        return
        [
            x.Slice([2, 0], [.. x.Shape]), x.Slice([0, 3], [.. x.Shape]), x.Slice([1, 1], [2, n + 1]),
            x.Slice([0, 0], [.. x.Shape], [2, 3]),
            x.Slice([0, n + 2], [.. x.Shape]), y.Slice([1, 1, 0], [2, 2 * n + 1, 3], [1, 2, 2]), y.Slice([0, n, 1], [2, 2 * n, 2]),
        ];
    });

    [Fact]
    public void Joins() => Sweep([F32, F64], (b, dtype, n) =>
    {
        var (x, y) = (b.Parameter("x", dtype[Other(n, 1), n]), b.Parameter("y", dtype[Other(n, 1), Other(n, 2)]));
        var z = b.Parameter("z", dtype[n]);
        return [x.Concat([y], 1), y.Concat([x, y * 2, x], 1), x.Concat([x.Exp(), x], 0),
            z.Concat([z, z.Slice([0], [1])]), x.Concat([y], 1).Transpose()];
    });

    [Fact]
    public void IndexMaps() => Sweep([F32, F64], (b, dtype, n) =>
    {
        var (x, y, z) = (b.Parameter("x", dtype[Other(n, 1), n]), b.Parameter("y", dtype[7, 2, n]), b.Parameter("z", dtype[n]));
        var (rows, indices) = (b.Parameter("rows", dtype[x.Shape[0], 1]), b.Parameter("indices", I32[Other(n, 4)]));
        var columns = b.Emit(Iota.Instance, [], Iota.Attributes(dtype[3, n], 1));
        return
        [
            x.Transpose().Exp(), x * rows + z, y.Transpose([2, 0, 1]) * 2, y.Transpose([1, 0, 2]) + z,
            y.Reshape([14, n]).Tanh(), y.Reshape([-1, 7]) * 3,
            y.Take(indices), z.Take(indices), x.Take(indices).Exp(), columns * z, z.Reshape([n, 1]) * columns.Transpose(),
        ];
    });

    [Fact]
    public void Scatters() => Sweep([F32, F64], (b, dtype, n) =>
    {
        var (rows, count) = (Other(n, 1), Other(n, 4));
        var (x, flat) = (b.Parameter("x", dtype[rows, n]), b.Parameter("flat", dtype[n]));
        var (indices, updates) = (b.Parameter("indices", I32[count]), b.Parameter("updates", dtype[count, n]));
        return
        [
            x.Emit(ScatterAdd.Instance, default, AttributeMap.Empty, indices, updates),
            flat.Emit(ScatterAdd.Instance, default, AttributeMap.Empty, indices, updates.Slice([0, 0], [count, 1]).Reshape([count])),
        ];
    });

    [Fact]
    public void Elements() => Sweep([F32, F64], (b, dtype, n) =>
    {
        var (x, y, i) = (b.Parameter("x", dtype[n]), b.Parameter("y", dtype[n]), b.Parameter("i", I32[n]));
        return [x.Exp() + y, x.Less(y), x.Less(y).Select(x, y * 2), i.ConvertTo(dtype) * x,
            i.ConvertTo(I64), i.ConvertTo(U8), x.Less(y).ConvertTo(I32) * i, (x * 8).ConvertTo(I8)];
    }, byTurns: [BF16, F16]);
}
