using GraphCompiler.Bench.Suite;

namespace GraphCompiler.Bench.Peers;

/// <summary>The project's own eager tape: what a dynamic framework in managed code can do. It runs on one thread.</summary>
internal sealed class TapePeer : IPeer
{
    private readonly Batch[] _batches;
    private readonly Tape.Tape _tape;

    public TapePeer(SuiteModel model, Batch[] batches)
    {
        _batches = batches;
        var declared = model.Declare();
        _tape = new Tape.Tape(declared.Graph, declared.Loss, declared.Optimizer);
    }

    public string Name => Peer.Tape;
    public float Loss => _tape.Loss;

    public void Step(int batch)
    {
        var (features, targets) = ((float[])_batches[batch].Features, _batches[batch].Targets);
        if (targets is int[] labels) _tape.Run<int>(features, labels);
        else _tape.Run<float>(features, (float[])targets);
    }

    public void Dispose() { }
}
