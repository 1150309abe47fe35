using System.Collections.Immutable;

namespace GraphCompiler.Runtime.Deployment;

/// <summary>One program of a model, compiled for one or several numbers of rows: an executable for each, over one store.</summary>
/// <remarks>The row input tells which: the first that has the rows as its first size in every size of the program.</remarks>
internal sealed class SizedProgram : IDisposable
{
    private readonly string _model;
    private readonly Executable[] _executables;
    private readonly ImmutableArray<int> _rows;
    private readonly ManifestBuffer? _input;
    private readonly int _rowElements;

    /// <param name="model">The model's name, for messages.</param>
    /// <param name="sizes">The sizes; one of 0 rows where the model is declared for one size alone.</param>
    /// <param name="buffersOf">The program's buffers of a size.</param>
    /// <param name="executables">The code of each; disposed with this object.</param>
    public SizedProgram(string model, ImmutableArray<ManifestSize> sizes, Func<ManifestSize, ImmutableArray<ManifestBuffer>> buffersOf,
        IReadOnlyList<Executable> executables)
    {
        (_model, _executables, _rows, Last) = (model, [.. executables], [.. sizes.Select(s => s.Rows)], executables[0]);
        if (_rows[0] == 0) return;
        Input = RowInput(sizes, buffersOf);
        _input = InputsOf(buffersOf(sizes[0]))[Input];
        _rowElements = ElementsOf(_input) / _rows[0];
    }

    /// <summary>The executable that ran last; before any ran, that of the first size.</summary>
    public Executable Last { get; set; }

    /// <summary>The position of the row input among the inputs; -1 where there is one size alone.</summary>
    public int Input { get; } = -1;

    /// <summary>Of the inputs the first whose first size is the rows in every size, its other sizes the same and none of them zero; -1 if
    /// there is none.</summary>
    public static int RowInput(ImmutableArray<ManifestSize> sizes, Func<ManifestSize, ImmutableArray<ManifestBuffer>> buffersOf)
    {
        var first = InputsOf(buffersOf(sizes[0]));
        return first.FindIndex(i => sizes.All(s => InputsOf(buffersOf(s)).Find(b => b.Name == i.Name) is { Shape: [var rows, .. var row] }
            && rows == s.Rows && rows > 0 && !row.Contains(0) && row.SequenceEqual(i.Shape[1..])));
    }

    /// <summary>Disposes the executables.</summary>
    public void Dispose()
    {
        foreach (var executable in _executables) executable.Dispose();
    }

    /// <summary>The executable for a row input of some length.</summary>
    /// <param name="length">Its elements.</param>
    /// <exception cref="RuntimeException">SGC5001: no whole rows. SGC7209: no code for this number of rows.</exception>
    public Executable For(int length)
    {
        for (var i = 0; i < _executables.Length; i++)
            if (length == (long)_rows[i] * _rowElements) return _executables[i];
        if (length == 0 || length % _rowElements != 0)
            throw new RuntimeException(RuntimeCode.WrongLength,
                $"input '{_input!.Name}' has {_rowElements} elements a row, and {length} are given: no whole rows");
        var (given, known) = (length / _rowElements, string.Join(", ", _rows));
        throw new RuntimeException(RuntimeCode.UnknownBatchSize, $"input '{_input!.Name}' has {given} rows, and model '{_model}' was"
            + $" compiled for batches of {known}; build it with --batch {string.Join(',', _rows)},{given}, "
            + "or give as many rows as one of them");
    }

    private static List<ManifestBuffer> InputsOf(ImmutableArray<ManifestBuffer> buffers) =>
        [.. buffers.Where(b => b.Role == BufferRole.Input)];

    private static int ElementsOf(ManifestBuffer buffer) => buffer.Shape.Aggregate(1, (n, s) => n * s);
}
