using Apache.Arrow;
using Apache.Arrow.Ipc;
using GraphCompiler.Runtime;
using GraphCompiler.Training.Data;

namespace GraphCompiler.Training.Formats;

/// <summary>Arrow files (IPC, also Feather version 2) of columns of numbers, read by Apache.Arrow, one record batch after
/// another.</summary>
public static class ArrowFile
{
    /// <summary>Examples of a file, one a row; each epoch reads it anew, and one record batch at a time is in memory. Nothing is read
    /// before batches are asked for.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">Which columns a step is given.</param>
    /// <exception cref="RuntimeException">SGC5011: no columns, or two of one name. When the file is read: SGC6001: missing or unreadable.
    /// SGC6004: a column is not there, has no numbers, or a null or a fraction where none is to be.</exception>
    public static Examples Open(string path, Action<ChunkColumns> columns) =>
        ChunkColumns.Open(path, columns, static (file, names) => new Source(file, names));

    private sealed class Source(string path, string[] names) : IChunkSource
    {
        private readonly ArrowFileReader _reader =
            new(VariableStore.Attempt($"'{path}' cannot be read", () => File.OpenRead(path)));

        public double?[][]? Next()
        {
            try
            {
                using var batch = _reader.ReadNextRecordBatch();
                return batch is null ? null : [.. names.Select(n => Read(batch, n))];
            }
            catch (Exception error) when (error is not (RuntimeException or OutOfMemoryException)) // What is wrong with a file.
            {
                throw ChunkColumns.Bad(path, $"is no Arrow file that can be read: {error.Message}", error);
            }
        }

        public void Dispose() => _reader.Dispose();

        private double?[] Read(RecordBatch batch, string name)
        {
            var fields = batch.Schema.FieldsList;
            var at = Enumerable.Range(0, fields.Count).Where(i => fields[i].Name == name).DefaultIfEmpty(-1).First();
            if (at < 0) throw ChunkColumns.Bad(path, $"has no column '{name}'; there are: {string.Join(", ", fields.Select(f => f.Name))}");
            static double?[] Of<T>(PrimitiveArray<T> array, Func<T, double> toDouble) where T : struct, IEquatable<T> =>
                [.. Enumerable.Range(0, array.Length).Select(i => array.GetValue(i) is { } x ? toDouble(x) : (double?)null)];
            return batch.Column(at) switch
            {
                FloatArray a => Of(a, x => x),
                DoubleArray a => Of(a, x => x),
                Int8Array a => Of(a, x => x),
                Int16Array a => Of(a, x => x),
                Int32Array a => Of(a, x => x),
                Int64Array a => Of(a, x => x),
                UInt8Array a => Of(a, x => x),
                UInt16Array a => Of(a, x => x),
                UInt32Array a => Of(a, x => x),
                BooleanArray a => [.. Enumerable.Range(0, a.Length).Select(i => a.GetValue(i) is { } x ? (double?)(x ? 1 : 0) : null)],
                var other => throw ChunkColumns.Bad(path, $"has no numbers in column '{name}', but {other.Data.DataType.Name}"),
            };
        }
    }
}
