using System.Diagnostics;
using System.Runtime.Intrinsics.X86;

namespace GraphCompiler.Runtime;

/// <summary>How a thread waits before it sleeps: it spins for 30 µs, then it yields the processor for 200 µs.</summary>
/// <remarks>See docs/adr/0012. Spinning answers within the time that a cache line takes from one processor to another; yielding lets
/// another thread run where there are more threads than processors, and costs next to nothing where there are not.</remarks>
internal struct Backoff
{
    private const int PausesPerLook = 8;

    // Longer than the gap between two steps of a training loop.
    private static readonly long s_spinTicks = Math.Max(1, Stopwatch.Frequency * 30 / 1_000_000);

    // Longer than a sleep and the wake-up that ends it.
    private static readonly long s_yieldTicks = Math.Max(1, Stopwatch.Frequency * 200 / 1_000_000);

    private long _yieldsFrom;

    /// <summary>For a thread that has spun already.</summary>
    public static Backoff Yielding() => new() { _yieldsFrom = Stopwatch.GetTimestamp() };

    /// <summary>Waits for a moment; false, without a wait, when it is time to sleep.</summary>
    public bool Wait()
    {
        var now = Stopwatch.GetTimestamp();
        if (_yieldsFrom == 0) _yieldsFrom = now + s_spinTicks;
        if (now - _yieldsFrom >= s_yieldTicks) return false;
        if (now < _yieldsFrom) Spin();
        else Thread.Yield();
        return true;
    }

    private static void Spin()
    {
        for (var i = 0; i < PausesPerLook; i++)
        {
            if (X86Base.IsSupported) X86Base.Pause();
            else Thread.SpinWait(1);
        }
    }
}
