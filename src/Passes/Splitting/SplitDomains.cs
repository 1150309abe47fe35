using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Splitting;

/// <summary>The values of a function under construction in the domains of its splits, each of them once.</summary>
internal sealed class SplitDomains
{
    private readonly Dictionary<(Value, AxisSplit), Value> _values = [];
    private readonly Dictionary<(Op, Value), List<Operation>> _reduced = [];

    /// <summary>A value in a split's domain: repeated or constant there, else a reshape.</summary>
    public Value In(AxisSplit split, Value value)
    {
        if (!_values.TryGetValue((value, split), out var inside)) _values[(value, split)] = inside = Create(split, value);
        return inside;
    }

    /// <summary>The reductions of a split's ranges, each of them once.</summary>
    public Value Reduced(Op op, ReductionSplit split, Value x)
    {
        if (!_reduced.TryGetValue((op, x), out var all)) _reduced[(op, x)] = all = [];
        if (all.Find(r => Reduction.Axes(r).SequenceEqual(split.First)) is { } known) return known.Result;
        var ranges = x.Builder.Emit(op, [x], ReduceSum.Attributes(split.First));
        all.Add(ranges.Definition!);
        return ranges;
    }

    /// <summary>An elementwise operation in a split's domain, reshaped back for those who read it elsewhere.</summary>
    public Value Move(Operation operation, AxisSplit split, FunctionBuilder builder, ReadOnlySpan<Value> operands)
    {
        var inside = builder.Emit(operation.Op, [.. operands.ToArray().Select(o => In(split, o))], operation.Attributes);
        var value = Reshaped(inside, split.Shape);
        _values[(value, split)] = inside;
        return value;
    }

    /// <summary>A value with another shape of as many elements.</summary>
    public static Value Reshaped(Value value, Shape shape) =>
        value.Shape == shape ? value : value.Builder.Emit(Reshape.Instance, [value], Reshape.Attributes(shape));

    private static Value Create(AxisSplit split, Value value)
    {
        var builder = value.Builder;
        if (value.Definition is { Op: Broadcast } broadcast)
        {
            var dimensions = Broadcast.Dimensions(broadcast);
            var source = Reshaped(broadcast.Operands[0], split.SizesOf(dimensions));
            return builder.Emit(Broadcast.Instance, [source], Broadcast.Attributes(split.Domain, split.AxesOf(dimensions)));
        }
        if (value.Definition is { Op: Constant } constant)
            return builder.Constant(Constant.LiteralOf(constant).WithShape(split.Domain));
        return Reshaped(value, split.Domain);
    }
}
