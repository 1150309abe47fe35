using System.Globalization;
using System.Runtime.InteropServices;
using GraphCompiler.Runtime;
using nietras.SeparatedValues;

namespace GraphCompiler.Training.Data;

/// <summary>Files of separated values with a header, read by Sep.</summary>
public static class Csv
{
    /// <summary>Examples of a file, one a line; each epoch reads it anew. Nothing is read before batches are asked for.</summary>
    /// <param name="path">The file. Values may stand in quotes.</param>
    /// <param name="columns">Which values a step is given: <c>c => c.Floats("x", ["width", "height"]).Classes("y", "kind", ["a",
    /// "b"])</c>.</param>
    /// <param name="separator">Between values; found from the header when null: ; , | or a tab.</param>
    /// <exception cref="RuntimeException">SGC5011: no columns, or two of one name. When the file is read: SGC6001: it is missing or
    /// unreadable; SGC6004: a header is not there, a line has another number of values, or a value is no number and no class; the message
    /// has the line.</exception>
    public static Examples Open(string path, Action<CsvColumns> columns, char? separator = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(columns);
        var declared = new CsvColumns();
        columns(declared);
        CsvColumns.Cells[] cells = [.. declared.All];
        var layout = new RowLayout([.. cells.Select(c => c.Column)]);
        return new($"'{Path.GetFileName(path)}'", layout.Columns, () => new LineReader(path, separator, layout, cells));
    }

    private sealed class LineReader : RowReader
    {
        private readonly string _path;
        private readonly RowLayout _layout;
        private readonly CsvColumns.Cells[] _cells;
        private readonly SepReader _reader;
        private readonly int[][] _indices;

        public LineReader(string path, char? separator, RowLayout layout, CsvColumns.Cells[] cells)
        {
            (_path, _layout, _cells) = (path, layout, cells);
            _reader = Attempt(() => new SepReaderOptions(separator is { } given ? new Sep(given) : null)
                { Unescape = true, CultureInfo = CultureInfo.InvariantCulture }.FromFile(path));
            try
            {
                _indices = [.. cells.Select(c => c.Headers.Select(IndexOf).ToArray())];
            }
            catch
            {
                _reader.Dispose();
                throw;
            }
        }

        public override bool Read(Span<byte> row)
        {
            if (!Attempt(_reader.MoveNext)) return false;
            var line = _reader.Current;
            for (var i = 0; i < _cells.Length; i++)
            {
                var cells = _cells[i];
                var to = _layout.Slice(row, i);
                for (var k = 0; k < cells.Headers.Length; k++)
                {
                    var text = line[_indices[i][k]].Span;
                    if (!cells.Write(text, to, k))
                        throw Bad($"line {line.LineNumberFrom}: '{cells.Headers[k]}' is '{text}', which is {cells.Expected}");
                }
            }
            return true;
        }

        public override void Dispose() => _reader.Dispose();

        private int IndexOf(string header) => _reader.Header.TryIndexOf(header, out var index) ? index
            : throw Bad($"has no '{header}' in its header; there are: {string.Join(", ", _reader.Header.ColNames)}");

        private RuntimeException Bad(string why, Exception? inner = null) =>
            new(RuntimeCode.InconsistentData, $"'{_path}' {why}", inner);

        private T Attempt<T>(Func<T> action)
        {
            try
            {
                return action();
            }
            catch (Exception error) when (error is InvalidDataException or ArgumentException or NotSupportedException)
            {
                throw Bad($"is not a table: {error.Message}", error);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new RuntimeException(RuntimeCode.FileMissing, $"'{_path}' cannot be read: {error.Message}", error);
            }
        }
    }
}

/// <summary>The columns of a file's examples, as they are declared.</summary>
public sealed class CsvColumns
{
    internal CsvColumns()
    {
    }

    internal delegate bool CellWriter(ReadOnlySpan<char> text, Span<byte> to, int index);

    /// <summary>A column, where it stands in the file, and how a value is written; false for one that is not as expected.</summary>
    internal sealed record Cells(Column Column, string[] Headers, string Expected, CellWriter Write);

    internal List<Cells> All { get; } = [];

    /// <summary>A column of f32.</summary>
    /// <param name="name">The name of the step's input that is given it.</param>
    /// <param name="headers">What stands above the values in the file, at least one.</param>
    /// <param name="missing">What an empty value stands for; an error when null.</param>
    /// <exception cref="RuntimeException">SGC5011: no name, or no headers.</exception>
    public CsvColumns Floats(string name, IEnumerable<string> headers, float? missing = null) =>
        Add<float>(name, headers, "no number", (text, to, index) =>
        {
            var value = missing ?? 0;
            if ((missing is null || !text.IsWhiteSpace()) && !float.TryParse(text, CultureInfo.InvariantCulture, out value)) return false;
            to[index] = value;
            return true;
        });

    /// <summary>A column of i32.</summary>
    /// <inheritdoc cref="Floats"/>
    public CsvColumns Integers(string name, IEnumerable<string> headers) =>
        Add<int>(name, headers, "no whole number of 32 bits",
            (text, to, index) => int.TryParse(text, CultureInfo.InvariantCulture, out to[index]));

    /// <summary>A column of i32: the place of a text among those that there are.</summary>
    /// <param name="name">The name of the step's input that is given it.</param>
    /// <param name="header">What stands above the values in the file.</param>
    /// <param name="classes">The texts, in the order of their numbers.</param>
    /// <exception cref="RuntimeException">SGC5011: no name.</exception>
    public CsvColumns Classes(string name, string header, IEnumerable<string> classes)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(classes);
        string[] all = [.. classes];
        return Add<int>(name, [header], $"none of {string.Join(", ", all)}", (text, to, index) =>
        {
            for (to[index] = 0; to[index] < all.Length; to[index]++)
                if (text.SequenceEqual(all[to[index]])) return true;
            return false;
        });
    }

    private delegate bool ElementWriter<T>(ReadOnlySpan<char> text, Span<T> to, int index);

    private CsvColumns Add<T>(string name, IEnumerable<string> headers, string expected, ElementWriter<T> write) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(headers);
        string[] all = [.. headers];
        All.Add(new(Column.Of<T>(name, all.Length), all, expected,
            (text, to, index) => write(text, MemoryMarshal.Cast<byte, T>(to), index)));
        return this;
    }
}
