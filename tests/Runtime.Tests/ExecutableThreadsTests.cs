using System.Runtime.InteropServices;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Runtime.Tests;

/// <summary>One executable in the hands of several threads: each reads what its own run gave, or is refused.</summary>
public sealed unsafe class ExecutableThreadsTests
{
    private const int Size = 256;

    // y = 2x + calls before this one.
    [UnmanagedCallersOnly]
    private static void Double(void** buffers, byte* arena, long worker, long workers, void* barrier)
    {
        var calls = (*(int*)buffers[1])++;
        for (var i = 0; i < Size; i++) ((int*)buffers[2])[i] = 2 * ((int*)buffers[0])[i] + calls;
    }

    private static Executable Make(delegate* unmanaged<void**, byte*, long, long, void*, void> entry)
    {
        var layout = new ExecutableLayout(
            [
                BufferLayout.Dense("x", BufferRole.Input, ElementType.I32, Size),
                BufferLayout.Dense("calls", BufferRole.State, ElementType.I32),
                BufferLayout.Dense("y", BufferRole.Output, ElementType.I32, Size),
            ],
            ArenaBytes: 0, Parallel: false);
        return new(null, (nint)entry, layout, threads: 1);
    }

    private static int[] Filled(int value) => [.. Enumerable.Repeat(value, Size)];

    [Fact]
    public void A_span_of_an_output_is_not_overwritten_by_another_threads_run()
    {
        using var step = Make(&Double);
        step.Run<int>(Filled(10));
        var mine = step.Output<int>("y");
        OtherThread.Run(() =>
        {
            step.Run<int>(Filled(30));
            var other = step.Output<int>(0);
            Assert.Equal(Filled(61), other);
            OtherThread.Run(() => step.Run<int>(Filled(50)));
            Assert.Equal(Filled(61), other);
        });
        Assert.Equal(Filled(20), mine);
        Assert.Equal(Filled(102), step.Output<int>("y")); // The last run's, whichever thread ran it.
        step.Run<int>(Filled(70));
        Assert.Equal(Filled(143), step.Output<int>("y"));
        Assert.Equal(Filled(20), mine);
        Assert.Equal(4, step.State<int>("calls")[0]);
    }

    [Fact]
    public void Several_threads_may_hold_spans_of_one_run()
    {
        using var step = Make(&Double);
        using var held = new ManualResetEventSlim();
        using var ranAgain = new ManualResetEventSlim();
        step.Run<int>(Filled(10));
        var mine = step.Output<int>("y");
        var error = default(Exception);
        var reader = new Thread(() => error = Record.Exception(() =>
        {
            var other = step.Output<int>("y");
            held.Set();
            ranAgain.Wait();
            Assert.Equal(Filled(20), other);
        }));
        reader.Start();
        held.Wait();
        step.Run<int>(Filled(30));
        Assert.Equal(Filled(20), mine);
        Assert.Equal(Filled(61), step.Output<int>("y"));
        ranAgain.Set();
        reader.Join();
        Assert.Null(error);
    }

    [Fact]
    public void The_span_of_a_thread_follows_its_own_runs_without_allocation()
    {
        using var step = Make(&Double);
        var input = Filled(1);
        step.Run<int>(input);
        var mine = step.Output<int>("y");
        OtherThread.Run(() => step.Run<int>(input)); // Gives this thread's next run new outputs once.
        step.Run<int>(input);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            step.Run<int>(input);
            _ = step.Output<int>("y")[0];
        }
        Assert.Equal(allocated, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(Filled(2), mine);
        Assert.Equal(Filled(2 + 102), step.Output<int>("y"));
    }

    [Fact]
    public void What_was_copied_out_leaves_the_outputs_to_all_threads()
    {
        using var step = Make(&Double);
        var (input, output) = (Filled(1), new int[Size]);
        void RunAndCopy()
        {
            using var entry = step.Enter();
            entry.Run<int>(input);
            entry.Copy<int>("y", output);
        }
        RunAndCopy();
        OtherThread.Run(() =>
        {
            RunAndCopy();
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            RunAndCopy();
            Assert.Equal(allocated, GC.GetAllocatedBytesForCurrentThread());
        });
        Assert.Equal(Filled(4), output);
        Errors.Expect("SGC5001", () => { using var entry = step.Enter(); entry.Copy<int>("y", new int[Size + 1]); }, "'y'", "256", "257");
    }

    [Fact]
    public void Whatever_touches_an_executable_that_another_thread_runs_is_refused()
    {
        using var step = Make(BlockedRun.Entry);
        using (new BlockedRun(() => step.Run<int>(Filled(0))))
        {
            Errors.Expect("SGC5005", () => step.Run<int>(Filled(0)));
            Errors.Expect("SGC5005", () => step.Output<int>("y"));
            Errors.Expect("SGC5005", () => step.Output<int>(0));
            Errors.Expect("SGC5005", () => step.State<int>("calls"));
            Errors.Expect("SGC5005", () => step.State<int>(0));
        }
        _ = step.Output<int>("y");
    }

    // As a predictor does.
    private static ReadOnlySpan<int> RunAndHandOut(Executable step, ReadOnlySpan<int> input)
    {
        using var entry = step.Enter();
        entry.Run(input);
        return entry.HandOut<int>("y");
    }

    /// <summary>Every call that is not refused reads its own run's output, however the threads interleave.</summary>
    [Fact]
    public void Threads_that_compete_read_their_own_outputs()
    {
        using var step = Make(&Double);
        var wrong = 0;
        var completed = 0;
        void Compete(int number)
        {
            var input = Filled(1_000_000 * number);
            for (var i = 0; i < 5_000; i++)
            {
                try
                {
                    var y = RunAndHandOut(step, input);
                    Thread.Yield();
                    Interlocked.Increment(ref completed);
                    if (y[0] / 1_000_000 != 2 * number || y.ContainsAnyExcept(y[0])) Interlocked.Increment(ref wrong);
                }
                catch (RuntimeException e) when (e.Code == RuntimeCode.ConcurrentRun)
                {
                    Thread.Yield();
                }
            }
        }
        var threads = Enumerable.Range(1, 4).Select(n => new Thread(() => Compete(n))).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        Assert.NotEqual(0, completed);
        Assert.Equal(0, wrong);
    }
}
