using System.Diagnostics;

namespace GraphCompiler.Runtime;

/// <summary>Decides for each step whether the whole team runs it or the caller alone: whichever took less time lately.</summary>
/// <remarks>
/// Whether sharing a step pays depends on what no compiler sees: how far apart the processors are (on a virtual machine that changes
/// by the second), whether another program uses them, whether the caller lets the workers fall asleep between steps. So now and then a
/// few steps are timed each way; in between nothing is timed. A step computes the same bits either way. See docs/adr/0007.
/// </remarks>
internal struct TeamChoice
{
    /// <summary>Steps at the beginning of a trial that are not timed: workers wake up, data moves between the caches.</summary>
    private const int Settling = 2;
    private const int LeastTimed = 3;
    private const int MostTimed = 32;

    /// <summary>Steps from one trial to the next: at least so many; twice as many each time that a trial confirms the choice.</summary>
    private const int LeastHeld = 128;

    private static readonly long s_trialTicks = Stopwatch.Frequency / 1000;
    private static readonly long s_heldTicks = Stopwatch.Frequency / 4;

    private Phase _phase;
    private Phase _last;
    private int _step;
    private Trial _trial;
    private long _teamTicks;
    private long _held;
    private long _left;

    // Trials come first in each round, so that a new step begins with one.
    private enum Phase
    {
        TryTeam, TryAlone, HoldTeam, HoldAlone
    }

    /// <summary>Whether the team runs the next step.</summary>
    public readonly bool UsesTeam => _phase is Phase.TryTeam or Phase.HoldTeam;

    /// <summary>Whether the next step's duration is wanted.</summary>
    public readonly bool Times => _phase <= Phase.TryAlone && _step >= Settling;

    /// <summary>Counts a step.</summary>
    /// <param name="ticks">How long it took, in units of <see cref="Stopwatch.Frequency"/>, if <see cref="Times"/> asked for that.</param>
    public void Ran(long ticks)
    {
        if (_phase > Phase.TryAlone)
        {
            if (--_left == 0) Begin(Phase.TryTeam);
            return;
        }
        if (_step++ >= Settling && _trial.IsOverWith(ticks)) End(_trial.Ticks);
    }

    private void Begin(Phase phase) => (_phase, _step, _trial) = (phase, 0, default);

    private void End(long ticks)
    {
        if (_phase == Phase.TryTeam)
        {
            _teamTicks = ticks;
            Begin(Phase.TryAlone);
            return;
        }
        var chosen = _teamTicks <= ticks ? Phase.HoldTeam : Phase.HoldAlone;
        var most = Math.Max(LeastHeld, s_heldTicks / Math.Max(Math.Min(_teamTicks, ticks), 1));
        _held = chosen == _last ? Math.Min(_held * 2, most) : LeastHeld;
        (_phase, _last, _left) = (chosen, chosen, _held);
    }

    /// <summary>Timed steps of one way.</summary>
    private struct Trial
    {
        private int _count;
        private long _sum;
        private long _longest;

        /// <summary>The mean but for the longest, which another program may have interrupted.</summary>
        public readonly long Ticks => (_sum - _longest) / (_count - 1);

        public bool IsOverWith(long ticks)
        {
            (_count, _sum, _longest) = (_count + 1, _sum + ticks, Math.Max(_longest, ticks));
            return _count == MostTimed || _count >= LeastTimed && _sum >= s_trialTicks;
        }
    }
}
