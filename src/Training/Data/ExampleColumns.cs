using System.Runtime.InteropServices;
using GraphCompiler.Runtime;

namespace GraphCompiler.Training.Data;

/// <summary>Writes an example's elements of a column.</summary>
/// <param name="example">What the sequence has.</param>
/// <param name="elements">As many as the column has; zeros at first.</param>
public delegate void ExampleWriter<in T, TElement>(T example, Span<TElement> elements);

/// <summary>The columns of a sequence's examples, as they are declared: <c>c => c.Add("x", e => e.X).Add("y", e => e.Y)</c>.</summary>
public sealed class ExampleColumns<T>
{
    private delegate void Writer(T example, Span<byte> row);

    private readonly List<(Column Column, Writer Write)> _columns = [];

    internal ExampleColumns()
    {
    }

    /// <summary>A column of one element an example.</summary>
    /// <param name="name">The name of the step's input that is given it.</param>
    /// <param name="element">The example's.</param>
    /// <exception cref="RuntimeException">SGC5003: elements that no tensor has. SGC5011: no name.</exception>
    public ExampleColumns<T> Add<TElement>(string name, Func<T, TElement> element) where TElement : unmanaged
    {
        ArgumentNullException.ThrowIfNull(element);
        return Add<TElement>(name, 1, (example, elements) => elements[0] = element(example));
    }

    /// <summary>A column of some elements an example.</summary>
    /// <param name="name">The name of the step's input that is given it.</param>
    /// <param name="size">Elements of one example, at least 1.</param>
    /// <param name="write">Writes the example's.</param>
    /// <exception cref="RuntimeException">SGC5003: elements that no tensor has. SGC5011: no name, or a size below 1.</exception>
    public ExampleColumns<T> Add<TElement>(string name, int size, ExampleWriter<T, TElement> write) where TElement : unmanaged
    {
        ArgumentNullException.ThrowIfNull(write);
        _columns.Add((Column.Of<TElement>(name, size), (example, row) => write(example, MemoryMarshal.Cast<byte, TElement>(row))));
        return this;
    }

    internal Examples ToExamples(Func<IEnumerable<T>> open)
    {
        (Column Column, Writer Write)[] columns = [.. _columns];
        var row = new RowLayout([.. columns.Select(c => c.Column)]);
        return new("a sequence", row.Columns, () => new SequenceReader(open().GetEnumerator(), row, [.. columns.Select(c => c.Write)]));
    }

    private sealed class SequenceReader(IEnumerator<T> examples, RowLayout layout, Writer[] writers) : RowReader
    {
        public override bool Read(Span<byte> row)
        {
            if (!examples.MoveNext()) return false;
            row.Clear();
            for (var i = 0; i < writers.Length; i++) writers[i](examples.Current, layout.Slice(row, i));
            return true;
        }

        public override void Dispose() => examples.Dispose();
    }
}
