using System.IO.MemoryMappedFiles;
using GraphCompiler.Runtime;

namespace GraphCompiler.Training.Data;

// Arrays that are larger than memory: the system reads the pages of a mapped file that are asked for, and drops them.
public static partial class NpyFile
{
    /// <summary>Examples of files that are mapped into memory, a column each; the first axis counts the examples.</summary>
    /// <param name="columns">The names of the step's inputs, and the files. Their elements are f2, f4, f8, i1, i4, i8, u1, u4 or b1 of
    /// NumPy's. No file may become shorter while it is read.</param>
    /// <remarks>Headers are read at once, elements when batches are asked for.</remarks>
    /// <exception cref="RuntimeException">SGC5003: elements that no tensor has. SGC5011: no columns, two of one name, or one without
    /// elements. SGC6001: missing or unreadable. SGC6002, SGC6003: as of <see cref="Read{T}(string)"/>. SGC6004: a scalar, other numbers of
    /// examples, bytes after the elements, or a file that has changed since.</exception>
    public static Examples Open(params IReadOnlyList<(string Name, string Path)> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        MappedColumn[] all = [.. columns.Select(c => MappedColumn.Of(c.Name, c.Path))];
        if (all.FirstOrDefault(c => c.Count != all[0].Count) is { } other)
            throw new RuntimeException(RuntimeCode.InconsistentData,
                $"'{all[0].Path}' has {all[0].Count} examples, and '{other.Path}' has {other.Count}");
        var layout = new RowLayout([.. all.Select(c => c.Column)]);
        var identity = string.Join(", ", all.Select(c => $"'{Path.GetFileName(c.Path)}'"));
        return new(identity, layout.Columns, () => new MappedReader(layout, all));
    }

    private sealed record MappedColumn(Column Column, string Path, int Count, long Start)
    {
        public static MappedColumn Of(string name, string path)
        {
            ArgumentNullException.ThrowIfNull(name);
            ArgumentNullException.ThrowIfNull(path);
            var header = Attempt(path, () =>
            {
                using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
                return Describe(file, file.Length, $"'{path}'");
            });
            if (header.Shape.IsEmpty) throw new RuntimeException(RuntimeCode.InconsistentData, $"'{path}' has a scalar, and no examples");
            var size = header.Shape.Skip(1).Aggregate(1L, (product, s) => Math.Min(product * s, int.MaxValue));
            return new(ColumnOf(name, (int)size, header.Type, path), path, header.Shape[0], header.Start);
        }
    }

    private static Column ColumnOf(string name, int size, string type, string path) => type switch
    {
        "f2" => Column.Of<Half>(name, size),
        "f4" => Column.Of<float>(name, size),
        "f8" => Column.Of<double>(name, size),
        "i1" => Column.Of<sbyte>(name, size),
        "i4" => Column.Of<int>(name, size),
        "i8" => Column.Of<long>(name, size),
        "u1" => Column.Of<byte>(name, size),
        "u4" => Column.Of<uint>(name, size),
        "b1" => Column.Of<bool>(name, size),
        _ => throw new RuntimeException(RuntimeCode.WrongType, $"'{path}' has elements '{type}', which no tensor has"),
    };

    private static T Attempt<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new RuntimeException(RuntimeCode.FileMissing, $"'{path}' cannot be read: {error.Message}", error);
        }
    }

    private sealed class MappedReader : RowReader
    {
        private readonly RowLayout _layout;
        private readonly MappedColumn[] _columns;
        private readonly List<(MemoryMappedFile File, MemoryMappedViewAccessor View)> _maps = [];
        private int _next;

        public MappedReader(RowLayout layout, MappedColumn[] columns)
        {
            (_layout, _columns) = (layout, columns);
            try
            {
                foreach (var column in columns) Map(column);
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public override bool Read(Span<byte> row)
        {
            if (_next == _columns[0].Count) return false;
            for (var i = 0; i < _columns.Length; i++)
            {
                var to = _layout.Slice(row, i);
                _maps[i].View.SafeMemoryMappedViewHandle.ReadSpan((ulong)(_columns[i].Start + (long)_next * to.Length), to);
            }
            _next++;
            return true;
        }

        public override void Dispose()
        {
            foreach (var (file, view) in _maps)
            {
                view.Dispose();
                file.Dispose();
            }
        }

        private void Map(MappedColumn column)
        {
            if (MappedColumn.Of(column.Column.Name, column.Path) != column)
                throw new RuntimeException(RuntimeCode.InconsistentData, $"'{column.Path}' has other examples than when it was opened");
            _maps.Add(Attempt(column.Path, () =>
            {
                var file = MemoryMappedFile.CreateFromFile(column.Path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
                return (file, file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read));
            }));
        }
    }
}
