using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>An op that replaces parts of a tensor at indices, or keeps the larger or the smaller elements of both.</summary>
/// <remarks>Operands: the tensor, indices, updates. What is set has the derivative; of equal extrema each has an equal share.</remarks>
public abstract class ScatterOp : OpaqueOp
{
    private protected ScatterOp(string name) : base(name, arity: 3) { }

    /// <inheritdoc/>
    public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands)
    {
        var (x, indices, updates, kind) = (operands[0], operands[1], operands[2], operation.Word("kind"));
        Scalar[] values = [.. Enumerable.Range(0, checked((int)x.Type.Shape.ElementCount)).Select(i => x[i])];
        for (var i = 0L; i < updates.Type.Shape.ElementCount; i++)
        {
            ref var value = ref values[PositionOf(operation, indices, i)];
            value = kind switch { "set" => updates[i], "max" => Scalar.Max(value, updates[i]), _ => Scalar.Min(value, updates[i]) };
        }
        return [Literal.Rounded(x.Type, values)];
    }

    /// <inheritdoc/>
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted)
    {
        if (cotangents[0] is not { } cotangent) return [null, null, null];
        var updates = operation.Operands[2];
        if (operation.Word("kind") == "set")
            return [wanted[0] ? Replaced(operation, cotangent, updates.Constant(0)) : null, null,
                wanted[2] ? IsLast(operation).Select(Taken(operation, cotangent), updates.Constant(0)) : null];
        var (ofOperand, ofUpdates, shares) = Chosen(operation);
        var share = cotangent / shares;
        return [wanted[0] ? ofOperand.Select(share, share.Constant(0)) : null, null,
            wanted[2] ? ofUpdates.Select(Taken(operation, share), updates.Constant(0)) : null];
    }

    /// <inheritdoc/>
    public override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents)
    {
        if (tangents[0] is null && tangents[2] is null) return [null];
        var (x, updates) = (operation.Operands[0], operation.Operands[2]);
        var (t, u) = (tangents[0] ?? x.Constant(0), tangents[2] ?? updates.Constant(0));
        if (operation.Word("kind") == "set") return [Replaced(operation, t, u)];
        var (ofOperand, ofUpdates, shares) = Chosen(operation);
        return [Added(operation, ofOperand.Select(t, t.Constant(0)), ofUpdates.Select(u, u.Constant(0))) / shares];
    }

    /// <summary>Where in the tensor an update is, both counted in the order of memory.</summary>
    private protected abstract long PositionOf(Operation operation, Literal indices, long update);

    /// <summary>What a tensor like the first operand has where the updates are: of their shape.</summary>
    private protected abstract Value Taken(Operation operation, Value x);

    /// <summary>A tensor like the first operand, with updates added.</summary>
    private protected abstract Value Added(Operation operation, Value x, Value updates);

    /// <summary>Which updates no later one of the same part replaces: of their shape.</summary>
    private protected abstract Value IsLast(Operation operation);

    /// <summary>Requires one of the three kinds, and updates of the element type and of a shape.</summary>
    private protected static void CheckUpdates(OpCall call, Shape fitting)
    {
        var kind = call.Word("kind");
        call.Require(kind is "set" or "max" or "min", DiagnosticCode.BadAttribute, () => $"kind = {kind}; it is set, max or min");
        call.Require(call[2].DType == call[0].DType, DiagnosticCode.DTypeMismatch, () => $"element types differ: {call[0]} and {call[2]}");
        call.Require(kind == "set" || call[0].DType != DType.Bool, DiagnosticCode.DTypeMismatch, () => $"{call[0]} has no {kind}");
        call.Require(call[2].Shape == fitting, DiagnosticCode.ShapeMismatch, () => $"updates must be {fitting}, got {call[2]}");
    }

    /// <summary>Which of some positions, of the indices' shape, are the greatest at their index of a tensor of a shape.</summary>
    private protected Value IsGreatest(Operation operation, Value positions, Shape shape)
    {
        var greatest = positions.Constant(-1, shape)
            .Emit(this, operation.Location, operation.Attributes.With("kind", "max"), operation.Operands[1], positions);
        return Taken(operation, greatest).Equal(positions);
    }

    private Value Replaced(Operation operation, Value x, Value updates) =>
        x.Emit(this, operation.Location, operation.Attributes, operation.Operands[1], updates);

    // Which elements are the extremum of their place, and how many of them each place has: one at least, unless it is NaN.
    private (Value OfOperand, Value OfUpdates, Value Shares) Chosen(Operation operation)
    {
        var (x, updates, y) = (operation.Operands[0], operation.Operands[2], operation.Result);
        var (ofOperand, ofUpdates) = (x.Equal(y), updates.Equal(Taken(operation, y)));
        return (ofOperand, ofUpdates, Added(operation, ofOperand.ConvertTo(x.DType), ofUpdates.ConvertTo(x.DType)));
    }
}
