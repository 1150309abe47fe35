using GraphCompiler.Frontend;
using GraphCompiler.Runtime;
using GraphCompiler.Training.Data;

namespace GraphCompiler.Training;

/// <summary>Hands batches to compiled functions: a column to the input of its name.</summary>
/// <param name="functions">The function for a number of rows.</param>
/// <param name="data">What the batches are of.</param>
/// <param name="takesAnyRows">Whether there is a function for each number of rows, or one for full batches alone.</param>
internal sealed class BatchRunner<TFunction>(Func<int, TFunction> functions, BatchStream data, bool takesAnyRows)
    where TFunction : CompiledFunction
{
    private readonly string[] _names = [.. data.Columns.Select(c => c.Name)];
    private TFunction? _function; // That the columns below are of.
    private int[] _columns = []; // By input.
    private ReadOnlyMemory<byte>[] _inputs = [];

    /// <summary>One function, which takes full batches.</summary>
    public static BatchRunner<TFunction> Of(TFunction function, BatchStream data) => new(_ => function, data, takesAnyRows: false);

    /// <summary>A function for each number of rows.</summary>
    public static BatchRunner<TFunction> Of(Specializations<TFunction> functions, BatchStream data) =>
        new(rows => functions[rows], data, takesAnyRows: true);

    /// <summary>Whether it can run a batch.</summary>
    public bool Takes(Batch batch) => takesAnyRows || batch.Rows == data.BatchSize;

    /// <summary>The function that runs batches of some rows, with its columns.</summary>
    /// <exception cref="RuntimeException">SGC6004: an input has no column, or a column no input.</exception>
    public TFunction For(int rows)
    {
        var function = functions(rows);
        if (function != _function) Bind(function);
        return function;
    }

    /// <summary>Runs a batch, and gives the function that did.</summary>
    /// <exception cref="RuntimeException">SGC5001: a batch of fewer rows than the only function takes. SGC6004: as of
    /// <see cref="For"/>.</exception>
    public TFunction Run(Batch batch)
    {
        if (!Takes(batch)) throw Ragged(batch.Rows);
        var function = For(batch.Rows);
        for (var i = 0; i < _columns.Length; i++) _inputs[i] = batch.Memory(_columns[i]);
        function.Run(_inputs);
        return function;
    }

    private void Bind(TFunction function)
    {
        string[] inputs = [.. function.Inputs];
        if (!inputs.ToHashSet().SetEquals(_names))
            throw new RuntimeException(RuntimeCode.InconsistentData,
                $"the data have columns {string.Join(", ", _names)}, and the function has inputs {string.Join(", ", inputs)}");
        (_columns, _inputs) = ([.. inputs.Select(i => Array.IndexOf(_names, i))], new ReadOnlyMemory<byte>[inputs.Length]);
        _function = function;
    }

    private RuntimeException Ragged(int rows) => new(RuntimeCode.WrongLength, $"the last batch of an epoch has {rows} rows, and the "
        + $"function is for {data.BatchSize}; declare it by Specializations.ByRows, or leave keepRemainder out");
}
