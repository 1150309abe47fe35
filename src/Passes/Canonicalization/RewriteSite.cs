using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Canonicalization;

/// <summary>Gives a simpler value that equals the operation's result, or null; emits nothing when it gives null.</summary>
internal delegate Value? Rule(RewriteSite site);

/// <summary>How often live operations and results read each value of a function.</summary>
internal sealed class UseCounts
{
    // By the numbers of values.
    private readonly int[] _counts;
    private readonly Operation?[] _lastReaders;

    private UseCounts(int values) => (_counts, _lastReaders) = (new int[values], new Operation?[values]);

    /// <summary>Number of live reads; 0 for a value that nothing depends on.</summary>
    internal int this[Value value] => _counts[value.Id];

    /// <summary>The one live operation that reads a value; null where several do, or a result of the function is it.</summary>
    internal Operation? OnlyReader(Value value) => this[value] == 1 ? _lastReaders[value.Id] : null;

    internal static UseCounts Of(Function function)
    {
        var uses = new UseCounts(function.ValueCount);
        foreach (var result in function.Results) uses.Count(result, null);
        for (var i = function.Operations.Length - 1; i >= 0; i--)
            if (uses.IsLive(function.Operations[i]))
                foreach (var operand in function.Operations[i].Operands) uses.Count(operand, function.Operations[i]);
        return uses;
    }

    /// <summary>Whether something depends on an operation.</summary>
    internal bool IsLive(Operation operation)
    {
        foreach (var result in operation.Results)
            if (this[result] > 0) return true;
        return false;
    }

    private void Count(Value value, Operation? reader) => (_counts[value.Id], _lastReaders[value.Id]) = (this[value] + 1, reader);
}

/// <summary>What a rule sees: the operation, and its operands as they are in the new function.</summary>
internal readonly struct RewriteSite(Operation operation, ImmutableArray<Value> operands, UseCounts uses)
{
    /// <summary>The operation in the old function: op, attributes and types.</summary>
    internal Operation Operation { get; } = operation;
    /// <summary>Operand <paramref name="index"/> in the new function.</summary>
    internal Value this[int index] => operands[index];
    /// <summary>Number of operands.</summary>
    internal int Count => operands.Length;
    /// <summary>The type that the replacement must have.</summary>
    internal TensorType Type => Operation.Result.Type;
    /// <summary>Whether something depends on the operation.</summary>
    internal bool IsLive => uses.IsLive(Operation);

    /// <summary>The operation that computes operand <paramref name="index"/> if it is an application of <paramref name="op"/>.</summary>
    internal Operation? Defined(int index, Op op) => operands[index].Definition is { } d && d.Op == op ? d : null;

    /// <summary>Whether operand <paramref name="index"/> is computed by <paramref name="op"/> for this operation alone, so
    /// that doing the work here instead makes it dead there.</summary>
    internal bool IsOnlyUse(int index, Op op) =>
        Operation.Operands[index] is { Definition: { } d } old && d.Op == op && uses[old] == 1;

    /// <summary>The same through an operation between: operand <paramref name="index"/> is <paramref name="outer"/> of
    /// <paramref name="inner"/>, both for this operation alone.</summary>
    internal bool IsOnlyUse(int index, Op outer, Op inner) => IsOnlyUse(index, outer)
        && Operation.Operands[index].Definition!.Operands[0] is { Definition: { } d } old && d.Op == inner && uses[old] == 1;

    /// <summary>The one operation that reads the result, if there is one.</summary>
    internal Operation? OnlyReader => uses.OnlyReader(Operation.Result);

    /// <summary>The operation that computes operand <paramref name="index"/>, of the same op in both functions, as a site.</summary>
    internal RewriteSite Below(int index) => new(Operation.Operands[index].Definition!, this[index].Definition!.Operands, uses);

    /// <summary>The value of every element of operand <paramref name="index"/> if it is a constant splat.</summary>
    internal Scalar? Splat(int index) => SplatOf(operands[index]);

    /// <summary>The value of every element of <paramref name="value"/> if it is a constant splat.</summary>
    internal static Scalar? SplatOf(Value value) =>
        value.Definition is { Op: IR.Ops.Constant } c && c.Attributes["value"] is IR.Attribute.Number n ? value.DType.Round(n.Value) : null;

    /// <summary>Whether operand <paramref name="index"/> is a constant.</summary>
    internal bool IsConstant(int index) => Defined(index, IR.Ops.Constant.Instance) is not null;

    /// <summary>Appends an operation without attributes.</summary>
    internal Value Emit(Op op, Value x, params ReadOnlySpan<Value> more) => x.Emit(op, Operation.Location, AttributeMap.Empty, more);

    /// <summary>Appends an operation.</summary>
    internal Value EmitWith(Op op, AttributeMap attributes, Value x, params ReadOnlySpan<Value> more) =>
        x.Emit(op, Operation.Location, attributes, more);

    /// <summary>A constant of the result's type, to which the value is rounded; integers wrap.</summary>
    internal Value Constant(Scalar value) => operands[0].Builder.Constant(Literal.Rounded(Type, value), Operation.Location);
}
