using System.Collections.Immutable;
using System.Reflection;
using GraphCompiler.IR.Loops;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.IR.Tests;

/// <summary>Every visitor of LoopIR knows every kind of statement and expression; the kinds are found by reflection.</summary>
public class LoopKindTests
{
    private static readonly Local s_number = new("n", DType.I64);

    [Fact]
    public void The_samples_are_one_of_each_kind()
    {
        Assert.Equal(Names(LoopKinds.KindsOf<Statement>()), Names(LoopKinds.Statements.Select(s => s.GetType())));
        Assert.Equal(Names(LoopKinds.KindsOf<ScalarExpr>()), Names(LoopKinds.Expressions.Select(e => e.GetType())));
    }

    [Fact]
    public void Operands_and_nested_statements_are_all_that_a_node_holds()
    {
        foreach (var statement in LoopKinds.Statements)
        {
            Assert.Equal(Held<ScalarExpr>(statement), statement.Operands.ToArray());
            Assert.Equal(Held<Statement>(statement), statement.Nested);
        }
        foreach (var expression in LoopKinds.Expressions) Assert.Equal(Held<ScalarExpr>(expression), expression.Operands.ToArray());
    }

    [Fact]
    public void Every_kind_is_verified_printed_and_counted()
    {
        Kernel[] kernels =
        [
            .. LoopKinds.Statements.Concat(LoopKinds.Reductions).Concat(LoopKinds.Loops).Select(LoopKinds.KernelOf),
            .. LoopKinds.Expressions.Concat(LoopKinds.Operations).Select(LoopKinds.KernelOf),
        ];
        foreach (var kernel in kernels)
        {
            LoopVerifier.Verify(kernel);
            Assert.NotEmpty(LoopPrinter.Print(kernel));
            Assert.True(KernelCost.Of(kernel).Flops >= 0);
            Assert.Equal(kernel.Arguments.Length, KernelAccess.Of(kernel).Count);
        }
    }

    [Fact]
    public void Of_a_part_of_an_argument_no_more_bytes_are_counted_than_are_accessed()
    {
        var (table, result) = (new LoopBuffer("table", DType.F32, 1000, BufferScope.Argument),
            new LoopBuffer("y", DType.F32, 8, BufferScope.Argument, isWritten: true));
        var i = new LoopVariable("i");
        // Eight elements of the table, each read twice, which counts twice, and eight of the result.
        Statement store = new StoreStatement(result, i.Value, new LoadExpr(table, i.Value) + new LoadExpr(table, i.Value));
        var loop = new ForStatement(i, 8, LoopKind.Serial, 1, [store]);
        Assert.Equal((16 + 8) * 4, KernelCost.Of(new("part", [table, result], [], [loop], [], 1)).Bytes);
        var repeated = new ForStatement(new LoopVariable("j"), 1_000_000, LoopKind.Serial, 1, [loop]);
        Assert.Equal((1000 + 8) * 4, KernelCost.Of(new("all", [table, result], [], [repeated], [], 1)).Bytes);
    }

    [Fact]
    public void Different_operations_differ_in_print()
    {
        AssertDistinct(LoopKinds.Operations.Select(LoopPrinter.Print));
        AssertDistinct(LoopKinds.Reductions.Concat(LoopKinds.Loops).Select(s => LoopPrinter.Print(LoopKinds.KernelOf(s))));
    }

    /// <summary>A hint touches nothing; every other buffer that a node names is read or written.</summary>
    [Fact]
    public void Every_buffer_that_a_node_names_is_accessed()
    {
        foreach (var statement in LoopKinds.Statements.Where(s => s is not PrefetchStatement))
            AssertAccessed(LoopKinds.KernelOf(statement), Held<LoopBuffer>(statement));
        foreach (var expression in LoopKinds.Expressions)
            AssertAccessed(LoopKinds.KernelOf(expression), Held<LoopBuffer>(expression));
    }

