using System.Diagnostics;

namespace GraphCompiler.Bench.Measurement;

/// <summary>Times several sides in turn in one process, so that what slows the machine for a while slows all of them.</summary>
/// <param name="Rounds">Timed turns of each side.</param>
/// <param name="Turn">The length of one turn.</param>
/// <param name="WarmUp">Untimed work of each side before the first, so that background compilation is over.</param>
internal sealed record PairedTiming(int Rounds, TimeSpan Turn, TimeSpan WarmUp)
{
    private const int UntimedCalls = 20;
    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(50);

    /// <summary>Microseconds that a call took, by side and round.</summary>
    /// <param name="sides">What is called, with the number of the call.</param>
    public double[][] Measure(IReadOnlyList<Action<int>> sides)
    {
        var calls = sides.Select(WarmUpAndCount).ToArray();
        var times = sides.Select(_ => new double[Rounds]).ToArray();
        for (var round = 0; round < Rounds; round++)
            for (var i = 0; i < sides.Count; i++) times[i][round] = Time(sides[i], calls[i]);
        return times;
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>The median of the rounds' ratios.</summary>
    public static double MedianRatio(IEnumerable<double> side, IEnumerable<double> other) => Median(side.Zip(other, (a, b) => a / b));

    // Enough calls to fill a turn, by the second half of the warm-up.
    private int WarmUpAndCount(Action<int> side)
    {
        Run(side, WarmUp / 2);
        var (count, elapsed) = Run(side, WarmUp / 2);
        return Math.Max(1, (int)(count * (Turn / elapsed)));
    }

    private static (int Count, TimeSpan Elapsed) Run(Action<int> side, TimeSpan atLeast)
    {
        var (start, count) = (Stopwatch.GetTimestamp(), 0);
        TimeSpan elapsed;
        do side(count++);
        while ((elapsed = Stopwatch.GetElapsedTime(start)) < atLeast);
        return (count, elapsed);
    }

    // Threads of the side before may go on spinning for work, libgomp's for some 15 ms, and would take a processor from this one.
    // Then a few untimed calls: that side also emptied the caches.
    private static double Time(Action<int> side, int calls)
    {
        Thread.Sleep(s_settle);
        for (var i = 0; i < Math.Min(calls, UntimedCalls); i++) side(i);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < calls; i++) side(i);
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / calls;
    }
}
