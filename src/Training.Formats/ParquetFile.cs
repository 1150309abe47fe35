using GraphCompiler.Runtime;
using GraphCompiler.Training.Data;
using Parquet;
using Parquet.Schema;

namespace GraphCompiler.Training.Formats;

/// <summary>Parquet files of flat columns of numbers, read by Parquet.Net, one row group after another.</summary>
public static class ParquetFile
{
    /// <summary>Examples of a file, one a row; each epoch reads it anew, and one row group at a time is in memory. Nothing is read before
    /// batches are asked for.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">Which columns a step is given.</param>
    /// <exception cref="RuntimeException">SGC5011: no columns, or two of one name. When the file is read: SGC6001: missing or unreadable.
    /// SGC6004: a column is not there, has no numbers, or a null or a fraction where none is to be.</exception>
    public static Examples Open(string path, Action<ChunkColumns> columns) =>
        ChunkColumns.Open(path, columns, static (file, names) => new Source(file, names));

    private sealed class Source : IChunkSource
    {
        private readonly string _path;
        private readonly FileStream _stream;
        private readonly ParquetReader _reader;
        private readonly DataField[] _fields;
        private int _group;

        public Source(string path, string[] names)
        {
            _path = path;
            _stream = VariableStore.Attempt($"'{path}' cannot be read", () => File.OpenRead(path));
            try
            {
                _reader = Attempt(() => ParquetReader.CreateAsync(_stream).GetAwaiter().GetResult());
                var all = _reader.Schema.GetDataFields();
                _fields = [.. names.Select(n => all.FirstOrDefault(f => f.Path.ToString() == n) ?? throw ChunkColumns.Bad(path,
                    $"has no column '{n}'; there are: {string.Join(", ", all.Select(f => f.Path))}"))];
            }
            catch
            {
                _stream.Dispose();
                throw;
            }
        }

        public double?[][]? Next()
        {
            if (_group == _reader.RowGroupCount) return null;
            return Attempt(() =>
            {
                using var group = _reader.OpenRowGroupReader(_group++);
                return _fields.Select(f => Read(group, f)).ToArray();
            });
        }

        public void Dispose()
        {
            _reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
            _stream.Dispose();
        }

        private double?[] Read(ParquetRowGroupReader group, DataField field)
        {
            var rows = checked((int)group.RowCount);
            double?[] Of<T>(Func<T, double> toDouble) where T : struct
            {
                if (field.IsNullable)
                {
                    var values = new T?[rows];
                    group.ReadAsync<T>(field, values.AsMemory()).AsTask().GetAwaiter().GetResult();
                    return Array.ConvertAll(values, v => v is { } x ? toDouble(x) : (double?)null);
                }
                var all = new T[rows];
                group.ReadAsync<T>(field, all.AsMemory()).AsTask().GetAwaiter().GetResult();
                return Array.ConvertAll(all, v => (double?)toDouble(v));
            }
            return Type.GetTypeCode(field.ClrType) switch
            {
                TypeCode.Single => Of<float>(x => x),
                TypeCode.Double => Of<double>(x => x),
                TypeCode.Int32 => Of<int>(x => x),
                TypeCode.Int64 => Of<long>(x => x),
                TypeCode.Int16 => Of<short>(x => x),
                TypeCode.SByte => Of<sbyte>(x => x),
                TypeCode.Byte => Of<byte>(x => x),
                TypeCode.UInt16 => Of<ushort>(x => x),
                TypeCode.UInt32 => Of<uint>(x => x),
                TypeCode.Boolean => Of<bool>(x => x ? 1 : 0),
                _ => throw ChunkColumns.Bad(_path, $"has no numbers in column '{field.Path}', but {field.ClrType.Name}"),
            };
        }

        // Whatever the library finds wrong with a file is the file's.
        private T Attempt<T>(Func<T> read)
        {
            try
            {
                return read();
            }
            catch (Exception error) when (error is not (RuntimeException or OutOfMemoryException))
            {
                throw ChunkColumns.Bad(_path, $"is no Parquet file that can be read: {error.Message}", error);
            }
        }
    }
}
