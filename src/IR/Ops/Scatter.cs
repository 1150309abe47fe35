using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Replaces rows at indexed rows of a tensor, or keeps the larger or the smaller elements of both.</summary>
/// <remarks>operand: [rows, …]. indices: i32 or i64, clamped to the rows. updates: indices' shape and then a row's. kind: set, max or min;
/// of several updates of one row the last in the order of the indices is set. C1: operand has rows. C2: indices are i32 or i64. C3: updates
/// fit. C4: one element type, not bool but for set. C5: kind is one of the three. What is set has the derivative; of equal extrema each has
/// an equal share.</remarks>
public sealed class Scatter : OpaqueOp, IKernelOp, IPartialOp
{
    /// <summary>The op.</summary>
    public static readonly Scatter Instance = new();
    private Scatter() : base("scatter", arity: 3) { }

    /// <summary>The attributes.</summary>
    /// <param name="kind">Not <see cref="ScatterKind.Add"/>, which is <see cref="ScatterAdd"/>.</param>
    public static AttributeMap Attributes(ScatterKind kind) => AttributeMap.Empty.With("kind", kind.ToString().ToLowerInvariant());

    (int Operand, long Low, long High) IPartialOp.NeededRange(Operation operation) => Gather.RowsOf(operation);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var kind = call.Word("kind");
        call.Require(kind is "set" or "max" or "min", DiagnosticCode.BadAttribute, () => $"kind = {kind}; it is set, max or min");
        call.Require(call[0].Rank > 0 && call[0].Shape[0] > 0, DiagnosticCode.RankMismatch, () => $"{call[0]} has no rows to update");
        Gather.CheckIndices(call, 1);
        call.Require(call[2].DType == call[0].DType, DiagnosticCode.DTypeMismatch, () => $"element types differ: {call[0]} and {call[2]}");
        call.Require(kind == "set" || call[0].DType != DType.Bool, DiagnosticCode.DTypeMismatch, () => $"{call[0]} has no {kind}");
        var fitting = new Shape([.. call[1].Shape, .. call[0].Shape.Skip(1)]);
        call.Require(call[2].Shape == fitting, DiagnosticCode.ShapeMismatch, () => $"updates must be {fitting}, got {call[2]}");
        return call[0];
    }

    /// <inheritdoc/>
    public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands)
    {
        var (x, indices, updates, kind) = (operands[0], operands[1], operands[2], operation.Word("kind"));
        Scalar[] values = [.. Enumerable.Range(0, checked((int)x.Type.Shape.ElementCount)).Select(i => x[i])];
        var row = values.Length / x.Type.Shape[0];
        for (var i = 0L; i < updates.Type.Shape.ElementCount; i++)
        {
            ref var value = ref values[Gather.Clamp(indices[i / row], x.Type.Shape[0]) * row + i % row];
            value = kind switch { "set" => updates[i], "max" => Scalar.Max(value, updates[i]), _ => Scalar.Min(value, updates[i]) };
        }
        return [Literal.Rounded(x.Type, values)];
    }

    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x)
    {
        var operand = x.WithAxis(0);
        var result = Gather.Joined(operand)
            .Emit(this, operation.Location, operation.Attributes, Gather.RowsOfJoined(operation, x), x.WithAxis(2));
        return [result.Emit(Reshape.Instance, operation.Location, Reshape.Attributes(operand.Shape))];
    }

    /// <inheritdoc/>
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted)
    {
        if (cotangents[0] is not { } cotangent) return [null, null, null];
        var (indices, updates) = (operation.Operands[1], operation.Operands[2]);
        if (operation.Word("kind") == "set")
            return [wanted[0] ? cotangent.Emit(this, operation.Location, operation.Attributes, indices, updates.Constant(0)) : null, null,
                wanted[2] ? IsLast(operation).Select(cotangent.Take(indices), updates.Constant(0)) : null];
        var (ofOperand, ofUpdates, shares) = Chosen(operation);
        var share = cotangent / shares;
        return [wanted[0] ? ofOperand.Select(share, share.Constant(0)) : null, null,
            wanted[2] ? ofUpdates.Select(share.Take(indices), updates.Constant(0)) : null];
    }

    /// <inheritdoc/>
    public override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents)
    {
        if (tangents[0] is null && tangents[2] is null) return [null];
        var (x, indices, updates) = (operation.Operands[0], operation.Operands[1], operation.Operands[2]);
        var (t, u) = (tangents[0] ?? x.Constant(0), tangents[2] ?? updates.Constant(0));
        if (operation.Word("kind") == "set") return [t.Emit(this, operation.Location, operation.Attributes, indices, u)];
        var (ofOperand, ofUpdates, shares) = Chosen(operation);
        var sum = ofOperand.Select(t, t.Constant(0)).Emit(ScatterAdd.Instance, operation.Location, AttributeMap.Empty, indices,
            ofUpdates.Select(u, u.Constant(0)));
        return [sum / shares];
    }

    /// <inheritdoc/>
    public Kernel Lower(Operation operation, TargetTraits target)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(target);
        return new ScatterKernel(operation, target).Replaced(operation.Word("kind"));
    }

    bool IKernelOp.CanOverwrite(Operation operation, int operand) => operand == 0;

    // Which updates no later one of the same row replaces: a row's greatest position is that of its last.
    private static Value IsLast(Operation operation)
    {
        var (indices, updates) = (operation.Operands[1], operation.Operands[2]);
        var count = indices.Shape.ElementCount;
        var positions = indices.Builder.Emit(Iota.Instance, [], Iota.Attributes(new(DType.I64, Shape.Of([count])), 0))
            .Emit(Reshape.Instance, default, Reshape.Attributes(indices.Shape));
        var last = positions.Constant(-1, Shape.Of([operation.Operands[0].Shape[0]])).Emit(Instance, operation.Location,
            Attributes(ScatterKind.Max), indices, positions);
        var isLast = last.Take(indices).Equal(positions);
        return isLast.Emit(Broadcast.Instance, operation.Location, Broadcast.Attributes(updates.Shape, Enumerable.Range(0, indices.Rank)));
    }

    // Which elements are the extremum of their place, and how many of them each place has: one at least, unless it is NaN.
    private static (Value OfOperand, Value OfUpdates, Value Shares) Chosen(Operation operation)
    {
        var (x, indices, updates, y) = (operation.Operands[0], operation.Operands[1], operation.Operands[2], operation.Result);
        var (ofOperand, ofUpdates) = (x.Equal(y), updates.Equal(y.Take(indices)));
        var shares = ofOperand.ConvertTo(x.DType).Emit(ScatterAdd.Instance, operation.Location, AttributeMap.Empty, indices,
            ofUpdates.ConvertTo(x.DType));
        return (ofOperand, ofUpdates, shares);
    }
}
