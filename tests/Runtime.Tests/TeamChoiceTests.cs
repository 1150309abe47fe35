using System.Diagnostics;
using Xunit;

namespace GraphCompiler.Runtime.Tests;

/// <summary>Who runs a step: the team, or the caller alone. Durations are given, not measured.</summary>
public class TeamChoiceTests
{
    private static readonly long s_microsecond = Stopwatch.Frequency / 1_000_000;

    // Runs steps of the given durations, and counts those of the team.
    private static int Run(ref TeamChoice choice, int steps, long team, long alone)
    {
        var byTeam = 0;
        for (var i = 0; i < steps; i++)
        {
            var usesTeam = choice.UsesTeam;
            if (usesTeam) byTeam++;
            choice.Ran(choice.Times ? (usesTeam ? team : alone) * s_microsecond : 0);
        }
        return byTeam;
    }

    [Theory]
    [InlineData(100, 160)]
    [InlineData(10, 1_000)]
    public void The_faster_way_runs_nearly_all_steps(long fast, long slow)
    {
        var choice = new TeamChoice();
        Assert.InRange(Run(ref choice, 10_000, team: fast, alone: slow), 9_600, 10_000);
        choice = new TeamChoice();
        Assert.InRange(Run(ref choice, 10_000, team: slow, alone: fast), 0, 400);
    }

    [Fact]
    public void A_change_is_noticed_within_a_tenth_of_a_second()
    {
        var choice = new TeamChoice();
        Run(ref choice, 100_000, team: 100, alone: 200);
        Run(ref choice, 1_100, team: 500, alone: 200);
        Assert.InRange(Run(ref choice, 100, team: 500, alone: 200), 0, 10);
        Run(ref choice, 100_000, team: 500, alone: 200);
        Run(ref choice, 1_100, team: 100, alone: 200);
        Assert.InRange(Run(ref choice, 100, team: 100, alone: 200), 90, 100);
    }

    [Fact]
    public void One_interrupted_step_does_not_change_the_choice()
    {
        var choice = new TeamChoice();
        for (var i = 0; i < 100; i++)
        {
            // The fourth step of the team's trial waits for another program.
            var ticks = i == 3 ? 4_000 : choice.UsesTeam ? 100 : 160;
            choice.Ran(choice.Times ? ticks * s_microsecond : 0);
        }
        Assert.True(choice.UsesTeam);
    }

    [Theory]
    [InlineData(60_000, 120_000)]
    [InlineData(5_000, 60_000)]
    public void Trying_costs_less_than_a_hundredth(long team, long alone)
    {
        var choice = new TeamChoice();
        // The first trials come after 5 steps each way: 2 to settle and 3 that are timed.
        Assert.Equal(5, Run(ref choice, 10, team, alone));
        Assert.False(choice.Tries);
        const int Steps = 20_000;
        var byTeam = Run(ref choice, Steps, team, alone);
        Assert.True((Steps - byTeam) * (alone - team) < 0.01 * Steps * team, $"{Steps - byTeam} steps alone");
        Assert.NotEqual(Steps, byTeam);
    }

    [Fact]
    public void A_cold_start_does_not_send_the_team_away()
    {
        var choice = new TeamChoice();
        // Whatever is tried first finds its data in memory.
        Assert.Equal(5, Run(ref choice, 5, team: 1_000, alone: 160));
        var byTeam = Run(ref choice, 1_000, team: 100, alone: 160);
        Assert.InRange(byTeam, 900, 1_000);
    }

    [Fact]
    public void A_frozen_choice_stays()
    {
        var choice = new TeamChoice();
        Run(ref choice, 200, team: 100, alone: 50);
        choice.IsFrozen = true;
        Assert.Equal(0, Run(ref choice, 100_000, team: 10, alone: 50));
        choice.IsFrozen = false;
        Assert.InRange(Run(ref choice, 100_000, team: 10, alone: 50), 90_000, 100_000);
    }
}
