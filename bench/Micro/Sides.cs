using BenchmarkDotNet.Attributes;
using GraphCompiler.Bench.Torch;
using static TorchSharp.torch;

namespace GraphCompiler.Bench.Micro;

/// <summary>A case on each side; the ratio column is the side's time over the compiled one's.</summary>
public class Sides : IDisposable
{
    private const double Tolerance = 2e-3;

    private CompiledFunction _compiled = null!;
    private float[][] _operands = [];
    private float[][] _results = [];
    private Tensor[] _tensors = [];

    /// <summary>What is run; the verb sets it.</summary>
    internal static IReadOnlyList<MicroCase> Selected { get; set; } = [];

    /// <summary>Threads of each side; the verb sets it.</summary>
    internal static int Threads { get; set; } = 1;

    /// <summary>For BenchmarkDotNet.</summary>
    public static IEnumerable<MicroCase> Cases => Selected;

    /// <summary>What is measured.</summary>
    [ParamsSource(nameof(Cases))]
    public MicroCase Case { get; set; } = null!;

    /// <summary>Runs each side of a case once.</summary>
    /// <exception cref="InvalidOperationException">Their results differ.</exception>
    internal static void RequireAgreement(MicroCase @case)
    {
        using var sides = new Sides { Case = @case };
        sides.SetUp();
    }

    /// <summary>Makes every side, runs it once, and checks that results agree.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        _compiled = new CompiledFunction(Case, Threads);
        _operands = Case.CreateOperands();
        _results = [.. Case.Results.Select((r, i) => Case.Replaced[i] >= 0 ? _operands[Case.Replaced[i]] : new float[r.ElementCount])];
        Compiled();
        Tensors();
        for (var i = 0; i < _results.Length; i++) RequireAgreement("TensorPrimitives", i, _results[i]);
        if (LibTorch.Unavailable is null) SetUpTorch();
    }

    /// <summary>Frees native memory.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        if (LibTorch.Unavailable is null) set_grad_enabled(true);
        _compiled.Dispose();
        foreach (var tensor in _tensors) tensor.Dispose();
    }

    /// <summary>This project.</summary>
    [Benchmark(Baseline = true)]
    public void Compiled() => _compiled.Run();

    /// <summary>System.Numerics.Tensors, and the tape's product.</summary>
    [Benchmark]
    public void Tensors() => Case.Tensors(_operands, _results);

    /// <summary>libtorch.</summary>
    [Benchmark]
    public void Torch()
    {
        using var scope = NewDisposeScope();
        Case.Torch(_tensors);
    }

    private void SetUpTorch()
    {
        set_num_threads(Threads);
        set_grad_enabled(Case.NeedsGradient);
        _tensors = [.. Case.CreateOperands().Select((o, i) => tensor(o, [.. Case.Operands[i].Select(n => (long)n)], requires_grad: Case.NeedsGradient && i == 0))];
        using var scope = NewDisposeScope();
        var results = Case.Torch(_tensors);
        for (var i = 0; i < results.Length; i++) RequireAgreement("libtorch", i, results[i].detach().contiguous().data<float>().ToArray());
    }

    // Relative to the largest element: small ones are differences of large ones in products and normalizations.
    private void RequireAgreement(string side, int result, float[] elements)
    {
        var expected = _compiled.Result(result);
        var (largest, difference) = (0.0, 0.0);
        for (var i = 0; i < expected.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(expected[i]));
            difference = Math.Max(difference, double.IsNaN(expected[i] - elements[i]) ? double.PositiveInfinity : Math.Abs(expected[i] - elements[i]));
        }
        if (difference > Tolerance * largest)
            throw new InvalidOperationException($"{Case.Name}: result {result} of {side} differs by {difference:g3}, elements being up to {largest:g3}");
    }
}
