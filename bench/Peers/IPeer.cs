using GraphCompiler.Bench.Suite;

namespace GraphCompiler.Bench.Peers;

/// <summary>One side of the comparison: a model ready to train on a few batches that it holds.</summary>
internal interface IPeer : IDisposable
{
    /// <summary>How the side is called in results and on the command line.</summary>
    string Name { get; }

    /// <summary>A whole training step on a batch: forward, backward, update.</summary>
    void Step(int batch);

    /// <summary>The loss of the last step, before its update.</summary>
    float Loss { get; }
}

/// <summary>Makes the sides of a comparison.</summary>
internal static class Peer
{
    public const string Compiled = "compiled";
    public const string Tape = "tape";
    public const string Torch = "torch";

    /// <summary>The compiled step with products of f32, beside one of another precision.</summary>
    public const string Float32 = "f32";

    /// <summary>Those of <paramref name="peers"/> that can run the model.</summary>
    public static string[] Of(SuiteModel model, IEnumerable<string> peers) => [.. peers.Where(p => p != Tape || model.RunsOnTape)];

    public static IPeer Create(string name, SuiteModel model, Batch[] batches, int threads) => name switch
    {
        Compiled => new CompiledPeer(model, batches, threads),
        Tape => new TapePeer(model, batches),
        Torch => new TorchPeer(model, batches, threads),
        Float32 => new CompiledPeer(model, batches, threads) { Name = Float32 },
        _ => throw new ArgumentException($"no peer is named '{name}': {Compiled}, {Tape}, {Torch} or {Float32}", nameof(name)),
    };
}
