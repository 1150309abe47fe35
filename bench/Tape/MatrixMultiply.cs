using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace GraphCompiler.Tape;

/// <summary>A matrix in a buffer, row-major or, with the strides swapped, transposed.</summary>
internal readonly record struct MatrixView(float[] Data, int Rows, int Columns, int RowStride, int ColumnStride)
{
    public MatrixView Transposed => new(Data, Columns, Rows, ColumnStride, RowStride);
}

/// <summary>C = A·B: B is packed into panels that stay in the first-level cache, and 4×32 elements of C are kept in registers.</summary>
internal static class MatrixMultiply
{
    private const int PanelColumns = 32;
    private const int TileRows = 4;
    private const int BlockK = 256; // A panel of 256×32 floats is 32 KiB, the first-level cache of common processors.
    private const long ParallelMultiplyAdds = 2_000_000; // Below this, waking a thread costs more than it saves.

    [ThreadStatic] private static float[]? s_panel;

    /// <summary>Fills <paramref name="c"/> [a.Rows, b.Columns], row-major.</summary>
    public static void Run(MatrixView a, MatrixView b, float[] c)
    {
        var panels = (b.Columns + PanelColumns - 1) / PanelColumns;
        if (a.Columns == 0) Array.Clear(c);
        else if (panels > 1 && (long)a.Rows * b.Columns * a.Columns > ParallelMultiplyAdds) Parallel.For(0, panels, p => Panel(a, b, c, p));
        else for (var p = 0; p < panels; p++) Panel(a, b, c, p);
    }

    private static void Panel(MatrixView a, MatrixView b, float[] c, int panel)
    {
        var packed = s_panel ??= new float[BlockK * PanelColumns];
        var column = panel * PanelColumns;
        var columns = Math.Min(PanelColumns, b.Columns - column);
        for (var start = 0; start < a.Columns; start += BlockK)
        {
            var kc = Math.Min(BlockK, a.Columns - start);
            Pack(b, start, kc, column, columns, packed);
            var row = 0;
            for (; row + TileRows <= a.Rows; row += TileRows)
                Tile(a, row, start, kc, packed, c.AsSpan(row * b.Columns + column), b.Columns, columns, start > 0);
            for (; row < a.Rows; row++)
                Row(a, row, start, kc, packed, c.AsSpan(row * b.Columns + column), columns, start > 0);
        }
    }

    private static void Pack(MatrixView b, int start, int kc, int column, int columns, float[] packed)
    {
        for (var k = 0; k < kc; k++)
        {
            var target = packed.AsSpan(k * PanelColumns, PanelColumns);
            var source = (start + k) * b.RowStride + column * b.ColumnStride;
            if (b.ColumnStride == 1) b.Data.AsSpan(source, columns).CopyTo(target);
            else for (var j = 0; j < columns; j++) target[j] = b.Data[source + j * b.ColumnStride];
            target[columns..].Clear();
        }
    }

    private static void Tile(MatrixView a, int row, int start, int kc, float[] packed, Span<float> c, int stride, int columns, bool adds)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default;
        Vector512<float> c20 = default, c21 = default, c30 = default, c31 = default;
        ref var x = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(a.Data), row * a.RowStride + start * a.ColumnStride);
        ref var y = ref MemoryMarshal.GetArrayDataReference(packed);
        for (var k = 0; k < kc; k++)
        {
            var (y0, y1) = (Vector512.LoadUnsafe(ref y), Vector512.LoadUnsafe(ref y, 16));
            var x0 = Vector512.Create(x);
            c00 = Vector512.FusedMultiplyAdd(x0, y0, c00);
            c01 = Vector512.FusedMultiplyAdd(x0, y1, c01);
            var x1 = Vector512.Create(Unsafe.Add(ref x, a.RowStride));
            c10 = Vector512.FusedMultiplyAdd(x1, y0, c10);
            c11 = Vector512.FusedMultiplyAdd(x1, y1, c11);
            var x2 = Vector512.Create(Unsafe.Add(ref x, 2 * a.RowStride));
            c20 = Vector512.FusedMultiplyAdd(x2, y0, c20);
            c21 = Vector512.FusedMultiplyAdd(x2, y1, c21);
            var x3 = Vector512.Create(Unsafe.Add(ref x, 3 * a.RowStride));
            c30 = Vector512.FusedMultiplyAdd(x3, y0, c30);
            c31 = Vector512.FusedMultiplyAdd(x3, y1, c31);
            if (k + 1 == kc) break;
            x = ref Unsafe.Add(ref x, a.ColumnStride);
            y = ref Unsafe.Add(ref y, PanelColumns);
        }
        Store(c00, c01, c, columns, adds);
        Store(c10, c11, c[stride..], columns, adds);
        Store(c20, c21, c[(2 * stride)..], columns, adds);
        Store(c30, c31, c[(3 * stride)..], columns, adds);
    }

    private static void Row(MatrixView a, int row, int start, int kc, float[] packed, Span<float> c, int columns, bool adds)
    {
        Vector512<float> c0 = default, c1 = default;
        for (var k = 0; k < kc; k++)
        {
            var x = Vector512.Create(a.Data[row * a.RowStride + (start + k) * a.ColumnStride]);
            c0 = Vector512.FusedMultiplyAdd(x, Vector512.Create<float>(packed.AsSpan(k * PanelColumns, 16)), c0);
            c1 = Vector512.FusedMultiplyAdd(x, Vector512.Create<float>(packed.AsSpan(k * PanelColumns + 16, 16)), c1);
        }
        Store(c0, c1, c, columns, adds);
    }

    private static void Store(Vector512<float> low, Vector512<float> high, Span<float> c, int columns, bool adds)
    {
        if (columns == PanelColumns)
        {
            if (adds) (low, high) = (low + Vector512.Create<float>(c[..16]), high + Vector512.Create<float>(c[16..32]));
            low.CopyTo(c);
            high.CopyTo(c[16..]);
            return;
        }
        Span<float> row = stackalloc float[PanelColumns];
        low.CopyTo(row);
        high.CopyTo(row[16..]);
        for (var j = 0; j < columns; j++) c[j] = adds ? c[j] + row[j] : row[j];
    }
}
