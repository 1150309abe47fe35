using System.Collections.Immutable;

namespace GraphCompiler.Training.Data;

/// <summary>Reads examples one after another.</summary>
internal abstract class RowReader : IDisposable
{
    /// <summary>The next example, as <see cref="RowLayout"/> says; false after the last.</summary>
    public abstract bool Read(Span<byte> row);

    public abstract void Dispose();
}

/// <summary>Where the columns of an example are in its bytes: each at a multiple of 8.</summary>
internal sealed class RowLayout
{
    private const int Alignment = 8;

    private readonly int[] _offsets;

    public RowLayout(ImmutableArray<Column> columns)
    {
        Columns = columns;
        _offsets = new int[columns.Length];
        for (var i = 0; i < columns.Length; i++)
        {
            _offsets[i] = Bytes;
            Bytes = checked(Bytes + (columns[i].RowBytes + Alignment - 1) / Alignment * Alignment);
        }
    }

    public ImmutableArray<Column> Columns { get; }

    /// <summary>Of an example.</summary>
    public int Bytes { get; }

    public Span<byte> Slice(Span<byte> row, int column) => row.Slice(_offsets[column], Columns[column].RowBytes);
}
