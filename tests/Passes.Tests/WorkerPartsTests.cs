using System.Globalization;
using System.Text.RegularExpressions;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using Xunit;

namespace GraphCompiler.Passes.Tests;

/// <summary>Which part of some weights each worker updates.</summary>
public sealed class WorkerPartsTests
{
    private static readonly TargetTraits s_target =
        new(VectorBytes: 64, VectorRegisters: 32, L1Bytes: 32 << 10, L2Bytes: 1 << 20, Workers: 2);

    // The update's kernel in a step of a layer, with the cotangent of its input or without: how many blocks of rows are shared out.
    private static long RowBlocks(int columns, bool withInputCotangent)
    {
        var builder = new FunctionBuilder("layer");
        var (w, x, dy) = (builder.Parameter("w", DType.F32[256, columns]), builder.Parameter("x", DType.F32[64, 256]),
            builder.Parameter("dy", DType.F32[64, columns]));
        List<Value> results = [w - builder.Emit(DotGeneral.Instance, [x, dy], new DotGeneral.Axes([], [], [0], [0]).Attributes)];
        if (withInputCotangent) results.Add(builder.Emit(DotGeneral.Instance, [dy, w], new DotGeneral.Axes([], [], [1], [1]).Attributes));
        var function = new Fuse().Run(builder.Build([.. results]), new PassContext());
        var program = LowerToLoops.Lower(function, [0, .. results.Skip(1).Select(_ => -1)], s_target);
        var updated = new Storage(StorageKind.External, 0);
        var kernel = program.Calls
            .Single(c => c.Kernel.Arguments.Zip(c.Arguments).Any(a => a.First.IsWritten && a.Second == updated)).Kernel;
        var schedule = kernel.Choice!.Ways[kernel.Choice.Taken];
        return long.Parse(Regex.Match($"{schedule}", "M (\\d+) x").Groups[1].Value, CultureInfo.InvariantCulture);
    }

    // Blocks are shared out in their order, as many to each of the two workers.
    private static void AssertByRows(long blocks) => Assert.True(blocks > 0 && blocks % s_target.Workers == 0, $"{blocks} blocks of rows");

    [Fact]
    public void Rows_where_the_input_s_cotangent_reads_rows() => AssertByRows(RowBlocks(512, withInputCotangent: true));

    [Fact]
    public void Columns_where_only_the_forward_matmul_reads_them() => Assert.Equal(1, RowBlocks(512, withInputCotangent: false));

    [Fact]
    public void Rows_where_a_part_of_a_row_is_short() => AssertByRows(RowBlocks(128, withInputCotangent: false));
}
