using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.Passes.Planning;
using Xunit;

namespace GraphCompiler.Passes.Tests;

/// <summary>Which loops are claimed in chunks, and by how many iterations.</summary>
public sealed class WorkStealingTests
{
    private const int Workers = 2;

    private static readonly LoopBuffer s_from = new("from", DType.F32, 4096, BufferScope.Argument);
    private static readonly LoopBuffer s_to = new("to", DType.F32, 4096, BufferScope.Argument, isWritten: true);
    private static readonly LoopBuffer s_shared = new("shared", DType.F32, 4096, BufferScope.Shared, isWritten: true);

    private static ForStatement Copy(LoopBuffer to, LoopBuffer from, long count, LoopKind kind = LoopKind.Parallel, int lanes = 1)
    {
        var i = new LoopVariable("i", count);
        return new(i, count, kind, lanes, [new StoreStatement(to, i.Value, new LoadExpr(from, i.Value))]);
    }

    private static Kernel KernelOf(double work, params ImmutableArray<Statement> body) =>
        new("test", [s_from, s_to], [s_shared], body, [], work);

    private static long[] Chunks(Kernel kernel, double leastWork, int workers = Workers) =>
        [.. WorkStealing.Of(kernel, workers, leastWork).Body.OfType<ForStatement>().Select(f => f.Chunk)];

    [Fact]
    public void A_chunk_is_a_part_of_a_range_and_has_some_work()
    {
        Assert.Equal([4096 / (Workers * 32)], Chunks(KernelOf(1e9, Copy(s_to, s_from, 4096)), 1e6));
        Assert.Equal([4096 / 32 / (Workers * 32)],
            Chunks(KernelOf(1e9, Copy(s_to, s_from, 4096, LoopKind.ParallelVector, 32)), 1e6)); // Of vectors.
        Assert.Equal([4096 / 400], Chunks(KernelOf(1e6, Copy(s_to, s_from, 4096)), 1e6, workers: 64));
        Assert.Equal([1], Chunks(KernelOf(1e9, Copy(s_to, s_from, 12)), 1e6));
    }

    [Fact]
    public void Small_kernels_and_as_few_iterations_as_workers_keep_their_ranges()
    {
        var few = KernelOf(1e9, Copy(s_to, s_from, Workers));
        Assert.Same(few, WorkStealing.Of(few, Workers, 1e6));
        var small = KernelOf(1e6 - 1, Copy(s_to, s_from, 4096));
        Assert.Same(small, WorkStealing.Of(small, Workers, 1e6));
        var serial = KernelOf(1e9, Copy(s_to, s_from, 4096, LoopKind.Serial));
        Assert.Same(serial, WorkStealing.Of(serial, Workers, 1e6));
        var nothing = KernelOf(0);
        Assert.Same(nothing, WorkStealing.Of(nothing, Workers, 0));
    }

    [Fact]
    public void The_loop_with_most_work_is_claimed()
    {
        var (i, part) = (new LoopVariable("i", 64), new LoopVariable("part", 100));
        var heavy = new ForStatement(i, 64, LoopKind.Parallel, 1, [new ForStatement(part, 100, LoopKind.Serial, 1,
            [new StoreStatement(s_to, i.Value, ScalarExpr.Unary(UnaryKind.Neg, new LoadExpr(s_from, i.Value)))])]);
        Assert.Equal([0, 1], Chunks(KernelOf(1e9, Copy(s_to, s_from, 4096), heavy), 1e6));
        Assert.Equal([0, 0], Chunks(KernelOf(1e9, Copy(s_to, s_from, 4096), heavy with { Extent = Workers }), 1e6));
    }

    [Fact]
    public void Of_loops_that_only_move_the_longest_is_claimed()
    {
        Assert.Equal([0, 4096 / 64], Chunks(KernelOf(1e9, Copy(s_to, s_from, 64), Copy(s_to, s_from, 4096)), 1e6));
        Assert.Equal([4096 / 64, 0], Chunks(KernelOf(1e9, Copy(s_to, s_from, 4096), Copy(s_to, s_from, 64)), 1e6));
    }

    [Fact]
    public void What_a_worker_reads_of_its_own_range_of_another_loop_keeps_it()
    {
        var (pack, use) = (Copy(s_shared, s_from, 2048), Copy(s_to, s_shared, 4096));
        var both = KernelOf(1e9, pack, use);
        Assert.Same(both, WorkStealing.Of(both, Workers, 1e6));
        var reversed = KernelOf(1e9, use, pack);
        Assert.Same(reversed, WorkStealing.Of(reversed, Workers, 1e6));
        Assert.Equal([0, 4096 / 64], Chunks(KernelOf(1e9, pack, new BarrierStatement(), use), 1e6));
        // Of scratch of its own an iteration reads what it has written.
        var own = new LoopBuffer("own", DType.F32, 4096, BufferScope.Worker, isWritten: true);
        var kernel = KernelOf(1e9, Copy(own, s_from, 2048), Copy(s_to, own, 4096)) with { Scratch = [own] };
        Assert.Equal([0, 4096 / 64], Chunks(kernel, 1e6));
    }
}
