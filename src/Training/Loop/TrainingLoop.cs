using System.Diagnostics;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Numerics;
using GraphCompiler.Runtime;
using GraphCompiler.Training.Data;
using Microsoft.Extensions.Logging;

namespace GraphCompiler.Training;

/// <summary>One training: its steps, and what is between them.</summary>
internal sealed partial class TrainingLoop : IDisposable
{
    private readonly VariableStore _variables;
    private readonly BatchStream _data;
    private readonly FitOptions _options;
    private readonly BatchRunner<TrainingStep> _runner;
    private readonly BatchRunner<TrainingStep>? _insight;
    private readonly FitContext _context;
    private readonly FitCallback[] _callbacks;
    private readonly TimeSpan _waitBefore;
    private TrainingStep _step; // That ran last.
    private LoopState _state;
    private double _secondsBefore; // Of the runs before this one.
    private long _start;
    private (FitEnd End, string Reason)? _end;

    public TrainingLoop(BatchRunner<TrainingStep> runner, BatchStream data, FitOptions options)
    {
        (_runner, _data, _options, _callbacks) = (runner, data, options, [.. options.Callbacks]);
        _step = runner.For(data.BatchSize); // So that all variables are there.
        (_variables, _context, _waitBefore) = (_step.Variables, new FitContext(_step), data.WaitTime);
        _insight = options.Insight?.For(data, _variables);
        _state = new LoopState { Data = data.Identity, Position = data.Position, Epoch = data.Position.Epoch };
        var metrics = options.Validation?.Numbers ?? [];
        _monitor = options.Monitor ?? (metrics.Count > 0 ? metrics[0].Name : LossName);
        _higherIsBetter = options.HigherIsBetter ?? metrics.FirstOrDefault(m => m.Name == _monitor)?.Metric.HigherIsBetter ?? false;
        CheckReactions([.. metrics.Select(m => m.Name)]);
        OpenCheckpoints();
    }

    private const string LossName = "loss";

    /// <summary>Lets the folder of checkpoints go.</summary>
    public void Dispose() => _folder?.Dispose();

    public History Run(CancellationToken cancellation)
    {
        using var span = Telemetry.Spans.StartActivity("fit");
        Resume();
        (_context.Step, _context.Epoch) = (_state.Step, _state.Epoch);
        (_start, _secondsBefore) = (Stopwatch.GetTimestamp(), _state.Seconds);
        _options.Logger?.LogInformation("training begins at step {Step}, epoch {Epoch}, on {Data}", _state.Step, _state.Epoch, _state.Data);
        foreach (var callback in _callbacks) callback.Started(_context);
        (_lastCheckpoint, _lastReport, _stepAtReport) = (_start, _start, _state.Step);
        _checkpointStep = _state.Step;
        StopEarly();
        StopInTime(_start);
        while (_end is null && !IsDone(cancellation)) Next();
        span?.SetTag("graphcompiler.training.steps", _state.Step).SetTag("graphcompiler.training.end", _end!.Value.End.ToString());
        return Finish();
    }

    private double Seconds(long now) => _secondsBefore + Stopwatch.GetElapsedTime(_start, now).TotalSeconds;

    private void Stop(FitEnd end, string reason) => _end ??= (end, reason);

    // Before each step.
    private bool IsDone(CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested) Stop(FitEnd.Cancelled, $"cancelled after step {_state.Step}");
        else if (_state.Step >= _options.Steps) Stop(FitEnd.Steps, $"all {_options.Steps} steps were made");
        else if (_state.Epoch >= _options.Epochs) Stop(FitEnd.Epochs, $"all {_options.Epochs} epochs were made");
        return _end is not null;
    }

    // One step, or the end of an epoch.
    private void Next()
    {
        var asked = Telemetry.IsTimed ? Stopwatch.GetTimestamp() : 0;
        if (!_data.TryNext(out var batch))
        {
            _state.Epoch++;
            if (_options.EvaluateEvery is null) Evaluate();
            return;
        }
        var given = asked == 0 ? 0 : Stopwatch.GetTimestamp();
        var isWatched = (_state.Step + 1) % _options.Insight?.Every == 0 && _insight!.Takes(batch);
        if (!Run(isWatched ? _insight! : _runner, batch)) return;
        var loss = _step.Loss;
        Telemetry.StepDone(batch.Rows, loss, asked, given);
        _state.Step++;
        _state.RowsLoss += (double)loss * batch.Rows;
        _state.LossRows += batch.Rows;
        (_context.Step, _context.Epoch, _context.Loss) = (_state.Step, _state.Epoch, loss);
        (_context.TrainingStep, _context.Rows) = (_step, batch.Rows);
        if (isWatched) Inspect(_step.Insight);
        foreach (var callback in _callbacks) callback.StepDone(_context);
        if (!float.IsFinite(loss) && _options.StopOnNaN)
        {
            Stop(FitEnd.NotFinite, $"the loss is {loss} in step {_state.Step}, of epoch {_state.Epoch}");
            return;
        }
        if (_state.Step % _options.EvaluateEvery == 0) Evaluate();
        else AfterStep();
    }

    // False where the step found numbers that are not finite, and has changed nothing.
    private bool Run(BatchRunner<TrainingStep> runner, Batch batch)
    {
        try
        {
            _step = runner.Run(batch);
            return true;
        }
        catch (RuntimeException error) when (error.Code == RuntimeCode.NotFinite && _options.StopOnNaN)
        {
            Stop(FitEnd.NotFinite, $"step {_state.Step + 1}, of epoch {_state.Epoch}, is not finite: {error.Message}");
            return false;
        }
    }

    private void Inspect(StepInsight insight)
    {
        foreach (var callback in _callbacks) callback.Inspected(_context, insight);
        foreach (var finding in insight.Findings) _options.Logger?.LogWarning("step {Step}: {Finding}", _state.Step, finding);
    }

    private void AfterStep()
    {
        if (_context.StopReason is { } reason) Stop(FitEnd.Stopped, reason);
        var now = Stopwatch.GetTimestamp();
        StopInTime(now);
        if (IsCheckpointDue(now)) SaveCheckpoint(now);
        if (_options.Progress is null || _hasNewRow || Stopwatch.GetElapsedTime(_lastReport, now) < _options.ReportEvery) return;
        Report(now, null, null);
    }

    private void StopInTime(long now)
    {
        if (_options.Time is { } time && Seconds(now) >= time.TotalSeconds) Stop(FitEnd.Time, $"{time} are over");
    }

    private History Finish()
    {
        var now = Stopwatch.GetTimestamp();
        _state.Seconds = Seconds(now);
        var (end, reason) = _end!.Value;
        _options.Logger?.LogInformation("training ends after step {Step}: {Reason}", _state.Step, reason);
        var history = new History(end, reason, _state) { ResumedFrom = _resumedFrom, DataWaitTime = _data.WaitTime - _waitBefore };
        try
        {
            if (_folder is not null) SaveLast(end != FitEnd.NotFinite);
        }
        finally // What the caller asked for holds too where the last checkpoint fails.
        {
            if (_best is not null) _variables.Restore(_best);
            foreach (var callback in _callbacks) callback.Ended(_context);
            Report(now, null, reason);
        }
        history.Checkpoints = (_copies, Stopwatch.GetElapsedTime(0, _copyTicks));
        return history;
    }
}
