using System.Runtime.InteropServices;
using GraphCompiler.Runtime;
using GraphCompiler.Training.Data;

namespace GraphCompiler.Training.Formats;

/// <summary>Which of a file's columns a step is given, as they are declared:
/// <c>c => c.Floats("x", ["width", "height"]).Integers("y", ["kind"])</c>.</summary>
public sealed class ChunkColumns
{
    internal ChunkColumns()
    {
    }

    /// <summary>A column of examples, and what it is of in the file.</summary>
    internal sealed record Part(Column Column, string[] Names, double? Missing);

    internal List<Part> All { get; } = [];

    /// <summary>A column of f32.</summary>
    /// <param name="name">The name of the step's input that is given it.</param>
    /// <param name="names">Columns of numbers in the file, at least one.</param>
    /// <param name="missing">What a null stands for; an error when null.</param>
    /// <exception cref="RuntimeException">SGC5011: no name, or no columns.</exception>
    public ChunkColumns Floats(string name, IEnumerable<string> names, float? missing = null) => Add<float>(name, names, missing);

    /// <summary>A column of i32: whole numbers of 32 bits, or truth values as 0 and 1.</summary>
    /// <param name="name">The name of the step's input that is given it.</param>
    /// <param name="names">Columns of the file, at least one.</param>
    /// <param name="missing">What a null stands for; an error when null.</param>
    /// <exception cref="RuntimeException">SGC5011: no name, or no columns.</exception>
    public ChunkColumns Integers(string name, IEnumerable<string> names, int? missing = null) => Add<int>(name, names, missing);

    private ChunkColumns Add<T>(string name, IEnumerable<string> names, double? missing) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(names);
        string[] all = [.. names];
        All.Add(new(Column.Of<T>(name, all.Length), all, missing));
        return this;
    }

    /// <summary>Examples of a file that is read chunk by chunk.</summary>
    internal static Examples Open(string path, Action<ChunkColumns> columns, Func<string, string[], IChunkSource> open)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(columns);
        var declared = new ChunkColumns();
        columns(declared);
        Part[] parts = [.. declared.All];
        var layout = new RowLayout([.. parts.Select(p => p.Column)]);
        string[] names = [.. parts.SelectMany(p => p.Names).Distinct()];
        return new($"'{Path.GetFileName(path)}'", layout.Columns, () => new Reader(path, open(path, names), layout, parts, names));
    }

    /// <summary>What is not as it is declared, by file and example.</summary>
    internal static RuntimeException Bad(string path, string why, Exception? inner = null) =>
        new(RuntimeCode.InconsistentData, $"'{path}' {why}", inner);

    private sealed class Reader : RowReader
    {
        private readonly string _path;
        private readonly IChunkSource _source;
        private readonly RowLayout _layout;
        private readonly Part[] _parts;
        private readonly int[][] _indices;
        private double?[][] _chunk = [];
        private int _at, _rows;
        private long _example;

        public Reader(string path, IChunkSource source, RowLayout layout, Part[] parts, string[] names)
        {
            (_path, _source, _layout, _parts) = (path, source, layout, parts);
            _indices = [.. parts.Select(p => p.Names.Select(n => Array.IndexOf(names, n)).ToArray())];
        }

        public override bool Read(Span<byte> row)
        {
            while (_at == _rows)
            {
                if (_source.Next() is not { } chunk) return false;
                (_chunk, _at, _rows) = (chunk, 0, chunk[0].Length);
            }
            for (var i = 0; i < _parts.Length; i++)
                for (var k = 0; k < _indices[i].Length; k++)
                    Write(_parts[i], k, _chunk[_indices[i][k]][_at], _layout.Slice(row, i));
            _at++;
            _example++;
            return true;
        }

        public override void Dispose() => _source.Dispose();

        private void Write(Part part, int index, double? value, Span<byte> to)
        {
            var number = value ?? part.Missing ?? throw Bad(_path, $"has a null in column '{part.Names[index]}', example {_example}");
            if (part.Column.Type == ElementType.F32) MemoryMarshal.Cast<byte, float>(to)[index] = (float)number;
            else if (number == (int)number) MemoryMarshal.Cast<byte, int>(to)[index] = (int)number;
            else throw Bad(_path, $"has {number} in column '{part.Names[index]}', example {_example}: no whole number of 32 bits");
        }
    }
}

/// <summary>Some rows after another, by column: those that are asked for, in their order.</summary>
internal interface IChunkSource : IDisposable
{
    /// <summary>The next rows; null after the last.</summary>
    double?[][]? Next();
}
