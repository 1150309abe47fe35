using System.Collections.Immutable;

namespace GraphCompiler.IR.Loops;

/// <summary>A loop's variable, running from 0; identity is by reference.</summary>
/// <param name="name">As printed.</param>
/// <param name="extent">Of its loop: comparisons that it decides are folded as they are made. Unknown when null.</param>
public sealed class LoopVariable(string name, long? extent = null)
{
    /// <summary>The extent of its loop, if it is known.</summary>
    public long? Extent { get; } = extent;
    /// <summary>The name as printed.</summary>
    public string Name { get; } = name;
    /// <summary>Its current value.</summary>
    public ScalarExpr Value => new VariableExpr(this);
    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>Where a kernel's buffer lives.</summary>
public enum BufferScope
{
    /// <summary>Passed by the caller: an operand or result.</summary>
    Argument,
    /// <summary>Private to a worker, alive during the kernel. An iteration of a parallel loop reads of it what it has written itself, or
    /// what statements beside parallel loops have.</summary>
    Worker,
    /// <summary>Shared by the workers, alive during the kernel.</summary>
    Shared,
}

/// <summary>Memory that a kernel reads or writes; identity is by reference.</summary>
public sealed class LoopBuffer(string name, DType dtype, long elements, BufferScope scope, bool isWritten = false)
{
    /// <summary>The name as printed.</summary>
    public string Name { get; } = name;
    /// <summary>Element type.</summary>
    public DType DType { get; } = dtype;
    /// <summary>Number of elements.</summary>
    public long Elements { get; } = elements;
    /// <summary>Where it lives.</summary>
    public BufferScope Scope { get; } = scope;
    /// <summary>Whether the kernel stores to it.</summary>
    public bool IsWritten { get; } = isWritten;
    /// <summary>Bytes of memory.</summary>
    public long Bytes => Elements * DType.Bytes;
    /// <summary>Bytes up to the next cache line, the distance between scratch buffers.</summary>
    public long AlignedBytes => Align(Bytes);

    /// <summary>The buffer of a kernel's argument; it has an element even where the tensor has none.</summary>
    public static LoopBuffer Argument(string name, TensorType type, bool isWritten = false)
    {
        ArgumentNullException.ThrowIfNull(type);
        return new(name, type.DType, Math.Max(type.Shape.ElementCount, 1), BufferScope.Argument, isWritten);
    }

    /// <summary>Rounds up to whole cache lines, where every buffer of an arena starts.</summary>
    public static long Align(long bytes) => (bytes + 63) / 64 * 64;

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>A scalar kept in a register, or a tile of them indexed by constants.</summary>
public sealed class Local(string name, DType dtype, int elements = 1)
{
    /// <summary>The name as printed.</summary>
    public string Name { get; } = name;
    /// <summary>Element type.</summary>
    public DType DType { get; } = dtype;
    /// <summary>Number of scalars; more than 1 makes it a tile.</summary>
    public int Elements { get; } = elements;
    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>How a loop runs.</summary>
public enum LoopKind
{
    /// <summary>One iteration after another.</summary>
    Serial,
    /// <summary>Contiguous ranges over the workers, which may claim chunks of one another's (<see cref="ForStatement.Chunk"/>); not nested
    /// in another parallel loop.</summary>
    Parallel,
    /// <summary>Lanes of a vector side by side; the last vector is masked. Not nested in another vector loop.</summary>
    Vector,
    /// <summary>A vector loop whose vectors are spread over the workers.</summary>
    ParallelVector,
}

/// <summary>How partial results are combined.</summary>
public enum ReductionKind
{
    /// <summary>Sum, from 0.</summary>
    Sum,
    /// <summary>Product, from 1.</summary>
    Product,
    /// <summary>Largest, from -∞; NaN if any is NaN.</summary>
    Max,
    /// <summary>Smallest, from +∞; NaN if any is NaN.</summary>
    Min,
}

/// <summary>A statement of a kernel. A closed set, over which backends switch.</summary>
public abstract record Statement
{
    /// <summary>The expressions that it evaluates itself, in order; a kind that is forgotten here does not compile.</summary>
    public abstract ReadOnlySpan<ScalarExpr> Operands { get; }

