using GraphCompiler.Bench.Measurement;
using GraphCompiler.Bench.Peers;
using GraphCompiler.Runtime;
using Xunit;

namespace GraphCompiler.Bench.Tests;

/// <summary>What figures are made of: percentiles, peaks, levels, and pairs of processors. Measurements are given.</summary>
public sealed class FiguresTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.1, 1.4)]
    [InlineData(0.5, 3)]
    [InlineData(0.9, 4.6)]
    [InlineData(1, 5)]
    public void A_percentile_is_interpolated(double part, double expected) =>
        Assert.Equal(expected, Spread.Percentile([5, 1, 4, 2, 3], part), 1e-12);

    [Fact]
    public void A_spread_is_of_the_ratios_of_each_round()
    {
        Assert.Equal(new Spread(2, 2), Spread.Of([2, 20, 200], [1, 10, 100]));
        Assert.Equal(new Spread(7, 7), Spread.Of([7], [1]));
    }

    private static Peaks Measured(params double[] gigaflops)
    {
        var next = 0;
        var peaks = new Peaks(() => new Roofline(gigaflops[next++], 50));
        foreach (var _ in gigaflops) peaks.Measure();
        return peaks;
    }

    [Theory]
    [InlineData(100, 85.1, true)]
    [InlineData(85.1, 100, true)]
    [InlineData(100, 84.9, false)]
    [InlineData(84.9, 100, false)]
    public void Peaks_that_differ_by_more_than_15_percent_are_not_steady(double first, double second, bool areSteady)
    {
        var peaks = Measured(first, second);
        Assert.Equal(areSteady, peaks.AreSteady);
        Assert.Equal(areSteady, !peaks.Describe().Contains("NOT STEADY", StringComparison.Ordinal));
        Assert.Equal(100, peaks.Best!.Gigaflops);
    }

    [Fact]
    public void Memory_that_changes_is_not_steady_either()
    {
        var next = 0;
        var peaks = new Peaks(() => new Roofline(100, next++ == 1 ? 20 : 50));
        for (var i = 0; i < 3; i++) peaks.Measure();
        Assert.Equal(0.6, peaks.Difference, 1e-12);
        Assert.Equal(50, peaks.Best!.Gigabytes);
    }

    [Fact]
    public void A_fraction_beyond_the_peak_is_none()
    {
        var peaks = Measured(80, 100, 90);
        Assert.Equal(0.95, peaks.FractionOf(95));
        Assert.Equal(1, peaks.FractionOf(100));
        Assert.Null(peaks.FractionOf(121));
        Assert.Null(peaks.FractionOf(0));
        var run = Run.Of(new("cpu", [], [], new Dictionary<string, string>()), peaks,
            [
                new() { Name = "slow", Threads = 1, Flops = 50e3, CompiledUs = 4, CompiledFastestUs = 1 },
                new() { Name = "wrong", Threads = 1, Flops = 121e3, CompiledUs = 4, CompiledFastestUs = 1 },
                new() { Name = "of an old file", Threads = 1, Flops = 50e3, CompiledUs = 1 },
            ]);
        // Of the fastest round: the median may have been disturbed where the best peak was not.
        Assert.Equal([0.5, null, null], run.Rows.Select(r => r.FractionOfPeak));
        Assert.False(run.IsSteady);
    }

    [Fact]
    public void Levels_follow_from_flags()
    {
        string[] v2 = ["cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3"];
        string[] v3 = [.. v2, "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"];
        Assert.Empty(Machine.LevelsOf(new HashSet<string>(["sse2"])));
        Assert.Equal(["x86-64-v2"], Machine.LevelsOf(v2.ToHashSet()));
        Assert.Equal(["x86-64-v2", "x86-64-v3"], Machine.LevelsOf(v3.ToHashSet()));
        // Of AVX-512 only a part: no level, as with AVX2 missing.
        Assert.Equal(["x86-64-v2", "x86-64-v3", "avx512_bf16"], Machine.LevelsOf(v3.Append("avx512f").Append("avx512_bf16").ToHashSet()));
        Assert.Equal(["x86-64-v2"], Machine.LevelsOf(v3.Where(f => f != "fma").ToHashSet()));
    }

    [Fact]
    public void A_level_confines_every_side()
    {
        var v3 = Level.VariablesOf("v3");
        Assert.Equal(("x86-64-v3", "avx2", "AVX2", "AVX2", "0"), (v3["GRAPHCOMPILER_TARGET"], v3["ATEN_CPU_CAPABILITY"],
            v3["ONEDNN_MAX_CPU_ISA"], v3["MKL_ENABLE_INSTRUCTIONS"], v3["DOTNET_EnableAVX512"]));
        Assert.Equal("default", Level.VariablesOf("v2")["ATEN_CPU_CAPABILITY"]);
        Assert.DoesNotContain("ATEN_CPU_CAPABILITY", Level.VariablesOf("v4").Keys);
        Assert.Equal("native", Level.VariablesOf("native")["GRAPHCOMPILER_TARGET"]);
        Assert.Equal(7, Level.Run(null, [], () => 7));
    }

    [Fact]
    public void Pairs_of_processors_are_one_for_each_distance()
    {
        (int, string, string, string)[] processors =
        [
            (0, "0,1", "0-3", "0"), (1, "0,1", "0-3", "0"), (2, "2", "0-3", "0"), (3, "3", "0-3", "0"), (4, "4", "4-7", "0"),
            (8, "8", "8", "1"),
        ];
        Assert.Equal([(0, 1), (0, 2), (0, 4), (0, 8)], BarrierCost.Pairs(processors).Select(p => (p.First, p.Second)));
        Assert.Empty(BarrierCost.Pairs(processors[..1]));
        Assert.Empty(BarrierCost.Pairs([]));
    }

    [Fact]
    public void A_barrier_costs_something_on_two_workers_and_is_not_measured_on_one()
    {
        Assert.Empty(BarrierCost.Measure(1));
        var costs = BarrierCost.Measure(2);
        Assert.StartsWith("2 workers", costs[0].Where, StringComparison.Ordinal);
        Assert.All(costs, c => Assert.True(c.Nanoseconds > 0 && c.Spread.P10 <= c.Nanoseconds && c.Nanoseconds <= c.Spread.P90));
    }

    [Fact]
    public void A_run_says_what_each_side_used()
    {
        var machine = Machine.OfThisProcess([Peer.Tape, Peer.Torch]);
        Assert.Equal([Peer.Compiled, Peer.Tape, Peer.Torch], machine.Sides.Keys.Order(StringComparer.Ordinal));
        Assert.Contains(machine.Sides[Peer.Torch], (string[])["DEFAULT", "AVX2", "AVX512"]);
        Assert.All(machine.Caches, c => Assert.True(c >= 4096));
    }
}
