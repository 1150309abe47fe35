using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>A contraction as batches of C = A·B: M is the size of A's free axes, N that of B's, K that of the contracted ones.</summary>
internal sealed class ContractionShape
{
    private readonly bool _isSwapped;

    /// <summary>A is the left operand and B the right one, exchanged where N would be 1, so that vectors along N are filled.</summary>
    public ContractionShape(Operation dot)
    {
        var axes = DotGeneral.Axes.Of(dot.Attributes);
        var (x, y) = (dot.Operands[0], dot.Operands[1]);
        var left = new ContractionSide(x, axes.BatchX, axes.FreeX(x.Rank), axes.ContractX);
        var right = new ContractionSide(y, axes.BatchY, axes.FreeY(y.Rank), axes.ContractY);
        _isSwapped = right.FreeCount == 1 && left.FreeCount > 1;
        (A, B) = _isSwapped ? (right, left) : (left, right);
    }

    public ContractionSide A { get; }
    public ContractionSide B { get; }
    public long Batch => A.BatchCount;
    public long M => A.FreeCount;
    public long N => B.FreeCount;
    public long K => A.KCount;

    /// <summary>Whether the result has no elements.</summary>
    public bool IsEmpty => Batch * M * N == 0;

    /// <summary>Scalar operations of a contraction, and of what follows it in its kernel.</summary>
    public double WorkOf(Function function) => (double)Batch * M * N * (2.0 * K / 8 + ElementKernel.Cost(function));

    /// <summary>Whether the result is M × N, row-major, in memory.</summary>
    public bool IsRowMajor => Batch == 1 && !_isSwapped;

    public ScalarExpr[] ResultIndex(ScalarExpr batch, ScalarExpr m, ScalarExpr n)
    {
        var (left, right) = (A.SplitFree(m), B.SplitFree(n));
        return [.. A.SplitBatch(batch), .. _isSwapped ? right : left, .. _isSwapped ? left : right];
    }
}

/// <summary>One operand of a contraction, its axes in three groups.</summary>
internal sealed class ContractionSide(Value operand, int[] batch, int[] free, int[] contract)
{
    public Value Operand { get; } = operand;
    public long BatchCount { get; } = Count(operand.Shape, batch);
    public long FreeCount { get; } = Count(operand.Shape, free);
    public long KCount { get; } = Count(operand.Shape, contract);

    /// <summary>Stride in elements along M or N, or null where it is not constant.</summary>
    public long? FreeStride { get; } = LinearStride(operand.Shape, free);
    /// <summary>Stride in elements along K, or null where it is not constant.</summary>
    public long? KStride { get; } = LinearStride(operand.Shape, contract);

    public ScalarExpr[] SplitBatch(ScalarExpr position) => Split(batch, position);
    public ScalarExpr[] SplitFree(ScalarExpr position) => Split(free, position);

    /// <summary>The row-major position of an element of the operand.</summary>
    public ScalarExpr Position(ScalarExpr batchNumber, ScalarExpr freeNumber, ScalarExpr k)
    {
        var index = new ScalarExpr[Operand.Rank];
        Fill(index, batch, batchNumber);
        Fill(index, free, freeNumber);
        Fill(index, contract, k);
        return KernelBody.Position(Operand.Shape, index);
    }

    // Where axes are nested with constant strides, the number of all of them is an index of the innermost, beyond its size: no division.
    private void Fill(ScalarExpr[] index, int[] axes, ScalarExpr number)
    {
        var split = Split(axes, number);
        var innermost = LinearStride(Operand.Shape, axes) is null ? -1 : Array.FindLastIndex(axes, a => Operand.Shape[a] != 1);
        for (var i = 0; i < axes.Length; i++) index[axes[i]] = innermost < 0 ? split[i] : i == innermost ? number : ScalarExpr.Index(0);
    }

    private ScalarExpr[] Split(int[] axes, ScalarExpr number) => KernelBody.Unravel(number, axes.Select(a => Operand.Shape[a]).ToArray());

    private static long Count(Shape shape, int[] axes) => axes.Aggregate(1L, (n, a) => n * shape[a]);

    private static long? LinearStride(Shape shape, int[] axes)
    {
        var strides = shape.Strides();
        int[] moving = [.. axes.Where(a => shape[a] != 1)];
        if (moving.Length == 0) return 1;
        for (var i = 1; i < moving.Length; i++)
            if (strides[moving[i - 1]] != strides[moving[i]] * shape[moving[i]]) return null;
        return strides[moving[^1]];
    }
}