    /// <summary>The statements that it runs; a kind that is forgotten here does not compile.</summary>
    public abstract ImmutableArray<Statement> Nested { get; }
}

/// <summary>A statement that runs no others.</summary>
public abstract record SimpleStatement : Statement
{
    /// <inheritdoc/>
    public sealed override ImmutableArray<Statement> Nested => [];
}

/// <summary>Runs the body for each value of the variable from 0 to <paramref name="Extent"/> - 1.</summary>
/// <param name="Variable">The variable.</param>
/// <param name="Extent">Number of iterations.</param>
/// <param name="Kind">How it runs.</param>
/// <param name="Lanes">Of a vector loop: elements side by side, a power of two, possibly several registers wide.</param>
/// <param name="Body">What runs.</param>
/// <param name="Count">Of a serial loop: how many of the iterations run, evaluated as the loop is reached, from 0 to <paramref
/// name="Extent"/>; all where null. An expression of the variables of loops around it, and of locals, the same for all lanes.</param>
public sealed record ForStatement(LoopVariable Variable, long Extent, LoopKind Kind, int Lanes, ImmutableArray<Statement> Body,
    ScalarExpr? Count = null) : Statement
{
    /// <summary>Of a serial loop: how many iterations stand in one of the generated code, in their order; what is left follows the loop.
    /// No load moves from one into another, so that they share the registers of one.</summary>
    public int Unroll { get; init; } = 1;

    /// <summary>Of a parallel loop: how many iterations (of a vector loop, vectors) a worker claims at a time, those of its own range
    /// first, then those of the others' that nobody has claimed; 0 where it runs its own range and no other.</summary>
    public long Chunk { get; init; }

    /// <summary>What a parallel loop spreads over the workers: iterations, or vectors.</summary>
    public long Shares => Kind == LoopKind.ParallelVector ? (Extent + Lanes - 1) / Lanes : Extent;

    /// <summary>The loop with about so many iterations in one of the code: from this to below twice as many if such a number divides the
    /// extent, so that none are left, and all of a short loop.</summary>
    public ForStatement Unrolled(int about)
    {
        if (about == 1 || Extent <= 1) return this;
        if (Extent < 3 * about) return this with { Unroll = (int)Extent };
        var times = 2 * about - 1;
        while (times > about && Extent % times != 0) times--;
        return this with { Unroll = times };
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => Count is null ? [] : new[] { Count };
    /// <inheritdoc/>
    public override ImmutableArray<Statement> Nested => Body;
}
/// <summary>Declares a local and gives every element of it a value.</summary>
public sealed record LetStatement(Local Local, ScalarExpr Value) : SimpleStatement
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => new[] { Value };
}
/// <summary>Gives an element of a declared local a value.</summary>
public sealed record AssignStatement(Local Local, int Element, ScalarExpr Value) : SimpleStatement
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => new[] { Value };
}
/// <summary>Combines a value into a local. In a vector loop that the local is declared outside of, lanes are combined after the loop,
/// in an order that depends on extents and lanes only.</summary>
public sealed record AccumulateStatement(Local Local, ReductionKind Kind, ScalarExpr Value) : SimpleStatement
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => new[] { Value };
}
/// <summary>Puts a value and its index in place of those of two locals if it is chosen: it is larger (or smaller, for
/// <see cref="ReductionKind.Min"/>), or a NaN before any, or as large and its index less. So the order of choices does not matter; lanes
/// are combined as those of an accumulation.</summary>
/// <param name="Local">Of the value; no float narrower than f32.</param>
/// <param name="Index">Of its index, i32.</param>
/// <param name="Kind">Largest or smallest.</param>
/// <param name="Value">What may be chosen.</param>
/// <param name="At">Its index.</param>
public sealed record ChooseStatement(Local Local, Local Index, ReductionKind Kind, ScalarExpr Value, ScalarExpr At) : SimpleStatement
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => new[] { Value, At };
}
/// <summary>Writes an element of a buffer; nothing where <paramref name="Guard"/> is false.</summary>
public sealed record StoreStatement(LoopBuffer Buffer, ScalarExpr Position, ScalarExpr Value, ScalarExpr? Guard = null) : SimpleStatement
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => Guard is null ? new[] { Position, Value } : new[] { Position, Value, Guard };
}
/// <summary>Copies a matrix in memory, transposed: to[toPosition + c·toStride + r] = from[fromPosition + r·fromStride + c]. Not within a
/// vector loop.</summary>
/// <param name="To">Written; another buffer than <paramref name="From"/>, of its element type; or of a wider floating-point type, which
/// elements are converted to; or of u32 where those are bf16: then each c is a pair of neighbours, 2c and 2c + 1.</param>
/// <param name="ToPosition">Of the first element written.</param>
/// <param name="ToStride">Between neighbouring c; at least <paramref name="Rows"/>.</param>
/// <param name="From">Read.</param>
/// <param name="FromPosition">Of the first element read.</param>
/// <param name="FromStride">Between neighbouring r.</param>
/// <param name="Rows">Values of r.</param>
/// <param name="Columns">Values of c.</param>
public sealed record TransposeStatement(LoopBuffer To, ScalarExpr ToPosition, long ToStride,
    LoopBuffer From, ScalarExpr FromPosition, long FromStride, long Rows, long Columns) : SimpleStatement
{
    /// <summary>Whether elements move by pairs.</summary>
    public bool MovesPairs => From.DType == DType.BF16 && To.DType == DType.U32;

    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => new[] { ToPosition, FromPosition };
}
/// <summary>Hints that the cache line of an element will be needed; nothing is read, and the position may be outside of the buffer.
/// In a vector loop it is the first lane's.</summary>
/// <param name="Buffer">Whose memory.</param>
/// <param name="Position">Of the element.</param>
/// <param name="Level">Of the cache that should hold it: 1 or 2.</param>
public sealed record PrefetchStatement(LoopBuffer Buffer, ScalarExpr Position, int Level) : SimpleStatement
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => new[] { Position };
}
/// <summary>All workers complete the statements before it, and see their stores, before any continues. At the top level of a kernel
/// only.</summary>
public sealed record BarrierStatement : SimpleStatement
{
    /// <inheritdoc/>
    public override ReadOnlySpan<ScalarExpr> Operands => [];
}

