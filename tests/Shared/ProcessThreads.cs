namespace GraphCompiler.Tests.Shared;

/// <summary>The worker threads of this process, as Linux lists them.</summary>
internal static class ProcessThreads
{
    private static readonly TimeSpan s_mostWait = TimeSpan.FromMinutes(2);

    /// <summary>Workers that have been started and have not ended.</summary>
    public static int Workers => Stats().Count();

    /// <summary>Whether all workers sleep in the kernel.</summary>
    public static bool AllWorkersSleep => Stats().All(s => s[0] == "S");

    /// <summary>Processor time of all workers so far, in the kernel's ticks of 10 ms.</summary>
    public static long WorkerTicks => Stats().Sum(s => long.Parse(s[11]) + long.Parse(s[12]));

    /// <summary>Looks until something is so; false if it is not for two minutes.</summary>
    public static bool Eventually(Func<bool> isSo)
    {
        for (var start = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(start) < s_mostWait; Thread.Sleep(5))
            if (isSo()) return true;
        return isSo();
    }

    /// <summary>As <see cref="Eventually"/>, with a collection and its finalizers before each look.</summary>
    public static bool EventuallyCollected(Func<bool> isSo) => Eventually(() =>
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return isSo();
    });

    // Fields of /proc/self/task/*/stat from the state on, which is number 0 here.
    private static IEnumerable<string[]> Stats()
    {
        foreach (var task in Directory.GetDirectories("/proc/self/task"))
            if (Read($"{task}/comm").StartsWith("graph worker", StringComparison.Ordinal) && Read($"{task}/stat") is { Length: > 0 } stat)
                yield return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
    }

    // Empty if the thread has ended meanwhile.
    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
