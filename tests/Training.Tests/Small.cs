using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Metrics;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using GraphCompiler.Training.Data;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Training.Tests;

/// <summary>A model that is compiled in a moment, with examples that it can learn.</summary>
internal sealed class Small : IDisposable
{
    public const int BatchSize = 8, Features = 3;

    private readonly GraphBuilder _graph = new("small", seed: 2);
    private readonly VariableSnapshot _first;
    private readonly Value _prediction, _target;

    public Small(double rate = 0.05, bool isSettable = true)
    {
        var (x, y) = (_graph.Input("x", F32[BatchSize, Features]), _graph.Input("y", F32[BatchSize, 1]));
        _prediction = x.Dense(4, "hidden").Tanh().Dropout(0.1).Dense(1, "output");
        (Loss, _target) = (_prediction.MeanSquaredError(y), y);
        var optimizer = new Adam(isSettable ? Schedule.Settable(rate) : rate);
        Plan = _graph.Minimize(Loss, optimizer);
        Step = Plan.Compile(new CompileOptions { Threads = 1 });
        _first = Step.Variables.Snapshot();
        Judge = _graph.Compile(Step.Variables, ("error", Loss), ("all", x));
    }

    /// <summary>All variables as they were at first.</summary>
    public void Reset() => Step.Variables.Restore(_first);

    public Value Loss { get; }

    public TrainingPlan Plan { get; }

    public TrainingStep Step { get; }

    public CompiledFunction Judge { get; }

    /// <summary>Metrics: the error, R², and how often signs are confused.</summary>
    public CompiledFunction Evaluate() => _graph.Evaluation(("error", Metric.Mean(Loss)), ("r2", Metric.RSquared(_prediction, _target)),
        ("signs", Metric.ConfusionMatrix(_prediction, (_target > 0).ConvertTo(I32)))).Compile(store: Step.Variables);

    public static Table Data(int count, ulong seed = 3)
    {
        var (x, y, random) = (new float[count * Features], new float[count], new CounterRandom(seed));
        foreach (ref var e in x.AsSpan()) e = 2 * random.NextSingle() - 1;
        for (var i = 0; i < count; i++) y[i] = x[3 * i] - 0.5f * x[3 * i + 1];
        return Table.Empty.With("x", x, Features).With("y", y);
    }

    /// <summary>The bits of all variables, and of what was measured.</summary>
    public string Bits(History history)
    {
        using var stream = new MemoryStream();
        Step.Variables.Save(stream);
        return System.Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(stream.ToArray()))
            + string.Concat(history.Rows.Select(r => $" {r.Epoch}/{r.Step}/{r.Loss:R}/{r.LearningRate:R}/{string.Join(",", r.Metrics)}"));
    }

    public void Dispose()
    {
        Judge.Dispose();
        Step.Dispose();
    }
}
