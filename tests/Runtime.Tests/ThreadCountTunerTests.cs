using System.Diagnostics;
using Xunit;

namespace GraphCompiler.Runtime.Tests;

/// <summary>How many threads run a step: all, or the caller's alone. Durations are given, not measured.</summary>
public class ThreadCountTunerTests
{
    private static readonly long s_microsecond = Stopwatch.Frequency / 1_000_000;

    // Runs steps of the given durations, and counts those of all threads.
    private static int Run(ref ThreadCountTuner tuner, int steps, long all, long one)
    {
        var byAll = 0;
        for (var i = 0; i < steps; i++)
        {
            var usesAll = tuner.UsesAllThreads;
            if (usesAll) byAll++;
            tuner.Ran(tuner.Times ? (usesAll ? all : one) * s_microsecond : 0);
        }
        return byAll;
    }

    [Theory]
    [InlineData(100, 160)]
    [InlineData(10, 1_000)]
    public void The_faster_way_runs_nearly_all_steps(long fast, long slow)
    {
        var tuner = new ThreadCountTuner();
        Assert.InRange(Run(ref tuner, 10_000, all: fast, one: slow), 9_600, 10_000);
        tuner = new ThreadCountTuner();
        Assert.InRange(Run(ref tuner, 10_000, all: slow, one: fast), 0, 400);
    }

    [Theory]
    [InlineData(1_000, 1_000)]
    [InlineData(1_000, 1_031)] // Less than a thirty-second saved.
    [InlineData(1_010, 1_000)]
    public void A_tie_is_one_threads(long all, long one)
    {
        var tuner = new ThreadCountTuner();
        Assert.InRange(Run(ref tuner, 10_000, all, one), 0, 400);
        // Also where all ran before.
        tuner = new ThreadCountTuner();
        Run(ref tuner, 10_000, all: one, one: 2 * one);
        Run(ref tuner, 100_000, all, one);
        Assert.InRange(Run(ref tuner, 10_000, all, one), 0, 400);
    }

    [Fact]
    public void A_neighbour_that_slows_all_threads_leaves_one()
    {
        var tuner = new ThreadCountTuner();
        var byAll = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var usesAll = tuner.UsesAllThreads;
            if (usesAll) byAll++;
            // Of all threads' steps every third waits for the neighbour's time slice to end.
            tuner.Ran(tuner.Times ? (usesAll ? i % 3 == 0 ? 4_000 : 90 : 160) * s_microsecond : 0);
        }
        Assert.InRange(byAll, 0, 800);
    }

    [Fact]
    public void A_change_is_noticed_within_a_tenth_of_a_second()
    {
        var tuner = new ThreadCountTuner();
        Run(ref tuner, 100_000, all: 100, one: 200);
        Run(ref tuner, 1_100, all: 500, one: 200);
        Assert.InRange(Run(ref tuner, 100, all: 500, one: 200), 0, 10);
        Run(ref tuner, 100_000, all: 500, one: 200);
        Run(ref tuner, 1_100, all: 100, one: 200);
        Assert.InRange(Run(ref tuner, 100, all: 100, one: 200), 90, 100);
    }

    [Fact]
    public void One_interrupted_step_does_not_change_the_choice()
    {
        var tuner = new ThreadCountTuner();
        for (var i = 0; i < 100; i++)
        {
            // The fourth step of the trial of all threads waits for another program.
            var ticks = i == 3 ? 4_000 : tuner.UsesAllThreads ? 100 : 160;
            tuner.Ran(tuner.Times ? ticks * s_microsecond : 0);
        }
        Assert.True(tuner.UsesAllThreads);
    }

    [Theory]
    [InlineData(60_000, 120_000)]
    [InlineData(5_000, 60_000)]
    public void Trying_costs_less_than_a_hundredth(long all, long one)
    {
        var tuner = new ThreadCountTuner();
        // The first trials come after 5 steps each way: 2 to settle and 3 that are timed.
        Assert.Equal(5, Run(ref tuner, 10, all, one));
        Assert.False(tuner.Tries);
        const int Steps = 20_000;
        var byAll = Run(ref tuner, Steps, all, one);
        Assert.True((Steps - byAll) * (one - all) < 0.01 * Steps * all, $"{Steps - byAll} steps on one");
        Assert.NotEqual(Steps, byAll);
    }

    [Fact]
    public void A_cold_start_does_not_send_the_other_threads_away()
    {
        var tuner = new ThreadCountTuner();
        // Whatever is tried first finds its data in memory.
        Assert.Equal(5, Run(ref tuner, 5, all: 1_000, one: 160));
        var byAll = Run(ref tuner, 1_000, all: 100, one: 160);
        Assert.InRange(byAll, 900, 1_000);
    }

    [Fact]
    public void A_frozen_choice_stays()
    {
        var tuner = new ThreadCountTuner();
        Run(ref tuner, 200, all: 100, one: 50);
        tuner.IsFrozen = true;
        Assert.Equal(0, Run(ref tuner, 100_000, all: 10, one: 50));
        tuner.IsFrozen = false;
        Assert.InRange(Run(ref tuner, 100_000, all: 10, one: 50), 90_000, 100_000);
    }
}
