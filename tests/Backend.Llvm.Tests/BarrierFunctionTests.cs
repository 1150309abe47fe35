using System.Runtime.InteropServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>What generated code does at a barrier when a worker is late.</summary>
[Trait("Category", "Target")]
public sealed unsafe class BarrierFunctionTests
{
    private const int Size = 64;

    private static long s_waits, s_wakes;
    private static (long Generation, long Workers) s_firstWait;

    [UnmanagedCallersOnly]
    private static void Wait(byte* block, long generation, long workers)
    {
        if (Interlocked.Increment(ref s_waits) == 1) s_firstWait = (generation, workers);
        while (Volatile.Read(ref *(long*)(block + KernelAbi.BarrierGenerationOffset)) == generation) Thread.Yield();
    }

    [UnmanagedCallersOnly]
    private static void Wake(byte* block) => Interlocked.Increment(ref s_wakes);

    [Fact]
    public void AWorkerThatHasSpunCallsTheRuntimeAndTheLastOneWakesSleepers()
    {
        using var step = new Step(workers: 2);
        step.RunAlone();
        var expected = step.Result;
        (s_waits, s_wakes) = (0, 0);
        step.Forget();
        using var memory = new NativeMemoryBlock(KernelAbi.BarrierBytes(2));
        var block = AddressOf(memory);
        *(delegate* unmanaged<byte*, long, long, void>*)(block + KernelAbi.BarrierWaitOffset) = &Wait;
        *(delegate* unmanaged<byte*, void>*)(block + KernelAbi.BarrierWakeOffset) = &Wake;
        var early = step.Start(0, (nint)block);
        Assert.True(ProcessThreads.Eventually(() => Volatile.Read(ref s_waits) == 1), "the worker spins");
        Assert.Equal((0, 2), s_firstWait);
        // As a worker does that goes to sleep.
        Interlocked.Or(ref *(long*)(block + KernelAbi.BarrierCountOffset), KernelAbi.BarrierSleeps);
        var late = step.Start(1, (nint)block);
        early.Join();
        late.Join();
        Assert.Equal(expected, step.Result);
        Assert.Equal(1, s_wakes);
        Assert.Equal(0, *(long*)(block + KernelAbi.BarrierCountOffset));
        Assert.Equal(step.Barriers, *(long*)(block + KernelAbi.BarrierGenerationOffset));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(12)]
    public void MoreWorkersThanProcessorsGiveTheSameBits(int workers)
    {
        using var step = new Step(workers);
        step.RunAlone();
        var expected = step.Result;
        using var pool = new WorkerPool(workers);
        for (var i = 0; i < 200; i++)
        {
            step.Run(pool);
            Assert.Equal(expected, step.Result);
        }
    }

    /// <summary>Whoever comes first runs all of a loop whose chunks are claimed; whoever comes late finds nothing left, and the last one
    /// sets the counts to zero.</summary>
    [Fact]
    public void AWorkerClaimsWhatTheOthersHaveNotBegun()
    {
        const int Workers = 3, Count = 1003;
        var b = new FunctionBuilder("tanh");
        var function = b.Build(b.Parameter("x", F32[Count]).Tanh());
        var fused = JitFunction.Optimized(function, Passes.Pipeline.Training);
        var program = JitFunction.Lower(fused, [-1], Workers, parallelWork: 0);
        Assert.Contains(program.Calls.Single().Kernel.Body, s => s is ForStatement { Chunk: > 0 });
        using var code = Jit.Load(StepCompiler.Compile(program, TargetInfo.Create()));
        var entry = (delegate* unmanaged<void**, byte*, long, long, void*, void>)code.Symbol(StepCompiler.EntryName);
        using var block = new BarrierBlock(Workers);
        float[] x = [.. Enumerable.Range(0, Count).Select(i => i / 100f)];
        var buffers = stackalloc void*[2];
        foreach (var first in (int[])[0, 1, 2])
        {
            var y = new float[Count];
            fixed (float* from = x, to = y)
            {
                buffers[0] = from;
                buffers[1] = to;
                for (var i = 0; i < Workers; i++)
                {
                    entry(buffers, null, (first + i) % Workers, Workers, (void*)block.Address);
                    Assert.All(y.Zip(x), pair => Assert.Equal(float.Tanh(pair.Second), pair.First, 1e-6f));
                }
            }
            Assert.All(Enumerable.Range(0, Workers), worker =>
                Assert.Equal(0, *(long*)(block.Address + KernelAbi.ClaimsOffset + worker * KernelAbi.ClaimBytes)));
        }
    }

    private static byte* AddressOf(NativeMemoryBlock memory) => (byte*)memory.DangerousGetHandle();

    /// <summary>A compiled function in which workers read what the others have written: c = aᵀ·a, a = x·y.</summary>
    private sealed class Step : IDisposable
    {
        private readonly LoadedCode _code;
        private readonly NativeMemoryBlock _arena;
        private readonly NativeMemoryBlock[] _blocks;
        private readonly NativeMemoryBlock _table = new(3 * sizeof(void*));
        private readonly BarrierBlock _barrier;
        private readonly delegate* unmanaged<void**, byte*, long, long, void*, void> _entry;
        private readonly int _workers;

        public Step(int workers)
        {
            var b = new FunctionBuilder("gram");
            var a = b.Parameter("x", F32[Size, Size]).MatMul(b.Parameter("y", F32[Size, Size]));
            var function = JitFunction.Optimized(b.Build(a.Transpose().MatMul(a)), Passes.Pipeline.Training);
            var program = JitFunction.Lower(function, [-1], workers, parallelWork: 0);
            Barriers = program.Calls.Count(c => c.NeedsBarrier) + program.Calls.Sum(c => c.Kernel.Body.OfType<BarrierStatement>().Count());
            Assert.True(Barriers > 0);
            (_workers, _barrier) = (workers, new BarrierBlock(workers));
            _code = Jit.Load(StepCompiler.Compile(program, TargetInfo.Create(), Passes.PassContext.FromEnvironment().DumpDirectory));
            _entry = (delegate* unmanaged<void**, byte*, long, long, void*, void>)_code.Symbol(StepCompiler.EntryName);
            _arena = new(program.ArenaBytes);
            _blocks = [.. Enumerable.Range(0, 3).Select(_ => new NativeMemoryBlock(Size * Size * sizeof(float)))];
            var random = new Random(1);
            for (var i = 0; i < 3; i++)
            {
                ((void**)AddressOf(_table))[i] = AddressOf(_blocks[i]);
                foreach (ref var e in Elements(i)) e = (float)(2 * random.NextDouble() - 1);
            }
        }

        public int Barriers { get; }

        public float[] Result => Elements(2).ToArray();

        public Thread Start(int worker, nint barrier)
        {
            var thread = new Thread(() => _entry((void**)AddressOf(_table), AddressOf(_arena), worker, _workers, (void*)barrier));
            thread.Start();
            return thread;
        }

        public void RunAlone() => _entry((void**)AddressOf(_table), AddressOf(_arena), 0, 1, (void*)_barrier.Address);

        public void Forget() => Elements(2).Fill(float.NaN);

        public void Run(WorkerPool pool)
        {
            Forget();
            pool.Run(_entry, (void**)AddressOf(_table), AddressOf(_arena), (void*)_barrier.Address);
        }

        public void Dispose()
        {
            _code.Dispose();
            _arena.Dispose();
            _table.Dispose();
            _barrier.Dispose();
            foreach (var block in _blocks) block.Dispose();
        }

        private Span<float> Elements(int buffer) => new(AddressOf(_blocks[buffer]), Size * Size);
    }
}