    /// <summary>Blocks below a diagonal, and of the block on it a part: 4 · (0 + … + 7) + 8 of 256 products.</summary>
    [Fact]
    public void Of_loops_with_counts_what_runs_is_counted()
    {
        var (to, i, j) = (new LoopBuffer("y", DType.F32, 8, BufferScope.Argument, isWritten: true), new LoopVariable("i"),
            new LoopVariable("j"));
        double FlopsOf(long rows, ScalarExpr blocks, ScalarExpr part, long most = 8)
        {
            var element = ScalarExpr.Constant(DType.F32, 1);
            var store = new StoreStatement(to, ScalarExpr.Index(0), ScalarExpr.Unary(UnaryKind.Neg, element));
            var inner = new ForStatement(new LoopVariable("k"), 4, LoopKind.Serial, 1, [store], part);
            Statement[] body = [new LetStatement(s_number, ScalarExpr.Index(3)),
                new ForStatement(j, most, LoopKind.Serial, 1, [inner], blocks)];
            return KernelCost.Of(new("counts", [to], [], [new ForStatement(i, rows, LoopKind.Parallel, 1, [.. body])], [], 1)).Flops;
        }
        var isOnDiagonal = ScalarExpr.Compare(CompareKind.Eq, i.Value, j.Value);
        Assert.Equal(4 * 28 + 8, FlopsOf(8, i.Value + 1, ScalarExpr.Select(isOnDiagonal, ScalarExpr.Index(1), ScalarExpr.Index(4))));
        // A row that reaches its inner loop more often weighs more: 1 + 4 + 9 + 16 for counts that are both of the row.
        Assert.Equal(30, FlopsOf(4, i.Value + 1, i.Value + 1));
        // Of many rows some are tried: 0 to 7 blocks of 4.
        Assert.Equal(100_000 * 3.5 * 4, FlopsOf(100_000, i.Value - i.Value / ScalarExpr.Index(8) * 8, ScalarExpr.Index(4)), 100_000 * 0.5);
        // What is read is not known: half.
        Assert.Equal(8 * 4.5 * 4, FlopsOf(8, new LocalExpr(s_number), ScalarExpr.Index(4)));
    }

    /// <summary>A loop's own count is of variables outside of vectors, and within its extent whatever they are.</summary>
    [Fact]
    public void Counts_that_are_not_from_0_to_the_extent_are_refused()
    {
        var (to, outer) = (new LoopBuffer("y", DType.F32, 8, BufferScope.Argument, isWritten: true), new LoopVariable("i"));
        Kernel Of(LoopKind kind, ScalarExpr count, LoopKind inner = LoopKind.Serial)
        {
            var variable = new LoopVariable("j");
            return new("count", [to], [], [new ForStatement(outer, 8, kind, 4, [new ForStatement(variable, 8, inner, 1,
                [new StoreStatement(to, variable.Value, ScalarExpr.Constant(DType.F32, 1))], count)])], [], 1);
        }
        LoopVerifier.Verify(Of(LoopKind.Serial, outer.Value + 1));
        LoopVerifier.Verify(Of(LoopKind.Vector, ScalarExpr.Index(8)));
        var (number, lane) = (new Local("n", DType.I64), new LoopVariable("lane"));
        var within = ScalarExpr.Binary(BinaryKind.Max, ScalarExpr.Index(0),
            ScalarExpr.Binary(BinaryKind.Min, new LocalExpr(number), ScalarExpr.Index(8)));
        // A local of all lanes is a count, one of each lane is none.
        Kernel Counted(bool isOfLanes)
        {
            var let = new LetStatement(number, isOfLanes ? lane.Value : ScalarExpr.Index(3));
            var counted = new ForStatement(outer, 8, LoopKind.Serial, 1,
                [new StoreStatement(to, outer.Value, ScalarExpr.Constant(DType.F32, 1))], within);
            var lanes = new ForStatement(lane, 8, LoopKind.Vector, 8, isOfLanes ? [let, counted] : [counted]);
            return new("count", [to], [], isOfLanes ? [lanes] : [let, lanes], [], 1);
        }
        LoopVerifier.Verify(Counted(isOfLanes: false));
        static void Refused(Kernel kernel)
        {
            var broken = Assert.Throws<IR.Diagnostics.InternalCompilerException>(() => LoopVerifier.Verify(kernel));
            Assert.Contains("L7", broken.Message, StringComparison.Ordinal);
        }
        Refused(Of(LoopKind.Serial, outer.Value + 2));
        Refused(Of(LoopKind.Serial, outer.Value - ScalarExpr.Index(1)));
        Refused(Of(LoopKind.Vector, outer.Value));
        Refused(Of(LoopKind.Serial, new LoadExpr(to, ScalarExpr.Index(0)).ConvertTo(DType.I64)));
        Refused(Of(LoopKind.Serial, outer.Value, LoopKind.Vector));
        Refused(Counted(isOfLanes: true));
    }

