using System.Runtime.InteropServices;

namespace GraphCompiler.Runtime.Tests;

/// <summary>A run on another thread that has entered native code and stays there until this is disposed.</summary>
internal sealed unsafe class BlockedRun : IDisposable
{
    private static readonly ManualResetEventSlim s_entered = new(), s_released = new();
    private readonly Thread _runner;

    /// <param name="run">Runs a step of <see cref="Entry"/>.</param>
    public BlockedRun(Action run)
    {
        s_entered.Reset();
        s_released.Reset();
        _runner = new Thread(() => run());
        _runner.Start();
        s_entered.Wait();
    }

    /// <summary>Stands in for generated code.</summary>
    public static delegate* unmanaged<void**, byte*, long, long, void*, void> Entry => &Block;

    public void Dispose()
    {
        s_released.Set();
        _runner.Join();
    }

    [UnmanagedCallersOnly]
    private static void Block(void** buffers, byte* arena, long worker, long workers, void* barrier)
    {
        s_entered.Set();
        s_released.Wait();
    }
}
