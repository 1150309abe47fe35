using GraphCompiler.Bench.Suite;
using GraphCompiler.Frontend;
using GraphCompiler.Passes;

namespace GraphCompiler.Bench.Peers;

/// <summary>The step that this project compiles.</summary>
internal sealed class CompiledPeer : IPeer
{
    private readonly Batch[] _batches;
    private readonly TrainingStep _step;

    public CompiledPeer(
        SuiteModel model, Batch[] batches, int threads, bool profile = false, Precision precision = Precision.Float32)
    {
        _batches = batches;
        var plan = model.Declare().Plan();
        _step = plan.Compile(new CompileOptions { Threads = threads, Profile = profile, Precision = precision });
    }

    public string Name { get; init; } = Peer.Compiled;
    public float Loss => _step.Loss;
    public TimeSpan CompileTime => _step.CompileTime;
    public long ArenaBytes => _step.ArenaBytes;
    public long ValueBytes => _step.ValueBytes;
    public long KeepAllBytes => _step.KeepAllBytes;

    public StepProfile Profile(int steps) => _step.Profile(steps, () => Step(0));

    public void Step(int batch)
    {
        var (features, targets) = _batches[batch];
        if (features is int[] tokens) _step.Run<int, int>(tokens, (int[])targets);
        else if (targets is int[] labels) _step.Run<float, int>((float[])features, labels);
        else _step.Run<float, float>((float[])features, (float[])targets);
    }

    public void Dispose() => _step.Dispose();
}
