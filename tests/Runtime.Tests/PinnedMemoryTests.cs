using System.Runtime.CompilerServices;
using Xunit;

namespace GraphCompiler.Runtime.Tests;

public sealed unsafe class PinnedMemoryTests
{
    [Theory]
    [InlineData(0, 64)]
    [InlineData(1, 64)]
    [InlineData(64, 64)]
    [InlineData(4097, 64)]
    [InlineData((2 << 20) - 1, 64)]
    [InlineData(2 << 20, 2 << 20)]
    [InlineData((5 << 20) + 3, 2 << 20)]
    public void It_is_zero_aligned_and_stays_where_it_is(int bytes, int alignment)
    {
        // What the collector has used before must come zeroed again.
        for (var round = 0; round < 3; round++)
        {
            var memory = new PinnedMemory(bytes);
            Assert.Equal(bytes, memory.Bytes);
            Assert.Equal(0, (nint)memory.Address % alignment);
            var elements = memory.Elements<byte>(bytes);
            Assert.False(elements.ContainsAnyExcept((byte)0));
            elements.Fill(0xA5);
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            Assert.False(new ReadOnlySpan<byte>(memory.Address, bytes).ContainsAnyExcept((byte)0xA5));
            if (bytes > 0) Assert.True(Unsafe.AreSame(ref elements[0], ref *memory.Address));
        }
    }

    [Fact]
    public void Neighbours_share_no_cache_line()
    {
        var all = Enumerable.Range(0, 200).Select(i => new PinnedMemory(1 + i * 7)).OrderBy(m => (nint)m.Address).ToArray();
        for (var i = 1; i < all.Length; i++)
            Assert.True((all[i - 1].Address + all[i - 1].Bytes - 1 - (byte*)null) / 64 < (nint)all[i].Address / 64);
    }

    [Fact]
    public void Elements_stay_within_the_memory()
    {
        var memory = new PinnedMemory(64);
        Assert.Equal(8, memory.Elements<long>(8).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Elements<long>(9).Length);
    }

    [Theory]
    [InlineData(1L << 46)]
    [InlineData(long.MaxValue)]
    public void What_no_machine_has_is_refused(long bytes)
    {
        Errors.Expect("SGC5010", () => _ = new PinnedMemory(bytes), $"{bytes} bytes");
        Errors.Expect("SGC5010", () => new NativeMemoryBlock(bytes).Dispose(), $"{bytes} bytes");
        var layout = new ExecutableLayout([], bytes, Parallel: false);
        Errors.Expect("SGC5010", () => new Executable(null, NativeStep.Entry, layout, threads: 1).Dispose(), $"{bytes} bytes");
    }

    /// <summary>A disposed executable that is still referred to keeps no memory of its buffers.</summary>
    [Fact]
    public void Disposing_lets_go_of_states_and_outputs()
    {
        using var states = new VariableStore();
        var step = NativeStep.Make(states: states);
        var state = WeakStateOf(states);
        Collect();
        Assert.True(state.IsAlive);
        states.Dispose();
        Collect();
        Assert.True(state.IsAlive); // The executable has it.
        step.Dispose();
        Collect();
        Assert.False(state.IsAlive);
        Errors.Expect("SGC5002", () => step.State<int>("total"));
    }

    /// <summary>Many short-lived executables need no more memory than few: the pinned heap is collected as others are.</summary>
    [Fact]
    public void Memory_stays_flat_over_many_executables()
    {
        const int StateBytes = 1 << 20, Count = 1000;
        var state = BufferLayout.Dense("w", BufferRole.State, ElementType.U8, StateBytes);
        var layout = new ExecutableLayout([state], ArenaBytes: 0, Parallel: false);
        for (var i = 0; i < Count; i++)
        {
            using var step = new Executable(null, NativeStep.Entry, layout, threads: 1);
            step.State<byte>("w").Fill(1);
        }
        Assert.InRange(GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes, 0, (long)Count * StateBytes / 2);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference WeakStateOf(VariableStore states) => new(states.Obtain([NativeStep.Layout().Buffers[1]])[0]);

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}
