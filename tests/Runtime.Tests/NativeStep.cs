using System.Runtime.InteropServices;

namespace GraphCompiler.Runtime.Tests;

/// <summary>Stands in for generated code: out = a + b, total[worker] += 1, over f32[Size], split over the workers.</summary>
internal static unsafe class NativeStep
{
    public const int Size = 1000;
    public const int MostWorkers = 8;

    public static nint Entry => (nint)(delegate* unmanaged<void**, byte*, long, long, void*, void>)&Add;

    public static nint SlowEntry => (nint)(delegate* unmanaged<void**, byte*, long, long, void*, void>)&Sleep;

    public static ExecutableLayout Layout(bool parallel = true) => new(
        [
            BufferLayout.Dense("a", BufferRole.Input, ElementType.F32, Size),
            BufferLayout.Dense("total", BufferRole.State, ElementType.I32, MostWorkers),
            BufferLayout.Dense("b", BufferRole.Input, ElementType.F32, Size / 10, 10),
            BufferLayout.Dense("out", BufferRole.Output, ElementType.F32, Size),
        ],
        ArenaBytes: 4096, parallel);

    // As on a machine of many processors: the number of workers is the test's own.
    public static Executable Make(int threads = 1, VariableStore? states = null) =>
        new(null, Entry, Layout(), threads, states, processors: MostWorkers);

    [UnmanagedCallersOnly]
    private static void Add(void** buffers, byte* arena, long worker, long workers, void* barrier)
    {
        var (a, b, sum) = ((nint)buffers[0], (nint)buffers[2], (nint)buffers[3]);
        for (var i = Size * worker / workers; i < Size * (worker + 1) / workers; i++)
            ((float*)sum)[i] = ((float*)a)[i] + ((float*)b)[i];
        ((int*)buffers[1])[worker]++;
        // The control block must come aligned and with a count of zero; each worker counts itself in, as a barrier does.
        if ((nint)barrier % KernelAbi.Alignment == 0 && (nint)arena % KernelAbi.Alignment == 0)
            Interlocked.Increment(ref *(int*)barrier);
    }

    [UnmanagedCallersOnly]
    private static void Sleep(void** buffers, byte* arena, long worker, long workers, void* barrier) =>
        Thread.Sleep(300);
}
