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

    /// <summary>Steps from one trial to the next: at least so many, and so many that trying the slower way costs less than a hundredth of them;
    /// twice as many each time that a trial confirms the choice.</summary>
    private const int LeastHeld = 128;
    private const int LeastHeldToTried = 100;

    private static readonly long s_trialTicks = Stopwatch.Frequency / 1000;
    private static readonly long s_heldTicks = Stopwatch.Frequency / 10;

    private Phase _phase;
    private bool _prefersAlone;
    private bool _doubts;
    private int _step;
    private Trial _trial;
    private Trial _team;
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
    public readonly bool Times => Tries && !IsFrozen && _step >= Settling;

    /// <summary>Whether both ways are being tried.</summary>
    public readonly bool Tries => _phase <= Phase.TryAlone;

    /// <summary>Whether the choice stays as it is, for a profile of many steps.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>Counts a step.</summary>
    /// <param name="ticks">How long it took, in units of <see cref="Stopwatch.Frequency"/>, if <see cref="Times"/> asked for that.</param>
    public void Ran(long ticks)
    {
        if (IsFrozen) return;
        if (!Tries)
        {
            if (--_left == 0) Begin(Phase.TryTeam);
            return;
        }
        if (_step++ >= Settling && _trial.IsOverWith(ticks)) End();
    }

    private void Begin(Phase phase) => (_phase, _step, _trial) = (phase, 0, default);

    private void End()
    {
        if (_phase == Phase.TryTeam)
        {
            _team = _trial;
            Begin(Phase.TryAlone);
            return;
        }
        var isAloneFaster = _trial.Ticks < _team.Ticks;
        var isChange = isAloneFaster != _prefersAlone;
        // Caches may have been cold for the way that was tried first: a change takes two trials that agree.
        _doubts = isChange && !_doubts;
        if (_doubts)
        {
            Begin(Phase.TryTeam);
            return;
        }
        var (fast, slow) = isAloneFaster ? (_trial, _team) : (_team, _trial);
        var lost = (Settling + slow.Count) * (slow.Ticks - fast.Ticks);
        var least = Math.Max(LeastHeld, LeastHeldToTried * lost / Math.Max(fast.Ticks, 1));
        var most = Math.Max(least, s_heldTicks / Math.Max(fast.Ticks, 1));
        _held = isChange ? least : Math.Clamp(_held * 2, least, most);
        (_phase, _prefersAlone, _left) = (isAloneFaster ? Phase.HoldAlone : Phase.HoldTeam, isAloneFaster, _held);
    }

    /// <summary>Timed steps of one way.</summary>
    private struct Trial
    {
        private long _sum;
        private long _longest;

        public int Count { get; private set; }

        /// <summary>The mean but for the longest, which another program may have interrupted.</summary>
        public readonly long Ticks => (_sum - _longest) / (Count - 1);

        public bool IsOverWith(long ticks)
        {
            (Count, _sum, _longest) = (Count + 1, _sum + ticks, Math.Max(_longest, ticks));
            return Count == MostTimed || Count >= LeastTimed && _sum >= s_trialTicks;
        }
    }
}
