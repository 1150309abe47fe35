using System.Globalization;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Files;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GraphCompiler.Training.Checkpoints;

/// <summary>A folder of checkpoints of one training: the last ones, and the best.</summary>
/// <remarks>
/// Each is one safetensors file with all variables, the optimizer's state and random state among them, and texts. It is written by a thread
/// in the background from a copy, to a temporary file that is flushed to the disk and then renamed, so that a process that is killed, or a
/// disk that is full, leaves the checkpoints before it as they are. For one thread at a time; a second folder object on the same path is
/// refused, in whatever process.
/// </remarks>
public sealed class CheckpointFolder : IDisposable
{
    internal const string StepKey = "step", BestKey = "best";

    private const string Prefix = "step-", Suffix = ".safetensors", LockName = "lock";

    private readonly ILogger _logger;
    private readonly FileStream _lock;
    private readonly SortedDictionary<long, Checkpoint> _whole = []; // Those whose header is whole, by step.
    private VariableSnapshot? _copy;
    private VariableStore? _copied;
    private Task _writing = Task.CompletedTask;

    /// <summary>Opens a folder, makes it where it is not, and deletes what a process that was killed left half written.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="keep">How many of the last checkpoints stay, at least 1; the best one stays beside them.</param>
    /// <param name="logger">Is told of files that are damaged; nobody when null.</param>
    /// <exception cref="RuntimeException">SGC5011: fewer than 1. SGC6001: it cannot be made, read or written, or another training has
    /// it.</exception>
    public CheckpointFolder(string path, int keep = 3, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (keep < 1) throw new RuntimeException(RuntimeCode.BadArgument, $"{keep} checkpoints are to be kept; at least 1 is needed");
        (Path, Keep, _logger) = (path, keep, logger ?? NullLogger.Instance);
        _lock = VariableStore.Attempt($"'{path}' cannot be a folder of checkpoints, or another training writes to it", () =>
        {
            Directory.CreateDirectory(path);
            return new FileStream(System.IO.Path.Combine(path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        });
        try
        {
            VariableStore.Attempt($"'{path}' cannot be read", Scan);
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>How many of the last checkpoints stay.</summary>
    public int Keep { get; }

    /// <summary>The checkpoints that can be read, from the oldest to the newest; the one that is being written is not among them.</summary>
    public IReadOnlyList<Checkpoint> All
    {
        get
        {
            lock (_whole) return [.. _whole.Values];
        }
    }

    /// <summary>Is one being written?</summary>
    public bool IsBusy => !_writing.IsCompleted;

    /// <summary>Half-written files that were found, and deleted, when the folder was opened.</summary>
    public int LeftoversDeleted { get; private set; }

    /// <summary>Takes all variables over from the newest checkpoint that is whole.</summary>
    /// <param name="store">With the variables of the functions that were compiled over it.</param>
    /// <returns>That checkpoint; null where there is none, and then nothing has changed. The logger is told of damaged ones.</returns>
    /// <exception cref="RuntimeException">SGC5002, SGC5005: the store is disposed or in use. SGC6006: it is of other variables; the message
    /// names the tensor. SGC6002, SGC6003, SGC6005: all are damaged; the code is the newest's. Nothing has changed then.</exception>
    public Checkpoint? Restore(VariableStore store) => Restore(store, static _ => { });

    /// <param name="store">With the variables of the functions that were compiled over it.</param>
    /// <param name="accept">Looks at a checkpoint before its variables are taken over, and throws where it does not fit.</param>
    internal Checkpoint? Restore(VariableStore store, Action<Checkpoint> accept)
    {
        ArgumentNullException.ThrowIfNull(store);
        RuntimeException? newest = null;
        foreach (var path in Files().OrderByDescending(StepOf))
        {
            try
            {
                using var file = TensorFile.Open(path);
                var checkpoint = Describe(path, file);
                accept(checkpoint);
                store.Restore(file);
                return checkpoint;
            }
            catch (RuntimeException error) when (IsDamage(error))
            {
                newest ??= error;
                _logger.LogWarning("a checkpoint is damaged, and the one before it is taken: {Error}", error.Message);
            }
        }
        return newest is null ? null : throw newest;
    }

    /// <summary>Takes all variables over from the checkpoint of a step.</summary>
    /// <exception cref="RuntimeException">SGC6001: there is no such checkpoint; and as for the newest.</exception>
    public Checkpoint Restore(VariableStore store, long step)
    {
        ArgumentNullException.ThrowIfNull(store);
        var path = PathOf(step);
        using var file = TensorFile.Open(path);
        var checkpoint = Describe(path, file);
        store.Restore(file);
        return checkpoint;
    }

    /// <summary>Copies all variables, and writes them in the background. Waits for the checkpoint before it, if that is not done.</summary>
    /// <param name="store">Whose variables.</param>
    /// <param name="step">Steps that were made: the checkpoint's name. One of the same step is replaced.</param>
    /// <param name="bestStep">The best checkpoint so far, perhaps this one: it stays as long as one that names it.</param>
    /// <param name="texts">Kept beside the variables.</param>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed. SGC5005: another thread runs a function that replaces variables.
    /// SGC5010: no memory. SGC5011: a negative step. SGC6001: the checkpoint before it could not be written; this one is not written
    /// then.</exception>
    public void Save(VariableStore store, long step, long? bestStep = null, IReadOnlyDictionary<string, string>? texts = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        if (step < 0) throw new RuntimeException(RuntimeCode.BadArgument, $"a checkpoint of step {step}");
        Flush();
        if (_copy is null || _copied != store) (_copy, _copied) = (store.Snapshot(), store);
        else _copy.Update();
        var all = new Dictionary<string, string>(texts ?? new Dictionary<string, string>())
        {
            [StepKey] = step.ToString(CultureInfo.InvariantCulture),
        };
        if (bestStep is { } best) all[BestKey] = best.ToString(CultureInfo.InvariantCulture);
        var (copy, checkpoint) = (_copy, new Checkpoint(PathOf(step), step, bestStep, all));
        _writing = Task.Run(() => Write(copy, checkpoint));
    }

    /// <summary>Waits until what is being written is on the disk.</summary>
    /// <exception cref="RuntimeException">SGC6001: it could not be written. The checkpoints before it are as they were, and the next can be
    /// tried.</exception>
    public void Flush()
    {
        var writing = _writing;
        _writing = Task.CompletedTask;
        writing.GetAwaiter().GetResult();
    }

    /// <summary>Waits for what is being written, and lets others have the folder. Can be called twice.</summary>
    /// <remarks>What could not be written is an error of <see cref="Flush"/>; here the logger is told.</remarks>
    public void Dispose()
    {
        try
        {
            Flush();
        }
        catch (RuntimeException error)
        {
            _logger.LogWarning("a checkpoint could not be written: {Error}", error.Message);
        }
        _lock.Dispose();
    }

    private static bool IsDamage(RuntimeException error) =>
        error.Code is RuntimeCode.WrongFormat or RuntimeCode.FileCutShort or RuntimeCode.AlteredFile;

    private static Checkpoint Describe(string path, TensorFile file)
    {
        long? Number(string key) => file.Metadata.TryGetValue(key, out var text)
            ? long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1 : null;
        if (!file.Metadata.ContainsKey(TensorFile.ChecksumKey) || Number(StepKey) is not >= 0 || Number(BestKey) is < 0)
            throw new RuntimeException(RuntimeCode.WrongFormat, $"{file.Name} is not a checkpoint: it lacks a checksum or a step");
        return new(path, Number(StepKey)!.Value, Number(BestKey), file.Metadata);
    }

    private static long StepOf(string path) => long.TryParse(System.IO.Path.GetFileName(path)[Prefix.Length..^Suffix.Length],
        NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : -1;

    private string PathOf(long step) =>
        System.IO.Path.Combine(Path, $"{Prefix}{step.ToString("D10", CultureInfo.InvariantCulture)}{Suffix}");

    private IEnumerable<string> Files() => Directory.EnumerateFiles(Path, $"{Prefix}*{Suffix}").Where(p => StepOf(p) >= 0);

    private void Scan()
    {
        foreach (var path in Directory.GetFiles(Path, $"{Prefix}*{DurableFile.TemporarySuffix}"))
        {
            File.Delete(path);
            LeftoversDeleted++;
        }
        foreach (var path in Files())
        {
            try
            {
                using var file = TensorFile.Open(path);
                var checkpoint = Describe(path, file);
                _whole[checkpoint.Step] = checkpoint;
            }
            catch (RuntimeException error) when (IsDamage(error))
            {
                _logger.LogWarning("a checkpoint is damaged: {Error}", error.Message);
            }
        }
    }

    private void Write(VariableSnapshot copy, Checkpoint checkpoint)
    {
        copy.Save(checkpoint.Path, checkpoint.Texts);
        Checkpoint[] old;
        lock (_whole)
        {
            _whole[checkpoint.Step] = checkpoint;
            Checkpoint[] kept = [.. _whole.Values.Where(c => c.Step <= checkpoint.Step).TakeLast(Keep)];
            var steps = kept.Select(c => c.Step).Concat(kept.Select(c => c.BestStep ?? -1)).ToHashSet();
            old = [.. _whole.Values.Where(c => !steps.Contains(c.Step))];
            foreach (var one in old) _whole.Remove(one.Step);
        }
        VariableStore.Attempt($"old checkpoints in '{Path}' cannot be deleted", () =>
        {
            foreach (var one in old) File.Delete(one.Path);
        });
    }
}
