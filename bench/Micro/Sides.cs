using GraphCompiler.Bench.Measurement;
using GraphCompiler.Bench.Peers;
using GraphCompiler.IR;
using static TorchSharp.torch;

namespace GraphCompiler.Bench.Micro;

/// <summary>A case on each side: this project; System.Numerics.Tensors, and the tape's matmul; libtorch, where it is available.</summary>
internal sealed class Sides : IDisposable
{
    private const double Tolerance = 2e-3;

    private readonly int _threads;
    private readonly bool _hasTorch;
    private readonly Action<float[][], float[][]>? _runTensors;
    private readonly CompiledCase _compiled;
    private readonly float[][] _operands;
    private readonly float[][] _results;
    private Tensor[] _tensors = [];

    /// <summary>Makes every side, runs it once, and checks that results agree.</summary>
    /// <param name="case">What is measured.</param>
    /// <param name="threads">Of each side.</param>
    /// <param name="peers">The sides beside the compiled one: <see cref="Peer.Tape"/>, <see cref="Peer.Torch"/>.</param>
    /// <exception cref="InvalidOperationException">They differ.</exception>
    public Sides(MicroCase @case, int threads, string[] peers)
    {
        (Case, _threads, _hasTorch) = (@case, threads, peers.Contains(Peer.Torch));
        _runTensors = peers.Contains(Peer.Tape) ? Case.Tensors : null;
        _compiled = new CompiledCase(Case, threads);
        _operands = Case.CreateOperands();
        _results = [.. Case.Results.Select((r, i) => Case.Replaced[i] >= 0 ? _operands[Case.Replaced[i]] : new float[r.ElementCount])];
        _compiled.Run();
        if (_runTensors is { } tensors)
        {
            tensors(_operands, _results);
            for (var i = 0; i < _results.Length; i++) RequireAgreement("TensorPrimitives", i, _results[i]);
        }
        if (_hasTorch) SetUpTorch();
    }

    /// <summary>What is measured.</summary>
    public MicroCase Case { get; }

    /// <summary>Microseconds that each side took, by round: compiled, TensorPrimitives and libtorch, null for one that there is
    /// not.</summary>
    public double[]?[] Measure(PairedTiming timing)
    {
        Action<int>?[] sides = [_ => _compiled.Run(), _runTensors is { } tensors ? _ => tensors(_operands, _results) : null,
            _hasTorch ? _ => RunTorch() : null];
        var times = new Queue<double[]>(timing.Measure([.. sides.OfType<Action<int>>()]));
        return [.. sides.Select(s => s is null ? null : times.Dequeue())];
    }

    /// <summary>Frees native memory.</summary>
    public void Dispose()
    {
        if (_hasTorch) set_grad_enabled(true);
        _compiled.Dispose();
        foreach (var tensor in _tensors) tensor.Dispose();
    }

    private void RunTorch()
    {
        using var scope = NewDisposeScope();
        Case.Torch(_tensors);
    }

    private void SetUpTorch()
    {
        set_num_threads(_threads);
        set_grad_enabled(Case.NeedsGradient);
        _tensors = [.. Case.CreateOperands().Select((o, i) =>
            tensor(o, [.. Case.Operands[i].Select(n => (long)n)], Case.DType == DType.F64 ? float64 : float32,
                requires_grad: Case.NeedsGradient && i < Case.Differentiated))];
        using var scope = NewDisposeScope();
        var operands = Case.TorchOperands(_tensors);
        foreach (var tensor in operands) tensor.DetachFromDisposeScope();
        foreach (var tensor in _tensors.Except(operands)) tensor.Dispose();
        _tensors = operands;
        var results = Case.Torch(_tensors);
        for (var i = 0; i < results.Length; i++)
            RequireAgreement("libtorch", i, results[i].detach().to(float32).contiguous().data<float>().ToArray());
    }

    // Relative to the largest element: small ones are differences of large ones in matmuls and normalizations.
    private void RequireAgreement(string side, int result, float[] elements)
    {
        var expected = _compiled.Result(result);
        var (largest, difference) = (0.0, 0.0);
        for (var i = 0; i < expected.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(expected[i]));
            difference = Math.Max(difference, double.IsNaN(expected[i] - elements[i]) ? double.PositiveInfinity
                : Math.Abs(expected[i] - elements[i]));
        }
        if (difference > Tolerance * largest)
            throw new InvalidOperationException(
                $"{Case.Name}: result {result} of {side} differs by {difference:g3}, elements being up to {largest:g3}");
    }
}
