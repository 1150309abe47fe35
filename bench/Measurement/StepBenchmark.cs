using GraphCompiler.Bench.Peers;
using GraphCompiler.Bench.Suite;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;

namespace GraphCompiler.Bench.Measurement;

/// <summary>How long the sides take for a step: first they must agree, then they are timed in turn, in one process.</summary>
/// <param name="Peers">The sides beside the compiled one.</param>
/// <param name="Threads">Of each side that can use several.</param>
/// <param name="Rounds">Timed turns of each side; the median counts.</param>
/// <param name="Turn">The length of one turn.</param>
/// <param name="WarmUp">Untimed steps of each side, so that background compilation is over.</param>
internal sealed record StepBenchmark(IReadOnlyList<string> Peers, int Threads, int Rounds, TimeSpan Turn, TimeSpan WarmUp)
{
    public const int CheckedSteps = 20;
    private const int BatchCount = 4;

    /// <summary>Of the compiled side.</summary>
    public Precision Precision { get; init; }

    /// <summary>How far losses may be apart, relative: the other sides compute in f32.</summary>
    public double Tolerance => Precision == Precision.BFloat16 ? 2e-2 : 1e-3;

    public Row Measure(SuiteModel model)
    {
        Batch[] batches = [.. Enumerable.Range(0, BatchCount).Select(model.CreateBatch)];
        using var compiled = new CompiledPeer(model, batches, Threads, precision: Precision);
        var others = Peer.Of(model, Peers).Select(p => Peer.Create(p, model, batches, Threads)).ToArray();
        try
        {
            IPeer[] sides = [compiled, .. others];
            var (difference, where) = LossDifference(sides);
            var row = new Row
            {
                Name = model.Name,
                Threads = Threads,
                CompileMs = compiled.CompileTime.TotalMilliseconds,
                CompileWarmMs = CompileAgain(model, batches),
                ArenaBytes = compiled.ArenaBytes,
                ValueBytes = compiled.ValueBytes,
                KeepAllBytes = compiled.KeepAllBytes,
                LossMaxRelDiff = difference,
                Flops = Flops(model),
            };
            if (!(difference <= Tolerance))
                return row with { Failure = $"losses differ by {difference:g3} relative, more than {Tolerance:g1}, at {where}" };
            var timing = new PairedTiming(Rounds, Turn, WarmUp);
            var times = timing.Measure([.. sides.Select(s => (Action<int>)(i => s.Step(i % BatchCount)))]);
            double[]? Of(string name) => Array.FindIndex(sides, s => s.Name == name) is >= 0 and var i ? times[i] : null;
            double? MedianOf(string name) => Of(name) is { } t ? PairedTiming.Median(t) : null;
            double? OverCompiled(string name) => Of(name) is { } t ? PairedTiming.MedianRatio(t, times[0]) : null;
            Spread? SpreadOf(string name) => Of(name) is { } t ? Spread.Of(t, times[0]) : null;
            return row with
            {
                CompiledUs = PairedTiming.Median(times[0]),
                CompiledFastestUs = times[0].Min(),
                TapeUs = MedianOf(Peer.Tape),
                TorchUs = MedianOf(Peer.Torch),
                TapeOverCompiled = OverCompiled(Peer.Tape),
                TorchOverCompiled = OverCompiled(Peer.Torch),
                F32Us = MedianOf(Peer.Float32),
                F32OverCompiled = OverCompiled(Peer.Float32),
                TapeOverCompiledSpread = SpreadOf(Peer.Tape),
                TorchOverCompiledSpread = SpreadOf(Peer.Torch),
                F32OverCompiledSpread = SpreadOf(Peer.Float32),
            };
        }
        finally
        {
            foreach (var other in others) other.Dispose();
        }
    }

    private double CompileAgain(SuiteModel model, Batch[] batches)
    {
        using var again = new CompiledPeer(model, batches, Threads, precision: Precision);
        return again.CompileTime.TotalMilliseconds;
    }

    /// <summary>The largest relative difference between any side's loss and the compiled one's, and where it was; NaN if any loss
    /// is.</summary>
    private static (double Largest, string Where) LossDifference(IPeer[] sides)
    {
        // One side after the other: a step that finds another side's threads spinning learns that threads do not pay.
        float[][] losses = [.. sides.Select(LossesOf)];
        var (largest, where) = (0.0, "");
        for (var step = 0; step < CheckedSteps; step++)
            foreach (var ofSide in losses)
            {
                var (loss, expected) = ((double)ofSide[step], (double)losses[0][step]);
                var difference = Math.Abs(loss - expected) / Math.Max(Math.Abs(expected), 1e-6);
                if (!(difference > largest) && !double.IsNaN(difference)) continue;
                (largest, where) = (Math.Max(largest, difference),
                    $"step {step + 1}: {string.Join(", ", sides.Select((s, i) => $"{s.Name} {losses[i][step]}"))}");
            }
        return (largest, where);
    }

    private static float[] LossesOf(IPeer side) => [.. Enumerable.Range(0, CheckedSteps).Select(step =>
    {
        side.Step(step % BatchCount);
        return side.Loss;
    })];

    // Tangents of several directions repeat one another. Not canonicalized: a convolution's dX is then windows of products that are added,
    // and becomes a contraction that also multiplies the zeros around and between the cotangent's elements.
    private static double Flops(SuiteModel model) => Distinct(model.Declare().Plan().Function).Operations
        .Where(o => o.Op == DotGeneral.Instance).Sum(o =>
        {
            var axes = DotGeneral.Axes.Of(o.Attributes);
            return axes.ContractX.Aggregate(2.0 * o.Result.Shape.ElementCount, (n, axis) => n * o.Operands[0].Shape[axis]);
        });

    private static Function Distinct(Function function)
    {
        IPass[] passes = [new CommonSubexpressions(), new DeadCodeElimination()];
        return passes.Aggregate(function, (f, pass) => pass.Run(f, new PassContext()));
    }
}
