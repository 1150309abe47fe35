using System.Diagnostics;
using GraphCompiler.Runtime;
using GraphCompiler.Training.Checkpoints;
using Microsoft.Extensions.Logging;

namespace GraphCompiler.Training;

// Checkpoints: all that decides what comes next, after a step or a row.
internal sealed partial class TrainingLoop
{
    private CheckpointFolder? _folder;
    private long? _resumedFrom;
    private long _lastCheckpoint, _checkpointStep;
    private bool _hasNewRow; // Since the last step.
    private int _copies;
    private long _copyTicks;

    private void OpenCheckpoints()
    {
        if (_options.Checkpoints is not { } plan) return;
        if (plan.EverySteps < 1 || plan.Every < TimeSpan.Zero)
            throw new RuntimeException(RuntimeCode.BadArgument, $"checkpoints every {plan.EverySteps} steps, {plan.Every}");
        _folder = new CheckpointFolder(plan.Folder, plan.Keep, _options.Logger);
        if (plan.Resume || _folder.All.Count == 0) return;
        _folder.Dispose();
        throw new RuntimeException(RuntimeCode.BadArgument,
            $"'{plan.Folder}' has checkpoints of a run that is not to be gone on with; delete them, or give another folder");
    }

    private void Resume()
    {
        var state = _state;
        // Looked at before any variable is replaced.
        void Accept(Checkpoint checkpoint)
        {
            state = LoopState.Of(checkpoint);
            if (state.Data != _state.Data)
                throw new RuntimeException(RuntimeCode.Mismatch,
                    $"'{checkpoint.Path}' is of a training with {state.Data}, and is to be gone on with {_state.Data}");
        }
        if (_folder?.Restore(_variables, Accept) is not { } checkpoint) return;
        (_state, _resumedFrom) = (state, checkpoint.Step);
        _data.Seek(state.Position);
        if (_options.RestoreBest && checkpoint.BestStep is { } best) TakeBest(checkpoint, best);
    }

    private void TakeBest(Checkpoint last, long step)
    {
        try
        {
            _folder!.Restore(_variables, step);
            KeepBest();
        }
        catch (RuntimeException error)
        {
            (_state.Best, _state.BestStep) = (null, null);
            _options.Logger?.LogWarning("the best checkpoint cannot be read, and the next row counts as the best: {Error}", error.Message);
        }
        _folder!.Restore(_variables, last.Step);
    }

    // One that is due while the one before it is being written comes when that is done.
    private bool IsCheckpointDue(long now)
    {
        if (_folder is null || _state.Step == _checkpointStep) return false;
        var plan = _options.Checkpoints!;
        var isDue = _state.Step - _checkpointStep >= plan.EverySteps || Stopwatch.GetElapsedTime(_lastCheckpoint, now) >= plan.Every
            || (_hasNewRow && plan.EverySteps is null && plan.Every is null);
        return isDue && !_folder.IsBusy;
    }

    // Goes on where the disk is full: what is lost are steps, and only if the process ends before one is written.
    private void SaveCheckpoint(long now)
    {
        try
        {
            _folder!.Flush();
        }
        catch (RuntimeException error) when (error.Code == RuntimeCode.FileMissing)
        {
            _options.Logger?.LogWarning("a checkpoint could not be written: {Error}", error.Message);
        }
        Save(now);
    }

    private void Save(long now)
    {
        using var span = Telemetry.Spans.StartActivity("checkpoint")?.SetTag("graphcompiler.training.step", _state.Step);
        _options.Logger?.LogDebug("a checkpoint of step {Step} is being written", _state.Step);
        (_state.Seconds, _state.Position) = (Seconds(now), _data.Position);
        var start = Stopwatch.GetTimestamp();
        _folder!.Save(_variables, _state.Step, _options.RestoreBest ? _state.BestStep : null,
            new Dictionary<string, string> { [LoopState.Key] = _state.ToJson() });
        _copyTicks += Stopwatch.GetTimestamp() - start;
        _copies++;
        (_lastCheckpoint, _checkpointStep) = (now, _state.Step);
    }

    // The last one must be on the disk, or the caller must know that it is not.
    private void SaveLast(bool isWorthIt)
    {
        if (isWorthIt && (_state.Step != _checkpointStep || _state.Position != _data.Position))
            SaveCheckpoint(Stopwatch.GetTimestamp());
        _folder!.Flush();
    }
}
