using System.Collections.Immutable;
using System.Diagnostics;
using GraphCompiler.Frontend.Metrics;
using GraphCompiler.Runtime;
using Microsoft.Extensions.Logging;

namespace GraphCompiler.Training;

// Rows of the history, and what is done about them.
internal sealed partial class TrainingLoop
{
    private readonly string _monitor;
    private readonly bool _higherIsBetter;
    private VariableSnapshot? _best; // The variables of the best row, where they are to be restored.
    private long _lastReport, _stepAtReport;

    // Plain comparisons, so that a NaN is out of range.
    private void CheckReactions(IReadOnlyList<string> metrics)
    {
        static RuntimeException Bad(string what) => new(RuntimeCode.BadArgument, what);
        if (_monitor != LossName && !metrics.Contains(_monitor))
            throw new RuntimeException(RuntimeCode.UnknownArgument, $"no metric is named '{_monitor}', which is to be watched; there are: "
                + string.Join(", ", [LossName, .. metrics]));
        if (_options.EarlyStopping is { } early && !(early.Patience >= 1 && early.MinImprovement >= 0))
            throw Bad($"{early}: at least 1 row, and an improvement of at least 0");
        if (_options.ReduceOnPlateau is not { } plateau) return;
        if (!(plateau.Patience >= 1 && plateau.Factor > 0 && plateau.Factor < 1 && plateau.Lowest >= 0 && plateau.MinImprovement >= 0))
            throw Bad($"{plateau}: at least 1 row, a factor between 0 and 1, and what else there is at least 0");
        _ = _step.LearningRate; // SGC5004 where none is settable.
    }

    // One row: validation, best, rate, early stopping; then what comes after any step.
    private void Evaluate()
    {
        if (_state.LossRows == 0) return;
        using var span = Telemetry.Spans.StartActivity("evaluate")?.SetTag("graphcompiler.training.step", _state.Step);
        var measured = _options.Validation?.Measure();
        var now = Stopwatch.GetTimestamp();
        var row = new HistoryRow(_state.Epoch, _state.Step, Seconds(now), _state.Loss, Rate(),
            measured?.Metrics ?? ImmutableDictionary<string, double>.Empty)
        {
            Matrices = measured?.Matrices ?? ImmutableDictionary<string, ConfusionMatrix>.Empty,
        };
        var value = row[_monitor];
        _state.Rows.Add(row);
        (_state.RowsLoss, _state.LossRows) = (0, 0);
        var isBest = double.IsFinite(value) && (_state.Best is not { } best || (_higherIsBetter ? value > best : value < best));
        if (isBest) (_state.Best, _state.BestStep) = (value, row.Step);
        if (isBest && _options.RestoreBest) KeepBest();
        React(value);
        _options.Logger?.LogInformation("epoch {Epoch}, step {Step}: loss {Loss}, {Metrics}", row.Epoch, row.Step, row.Loss, row.Metrics);
        _context.Epoch = _state.Epoch;
        foreach (var callback in _callbacks) callback.Evaluated(_context, row);
        Report(now, row, null);
        _hasNewRow = true;
        if (isBest && _options.RestoreBest && _folder is not null) SaveCheckpoint(now);
        AfterStep();
        _hasNewRow = false;
    }

    private void React(double value)
    {
        if (_options.EarlyStopping is { } early)
        {
            _state.Early.Improves(value, _higherIsBetter, early.MinImprovement);
            StopEarly();
        }
        if (_options.ReduceOnPlateau is { } plateau && !_state.Plateau.Improves(value, _higherIsBetter, plateau.MinImprovement)
            && _state.Plateau.Rows >= plateau.Patience)
        {
            _state.Plateau.Rows = 0;
            _step.LearningRate = Math.Max(plateau.Lowest, plateau.Factor * _step.LearningRate);
        }
    }

    private void StopEarly()
    {
        if (_state.Early.Rows >= _options.EarlyStopping?.Patience)
            Stop(FitEnd.EarlyStopped, $"'{_monitor}' did not improve in {_state.Early.Rows} rows of the history");
    }

    private void KeepBest()
    {
        if (_best is null) _best = _variables.Snapshot();
        else _best.Update();
    }

    private double? Rate() => _step.HasLearningRate ? _step.LearningRate : null;

    private void Report(long now, HistoryRow? row, string? end)
    {
        if (_options.Progress is not { } progress) return;
        var seconds = Stopwatch.GetElapsedTime(_lastReport, now).TotalSeconds;
        var rate = seconds > 0 ? (_state.Step - _stepAtReport) / seconds : 0;
        (_lastReport, _stepAtReport) = (now, _state.Step);
        var loss = row?.Loss ?? (_state.LossRows > 0 ? _state.Loss : _state.Rows.LastOrDefault()?.Loss ?? double.NaN);
        progress.Report(new(_state.Epoch, _options.Epochs, _state.Step, StepsInAll(), loss, row?.LearningRate ?? Rate(), rate,
            TimeSpan.FromSeconds(Seconds(now)), row, end));
    }

    private long? StepsInAll()
    {
        var ofEpochs = _options.Epochs * _data.Count;
        return _options.Steps is { } steps ? Math.Min(steps, ofEpochs ?? steps) : ofEpochs;
    }
}
