using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Runtime.Tests;

/// <summary>How long the threads of pools live that executables have in common.</summary>
public class WorkerPoolLeaseTests
{
    private static readonly ExecutableLayout s_layout = NativeStep.Layout();

    [Fact]
    public void Threads_end_with_the_last_executable_that_uses_them()
    {
        ExpectNoWorkers();
        var first = Enumerable.Range(2, 39).Select(Make).ToList();
        var second = Enumerable.Range(2, 39).Select(Make).ToList();
        // Pools of 2 to 40 threads, the caller's included, each for two executables.
        Assert.Equal(Enumerable.Range(1, 39).Sum(), ProcessThreads.Workers);
        first.ForEach(e => e.Dispose());
        Assert.Equal(Enumerable.Range(1, 39).Sum(), ProcessThreads.Workers);
        second.ForEach(e => e.Dispose());
        ExpectNoWorkers();
    }

    [Fact]
    public void Threads_end_when_executables_are_collected()
    {
        ExpectNoWorkers();
        MakeAndForget();
        ExpectNoWorkers();
    }

    [Fact]
    public void A_lease_is_released_once()
    {
        var (first, second) = (WorkerPoolLease.Acquire(2), WorkerPoolLease.Acquire(2));
        Assert.Same(first.Pool, second.Pool);
        first.Dispose();
        first.Dispose();
        using (var third = WorkerPoolLease.Acquire(2)) Assert.Same(second.Pool, third.Pool);
        second.Dispose();
        using var fourth = WorkerPoolLease.Acquire(2);
        Assert.NotSame(second.Pool, fourth.Pool);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    public void No_more_workers_run_than_there_are_processors(int threads)
    {
        ExpectNoWorkers();
        using var step = new Executable(null, NativeStep.Entry, s_layout, threads);
        Assert.Equal(Environment.ProcessorCount, step.Threads);
        Assert.Equal(Environment.ProcessorCount - 1, ProcessThreads.Workers);
    }

    [Fact]
    public void Threads_do_not_keep_what_their_creator_has_in_async_locals()
    {
        using var lease = AcquireWithLocal(out var local);
        Assert.True(ProcessThreads.EventuallyCollected(() => !local.IsAlive));
    }

    [Fact]
    public void A_load_context_with_the_runtime_unloads_when_its_executables_are_disposed()
    {
        var context = RunInContextOfItsOwn();
        Assert.True(ProcessThreads.EventuallyCollected(() => !context.IsAlive));
    }

    private static Executable Make(int threads) => new(null, NativeStep.Entry, s_layout, threads, null, processors: threads);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void MakeAndForget()
    {
        foreach (var threads in Enumerable.Range(2, 9)) Make(threads);
    }

    // A thread that has been joined may be in Linux's list for a moment.
    private static void ExpectNoWorkers() =>
        Assert.True(ProcessThreads.EventuallyCollected(() => ProcessThreads.Workers == 0), $"{ProcessThreads.Workers} workers");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WorkerPoolLease AcquireWithLocal(out WeakReference value)
    {
        var local = new AsyncLocal<object?> { Value = new object() };
        value = new WeakReference(local.Value);
        var lease = WorkerPoolLease.Acquire(3);
        local.Value = null;
        return lease;
    }

    // By reflection: types of another context are other types.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference RunInContextOfItsOwn()
    {
        var context = new AssemblyLoadContext("plug-in", isCollectible: true);
        var runtime = context.LoadFromAssemblyPath(typeof(Executable).Assembly.Location);
        Type Type(string name) => runtime.GetType($"{typeof(Executable).Namespace}.{name}", throwOnError: true)!;
        var none = typeof(ImmutableArray<>).MakeGenericType(Type(nameof(BufferLayout))).GetField("Empty")!.GetValue(null);
        var layout = Activator.CreateInstance(Type(nameof(ExecutableLayout)), none, 0L, true);
        var executable = Activator.CreateInstance(Type(nameof(Executable)), null, NativeStep.SlowEntry, layout, 2, null)!;
        Assert.NotSame(typeof(Executable), executable.GetType());
        executable.GetType().GetMethod("Run", [])!.Invoke(executable, []);
        ((IDisposable)executable).Dispose();
        context.Unload();
        return new WeakReference(context);
    }
}
