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
        var axes = ((IContractionOp)dot.Op).AxesOf(dot);
        var (x, y) = (dot.Operands[0], dot.Operands[1]);
        var left = new ContractionSide(x, axes.BatchX, axes.FreeX(x.Rank), axes.ContractX);
        var right = new ContractionSide(y, axes.BatchY, axes.FreeY(y.Rank), axes.ContractY);
        _isSwapped = right.Free.Count == 1 && left.Free.Count > 1;
        (A, B) = _isSwapped ? (right, left) : (left, right);
    }

    public ContractionSide A { get; }
    public ContractionSide B { get; }
    public long Batch => A.Batch.Count;
    public long M => A.Free.Count;
    public long N => B.Free.Count;
    public long K => A.K.Count;

    /// <summary>Whether the result has no elements.</summary>
    public bool IsEmpty => Batch * M * N == 0;

    /// <summary>Scalar operations of a contraction, and of what follows it in its kernel.</summary>
    public double WorkOf(Function function) => (double)Batch * M * N * (2.0 * K / 8 + ElementKernel.Cost(function));

    /// <summary>Whether the result is M × N, row-major, in memory.</summary>
    public bool IsRowMajor => Batch == 1 && !_isSwapped;

    /// <summary>The groups of axes of the result, in its order.</summary>
    public AxisGroup[] ResultGroups => _isSwapped ? [A.Batch, B.Free, A.Free] : [A.Batch, A.Free, B.Free];
}

/// <summary>One operand of a contraction: a view of memory, its axes in three groups.</summary>
internal sealed class ContractionSide
{
    private readonly StridedView _view;

    public ContractionSide(Value operand, int[] batch, int[] free, int[] contract)
    {
        _view = StridedView.Of(operand)
            ?? throw new IR.Diagnostics.InternalCompilerException("lower", $"{operand.Definition} is contracted, and no view of memory");
        (Batch, Free, K) = (new(_view, batch), new(_view, free), new(_view, contract));
    }

    /// <summary>The value in memory.</summary>
    public Value Memory => _view.Memory;
    public AxisGroup Batch { get; }
    public AxisGroup Free { get; }
    public AxisGroup K { get; }

    /// <summary>Whether the view has more elements than there are in memory, as windows do.</summary>
    public bool Overlaps => _view.Shape.ElementCount > _view.Memory.Shape.ElementCount;

    /// <summary>The elements in memory, and the axes of each group as sizes and strides there.</summary>
    public override string ToString() => $"{Memory.Shape.ElementCount}[{Batch}]({Free})({K})";

    /// <summary>The row-major position in memory of an element, or of the first of some along K that are counted together.</summary>
    public ScalarExpr Position(ScalarExpr batch, AxisNumber free, AxisNumber k, int together = 1) =>
        Free.Position(free) + Batch.Position(batch) + K.Position(k, together) + _view.Offset;
}

/// <summary>A number along a group of axes, from 0 to below <see cref="AxisGroup.Count"/>: quotient · granule + step.</summary>
/// <param name="Quotient">How many granules come before it.</param>
/// <param name="Granule">Axes whose size it divides need no division for the step.</param>
/// <param name="Step">What is left: less than the granule.</param>
internal readonly record struct AxisNumber(ScalarExpr Quotient, long Granule, ScalarExpr Step)
{
    public static implicit operator AxisNumber(ScalarExpr number) => new(number, 1, ScalarExpr.Index(0));

    public ScalarExpr Sum => Quotient * Granule + Step;

    /// <summary>The index along each of some axes.</summary>
    public ScalarExpr[] Split(int[] sizes)
    {
        var innermost = Array.FindLastIndex(sizes, size => size != 1);
        if (innermost < 0 || sizes[innermost] % Granule != 0) return KernelBody.Unravel(Sum, sizes);
        var index = KernelBody.Unravel(Quotient, [.. sizes[..innermost], (int)(sizes[innermost] / Granule), .. sizes[(innermost + 1)..]]);
        index[innermost] = index[innermost] * Granule + Step;
        return index;
    }
}

/// <summary>Axes of a view that are counted together, in row-major order.</summary>
internal sealed class AxisGroup
{
    private readonly int[] _sizes;
    // Axes in a row that are one step apart in memory.
    private readonly List<(int Size, long Stride)> _runs = [];

    public AxisGroup(StridedView view, int[] axes)
    {
        _sizes = [.. axes.Select(a => view.Shape[a])];
        Count = _sizes.Aggregate(1L, (n, size) => n * size);
        foreach (var axis in axes.Where(a => view.Shape[a] != 1))
        {
            var (size, stride) = (view.Shape[axis], view.Strides[axis]);
            if (_runs.Count > 0 && _runs[^1].Stride == stride * size) _runs[^1] = (_runs[^1].Size * size, stride);
            else _runs.Add((size, stride));
        }
    }

    public long Count { get; }

    /// <summary>How many runs there are.</summary>
    public int Runs => _runs.Count;

    /// <summary>How many numbers follow one another at one distance in memory: all, unless axes are apart.</summary>
    public int Run => _runs.Count == 0 ? 1 : _runs[^1].Size;

    /// <summary>The distance from one number to the next in a run.</summary>
    public long RunStride => _runs.Count == 0 ? 1 : _runs[^1].Stride;

    /// <summary>The distance from one number to the next, or null where it is not constant.</summary>
    public long? Stride => _runs.Count <= 1 ? RunStride : null;

    /// <summary>What a number adds to the position in memory.</summary>
    /// <param name="number">Of an element, or of some that are counted together.</param>
    /// <param name="together">How many: 1, or a divisor of <see cref="Run"/>; the position is that of the first.</param>
    public ScalarExpr Position(AxisNumber number, int together = 1)
    {
        int OfRun(int i) => i == _runs.Count - 1 ? together : 1;
        var (position, index) = (ScalarExpr.Index(0), number.Split([.. _runs.Select((r, i) => r.Size / OfRun(i))]));
        for (var i = 0; i < index.Length; i++) position = StridedView.Step(position, index[i], _runs[i].Stride * OfRun(i));
        return position;
    }

    /// <summary>Sizes and strides of the runs, such as <c>28:1,3:30</c>.</summary>
    public override string ToString() => string.Join(",", _runs.Select(r => $"{r.Size}:{r.Stride}"));

    /// <summary>How many axes there are, those of one element included.</summary>
    public int Rank => _sizes.Length;

    /// <summary>The index along each axis.</summary>
    public ScalarExpr[] Split(AxisNumber number) => number.Split(_sizes);

    /// <summary>An index with the number along the innermost axis of more than one element.</summary>
    public ScalarExpr[] Whole(AxisNumber number) => KernelBody.FlatIndex(new Shape(_sizes), number.Sum);
}