    /// <summary>Copies fill eight bytes, and all of them are within the buffer.</summary>
    [Fact]
    public void Copies_of_a_value_fill_what_one_load_takes()
    {
        var (from, to) = (new LoopBuffer("x", DType.F32, 4, BufferScope.Argument),
            new LoopBuffer("y", DType.F32, 1, BufferScope.Argument, isWritten: true));
        Kernel Of(int copies, long position, ScalarExpr? guard = null) => new("copies", [from, to], [],
            [new StoreStatement(to, ScalarExpr.Index(0), new LoadExpr(from, ScalarExpr.Index(position), guard) { Copies = copies })],
            [], 1);
        LoopVerifier.Verify(Of(2, 2));
        Assert.Contains("y[0] = x[2 x 2]", LoopPrinter.Print(Of(2, 2)), StringComparison.Ordinal);
        void Refused(string invariant, Kernel kernel) => Assert.Contains(invariant,
            Assert.Throws<IR.Diagnostics.InternalCompilerException>(() => LoopVerifier.Verify(kernel)).Message, StringComparison.Ordinal);
        Refused("L6", Of(4, 0));
        Refused("L6", Of(0, 0));
        Refused("L4", Of(2, 3));
        Refused("L6", Of(2, 1));
        var lane = new LoopVariable("lane");
        Refused("L6", new("copies", [from, to], [], [new ForStatement(lane, 2, LoopKind.Vector, 2,
            [new StoreStatement(to, ScalarExpr.Index(0), new LoadExpr(from, lane.Value * 2) { Copies = 2 })])], [], 1));
        var guard = ScalarExpr.Compare(CompareKind.Lt, new LoadExpr(from, ScalarExpr.Index(0)), ScalarExpr.Constant(DType.F32, 1));
        Refused("L6", Of(2, 0, guard));
    }

    /// <summary>The counts of claims are those of one loop at a time.</summary>
    [Fact]
    public void Only_one_parallel_loop_of_a_kernel_is_claimed()
    {
        var to = new LoopBuffer("y", DType.F32, 8, BufferScope.Argument, isWritten: true);
        ForStatement Loop(LoopKind kind, long chunk)
        {
            var i = new LoopVariable("i");
            return new(i, 8, kind, 1, [new StoreStatement(to, i.Value, ScalarExpr.Constant(DType.F32, 1))]) { Chunk = chunk };
        }
        static void Refused(Kernel kernel)
        {
            var broken = Assert.Throws<IR.Diagnostics.InternalCompilerException>(() => LoopVerifier.Verify(kernel));
            Assert.Contains("L6", broken.Message, StringComparison.Ordinal);
        }
        Kernel Of(params ImmutableArray<Statement> body) => new("claims", [to], [], body, [], 1);
        LoopVerifier.Verify(Of(Loop(LoopKind.Parallel, 3), Loop(LoopKind.Parallel, 0)));
        Refused(Of(Loop(LoopKind.Parallel, 3), Loop(LoopKind.Parallel, 1)));
        Refused(Of(Loop(LoopKind.Serial, 1)));
        Refused(Of(Loop(LoopKind.Parallel, -1)));
    }

    /// <summary>Who claims which iterations is unknown, so that nothing is known of who wrote an element.</summary>
    [Fact]
    public void A_loop_that_is_claimed_partitions_nothing()
    {
        var (to, i) = (new LoopBuffer("y", DType.F32, 8, BufferScope.Argument, isWritten: true), new LoopVariable("i"));
        AccessPartition? Of(long chunk) => KernelAccess.Of(new("rows", [to], [], [new ForStatement(i, 8, LoopKind.Parallel, 1,
            [new StoreStatement(to, i.Value, ScalarExpr.Constant(DType.F32, 1))]) { Chunk = chunk }], [], 1))[0].Partition;
        Assert.Equal(new AccessPartition(8, 1), Of(0));
        Assert.Null(Of(2));
    }

    private static void AssertAccessed(Kernel kernel, IEnumerable<LoopBuffer> named)
    {
        var accesses = KernelAccess.Of(kernel);
        foreach (var buffer in named)
            Assert.True(accesses[kernel.Arguments.IndexOf(buffer)] is { Reads: true } or { Writes: true }, $"{buffer}");
    }

    private static void AssertDistinct(IEnumerable<string> texts) =>
        Assert.All(texts.GroupBy(t => t), g => Assert.True(g.Count() == 1, g.Key));

    // What a record was made from: its constructor's parameters, in order.
    private static IEnumerable<T> Held<T>(object node) where T : class =>
        node.GetType().GetConstructors(BindingFlags.Public | BindingFlags.Instance).Single().GetParameters()
            .Select(p => node.GetType().GetProperty(p.Name!)!.GetValue(node))
            .SelectMany(v => v is ImmutableArray<T> many ? many : v is T one ? [one] : (IEnumerable<T>)[]);

    private static IEnumerable<string> Names(IEnumerable<Type> kinds) => kinds.Select(k => k.Name).Order(StringComparer.Ordinal);
}