/// <summary>A target-neutral kernel.</summary>
/// <param name="Name">For dumps and profiles.</param>
/// <param name="Arguments">What the caller passes, in order.</param>
/// <param name="Scratch">Worker and shared buffers.</param>
/// <param name="Body">What runs, on every worker.</param>
/// <param name="Locations">Where the operations inside were written.</param>
/// <param name="Work">Estimated scalar operations, for the choice of threads.</param>
public sealed record Kernel(string Name, ImmutableArray<LoopBuffer> Arguments, ImmutableArray<LoopBuffer> Scratch,
    ImmutableArray<Statement> Body, ImmutableArray<Location> Locations, double Work)
{
    /// <summary>The ways there were to compute it, if there were several.</summary>
    public KernelChoice? Choice { get; init; }

    /// <summary>With the same arguments, what is left to do where the result has the first argument's memory, if that is less.</summary>
    public Kernel? InPlace { get; init; }
}

/// <summary>A choice between ways to compute a kernel. All give the same bits.</summary>
/// <param name="Task">Its text says what is computed: equal for kernels with the same choice. Made where it is needed, as for
/// dumps.</param>
/// <param name="Taken">The number of the way that was taken.</param>
/// <param name="Ways">Their texts say what each way is, and what was expected of it; the first is expected to take least time.</param>
public sealed record KernelChoice(object Task, int Taken, ImmutableArray<object> Ways);
