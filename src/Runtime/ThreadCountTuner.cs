using System.Diagnostics;

namespace GraphCompiler.Runtime;

/// <summary>Decides for each step whether all threads run it or the caller's alone: whichever took less time lately,
/// and the caller's where that is about the same.</summary>
/// <remarks>
/// Whether sharing a step pays depends on what no compiler sees: how far apart the processors are (on a virtual machine that changes
/// by the second), whether another program uses them, whether the caller lets the workers fall asleep between steps. So now and then a
/// few steps are timed each way; in between nothing is timed. A step computes the same bits either way. See docs/adr/0007.
/// </remarks>
internal struct ThreadCountTuner
{
    /// <summary>Steps at the beginning of a trial that are not timed: workers wake up, data moves between the caches.</summary>
    private const int Settling = 2;
    private const int LeastTimed = 3;
    private const int MostTimed = 32;

    /// <summary>Least steps from one trial to the next. There are more where the slower way would cost over a hundredth of the time, and
    /// twice as many each time that a trial confirms the choice.</summary>
    private const int LeastHeld = 128;
    private const int LeastHeldToTried = 100;

    /// <summary>All threads run a step if that saves at least this part of their time.</summary>
    private const int LeastSaved = 32;

    private static readonly long s_trialTicks = Stopwatch.Frequency / 1000;
    private static readonly long s_heldTicks = Stopwatch.Frequency / 10;

    private Phase _phase;
    private bool _prefersOne;
    private bool _doubts;
    private int _step;
    private Trial _trial;
    private Trial _all;
    private long _held;
    private long _left;

    // Trials come first in each round, so that a new step begins with one.
    private enum Phase
    {
        TryAll, TryOne, HoldAll, HoldOne
    }

    /// <summary>Whether all threads run the next step.</summary>
    public readonly bool UsesAllThreads => _phase is Phase.TryAll or Phase.HoldAll;

    /// <summary>Whether the next step's duration is wanted.</summary>
    public readonly bool Times => Tries && !IsFrozen && _step >= Settling;

    /// <summary>Whether both ways are being tried.</summary>
    public readonly bool Tries => _phase <= Phase.TryOne;

    /// <summary>Whether the choice stays as it is, for a profile of many steps.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>Counts a step.</summary>
    /// <param name="ticks">How long it took, in units of <see cref="Stopwatch.Frequency"/>, if <see cref="Times"/> asked for that.</param>
    public void Ran(long ticks)
    {
        if (IsFrozen) return;
        if (!Tries)
        {
            if (--_left == 0) Begin(Phase.TryAll);
            return;
        }
        if (_step++ >= Settling && _trial.IsOverWith(ticks)) End();
    }

    private void Begin(Phase phase) => (_phase, _step, _trial) = (phase, 0, default);

    private void End()
    {
        if (_phase == Phase.TryAll)
        {
            _all = _trial;
            Begin(Phase.TryOne);
            return;
        }
        // A tie is decided for one: threads that save less than a thirty-second are missed by whoever else needs the processors.
        var isOneFaster = _trial.Ticks <= _all.Ticks + _all.Ticks / LeastSaved;
        var isChange = isOneFaster != _prefersOne;
        // Caches may have been cold for the way that was tried first: a change takes two trials that agree.
        _doubts = isChange && !_doubts;
        if (_doubts)
        {
            Begin(Phase.TryAll);
            return;
        }
        var (fast, slow) = isOneFaster ? (_trial, _all) : (_all, _trial);
        var lost = (Settling + slow.Count) * (slow.Ticks - fast.Ticks);
        var least = Math.Max(LeastHeld, LeastHeldToTried * lost / Math.Max(fast.Ticks, 1));
        var most = Math.Max(least, s_heldTicks / Math.Max(fast.Ticks, 1));
        _held = isChange ? least : Math.Clamp(_held * 2, least, most);
        (_phase, _prefersOne, _left) = (isOneFaster ? Phase.HoldOne : Phase.HoldAll, isOneFaster, _held);
    }

    /// <summary>Timed steps of one way.</summary>
    private struct Trial
    {
        private long _sum;
        private long _longest;

        public int Count { get; private set; }

        /// <summary>The mean without the longest, which another program may have interrupted.</summary>
        public readonly long Ticks => (_sum - _longest) / (Count - 1);

        public bool IsOverWith(long ticks)
        {
            (Count, _sum, _longest) = (Count + 1, _sum + ticks, Math.Max(_longest, ticks));
            // The longest is not counted, so it does not end the trial either: a neighbour's time slice would be all that was seen.
            return Count == MostTimed || Count >= LeastTimed && _sum - _longest >= s_trialTicks;
        }
    }
}
