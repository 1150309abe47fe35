using GraphCompiler.Frontend;
using GraphCompiler.Runtime;

namespace GraphCompiler.Bench.Measurement;

/// <summary>The machine's limits, measured before, between and after the rows of a run: a machine that others use is slower in one moment
/// than in the next, and a fraction of a peak from a slow one may exceed 1.</summary>
/// <param name="measure">Measures them once; at the level of the code that is compiled.</param>
internal sealed class Peaks(Func<Roofline> measure)
{
    /// <summary>Peaks that differ by more make a run unsteady.</summary>
    public const double SteadyDifference = StepProfile.SteadyDifference;

    private readonly List<Roofline> _measured = [];

    public static Peaks Of(int threads) => new(() => Compiler.MeasureLimits(threads));

    /// <summary>How often they were measured.</summary>
    public int Count => _measured.Count;

    /// <summary>The best of what was measured; none before the first.</summary>
    public Roofline? Best { get; private set; }

    /// <summary>The largest difference of any from the best: 0.5 where one was half of it.</summary>
    public double Difference => _measured.Select(m => Best!.DifferenceFrom(m)).DefaultIfEmpty(0).Max();

    public bool AreSteady => Difference <= SteadyDifference;

    /// <summary>Measures again.</summary>
    public void Measure()
    {
        var measured = measure();
        _measured.Add(measured);
        Best = Best?.Best(measured) ?? measured;
    }

    /// <summary>The part of the best peak; null without operations, and where it would exceed 1: then the peak, or what is counted as
    /// operations, is wrong for it.</summary>
    public double? FractionOf(double gigaflops) =>
        gigaflops > 0 && Best is { } best && gigaflops <= best.Gigaflops ? gigaflops / best.Gigaflops : null;

    /// <summary>What stands below a table.</summary>
    public string Describe()
    {
        var text = $"Peaks, the best of {Count} before, between and after the rows: {Best!.Gigaflops:f0} GFLOP/s, {Best.Gigabytes:f0} GB/s "
            + $"of memory; they differ by {Difference:p0}.";
        return AreSteady ? text : text + $" NOT STEADY: more than {SteadyDifference:p0}, so compare no times or fractions of this run, and "
            + "ratios with care.";
    }
}
