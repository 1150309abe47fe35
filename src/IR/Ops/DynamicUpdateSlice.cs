using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Replaces the block of a tensor that starts at computed indices.</summary>
/// <remarks>x: any. update: the block, along each axis at most as large. start: i64, the index of its first element along each axis,
/// clamped so that the block is within x. C1: x has axes, and update fits. C2: one element type. C3: start is i64 and has a number for
/// each axis. Cost: the block alone where x is not needed afterwards, else a copy of x too.</remarks>
public sealed class DynamicUpdateSlice : LinearOp, IKernelOp
{
    /// <summary>The op.</summary>
    public static readonly DynamicUpdateSlice Instance = new();
    private DynamicUpdateSlice() : base("dynamic_update_slice", arity: 3) { }

    /// <inheritdoc/>
    protected override bool IsJointlyLinear => true;

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var (x, update, start) = (call[0], call[1], call[2]);
        call.Require(update.DType == x.DType, DiagnosticCode.DTypeMismatch, () => $"element types differ: {x} and {update}");
        call.Require(x.Rank > 0 && update.Rank == x.Rank && update.Shape.Zip(x.Shape).All(s => s.First <= s.Second),
            DiagnosticCode.ShapeMismatch, () => $"{update} is no block of {x}");
        call.Require(start.DType == DType.I64, DiagnosticCode.DTypeMismatch, () => $"start is i64, got {start}");
        call.Require(start.Shape == new Shape(x.Rank), DiagnosticCode.ShapeMismatch, () => $"start needs {x.Rank} numbers, got {start}");
        return x;
    }

    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent)
    {
        var (update, start) = (operation.Operands[1], operation.Operands[2]);
        if (wrt == 0) return cotangent.Emit(this, operation.Location, AttributeMap.Empty, update.Constant(0), start);
        Value At(int axis) => start.Slice([axis], [axis + 1]).Reshape([]);
        return cotangent.DynamicSlice([.. Enumerable.Range(0, cotangent.Rank).Select(At)], [.. update.Shape]);
    }

    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x)
    {
        if (!x.IsBatched(2))
        {
            var start = x[2].Constant(0, new Shape(1)).Concat(x[2]);
            return [x.WithAxis(0).Emit(this, operation.Location, AttributeMap.Empty, x.WithAxis(1), start)];
        }
        // Blocks that start apart are elements of all tensors together.
        var (tensor, update, strides) = (x.WithAxis(0), x.WithAxis(1), operation.Operands[0].Shape.Strides());
        var type = update.Type.With(DType.I64);
        Value Counted(int axis) => tensor.Builder.Emit(Iota.Instance, [], Iota.Attributes(type, axis), operation.Location);
        var position = Counted(0) * operation.Operands[0].Shape.ElementCount;
        for (var a = 0; a < strides.Length; a++)
        {
            var first = x[2].Slice([0, a], [x.Size, a + 1]).Reshape([x.Size])
                .Clip(0, operation.Operands[0].Shape[a] - operation.Operands[1].Shape[a]);
            position += (Counted(a + 1) + first.Emit(Broadcast.Instance, operation.Location, Broadcast.Attributes(update.Shape, [0])))
                * strides[a];
        }
        return [tensor.Reshape([-1]).Emit(Scatter.Instance, operation.Location, Scatter.Attributes(ScatterKind.Set), position, update)
            .Emit(Reshape.Instance, operation.Location, Reshape.Attributes(tensor.Shape))];
    }

    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands)
    {
        var (x, update, start) = (operands[0], operands[1], operands[2]);
        Scalar[] values = [.. Enumerable.Range(0, checked((int)x.Type.Shape.ElementCount)).Select(i => x[i])];
        var index = new int[x.Type.Rank];
        for (var i = 0L; i < update.Type.Shape.ElementCount; i++)
        {
            update.Type.Shape.Unravel(i, index);
            for (var a = 0; a < index.Length; a++)
                index[a] += (int)Math.Clamp((long)start[a], 0, x.Type.Shape[a] - update.Type.Shape[a]);
            values[x.Type.Shape.Ravel(index)] = update[i];
        }
        return Literal.Rounded(x.Type, values);
    }

    bool IKernelOp.CanOverwrite(Operation operation, int operand) => operand == 0;

    /// <inheritdoc/>
    public Kernel Lower(Operation operation, TargetTraits target)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(target);
        var (x, update) = (operation.Operands[0], operation.Operands[1]);
        LoopBuffer[] arguments = [LoopBuffer.Argument("x", x.Type), LoopBuffer.Argument("update", update.Type),
            LoopBuffer.Argument("start", operation.Operands[2].Type), LoopBuffer.Argument("r0", operation.Result.Type, isWritten: true)];
        var lanes = Math.Max(target.Lanes(x.DType), 1) * 2;
        var block = update.Shape.ElementCount == 0 ? [] : (Statement[])[Block(x.Shape, update.Shape, arguments, lanes)];
        var i = new LoopVariable("i", x.Shape.ElementCount);
        var copy = new ForStatement(i, x.Shape.ElementCount, LoopKind.ParallelVector, lanes,
            [new StoreStatement(arguments[3], i.Value, new LoadExpr(arguments[0], i.Value))]);
        Kernel Of(Statement[] body, double work) =>
            new(Name, [.. arguments], [], [.. body], operation.Location.IsKnown ? [operation.Location] : [], work);
        return Of([copy, new BarrierStatement(), .. block], x.Shape.ElementCount) with { InPlace = Of(block, update.Shape.ElementCount) };
    }

    // Runs of neighbors: along the last axis that the block is a part of, and what is behind it.
    private static ForStatement Block(Shape x, Shape update, LoopBuffer[] arguments, int lanes)
    {
        var along = Math.Max(Array.FindLastIndex([.. Enumerable.Range(0, x.Rank)], a => update[a] != x[a]), 0);
        var (strides, run) = (x.Strides(), update.Skip(along).Aggregate(1L, (a, b) => a * b));
        var (row, lane) = (new LoopVariable("row", update.ElementCount / run), new LoopVariable("i", run));
        var (position, rest) = (ScalarExpr.Index(0), row.Value);
        for (var a = along; a >= 0; a--)
        {
            var size = ScalarExpr.Index(update[a]);
            var first = ScalarExpr.Binary(BinaryKind.Max, ScalarExpr.Index(0), ScalarExpr.Binary(BinaryKind.Min,
                new LoadExpr(arguments[2], ScalarExpr.Index(a)), ScalarExpr.Index(x[a] - update[a])));
            position += (a == along ? first : first + ScalarExpr.Binary(BinaryKind.Rem, rest, size)) * strides[a];
            if (a < along) rest = rest / size;
        }
        var begin = new Local("begin", DType.I64);
        var store = new StoreStatement(arguments[3], SortKernel.Within(new LocalExpr(begin), x.ElementCount - run + 1) + lane.Value,
            new LoadExpr(arguments[1], row.Value * run + lane.Value));
        return new(row, row.Extent!.Value, LoopKind.Parallel, 1,
            [new LetStatement(begin, position), new ForStatement(lane, run, LoopKind.Vector, lanes, [store])]);
    }
}
