using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend;

/// <summary>Examples that each have the number of a class, one of which says that an example does not count.</summary>
internal sealed class LabelledExamples
{
    private readonly SyntaxCall _call;
    private readonly Value _x, _labels;
    private readonly int _axis, _ignored;

    /// <param name="call">That is made.</param>
    /// <param name="x">A number for each class, along an axis.</param>
    /// <param name="axis">Of the classes.</param>
    /// <param name="labels">Integers of x's shape without them.</param>
    /// <param name="ignored">A label that does not count.</param>
    public LabelledExamples(SyntaxCall call, Value x, int axis, Value labels, int ignored)
    {
        (_call, _x, _axis, _labels, _ignored) = (call, x, axis, labels, ignored);
        call.Require(labels.DType.IsInteger, DiagnosticCode.DTypeMismatch, () => $"labels must be integers, got {labels.Type}");
        call.Require(labels.Shape == x.Shape.Without(axis), DiagnosticCode.ShapeMismatch,
            () => $"labels {labels.Type} do not fit logits {x.Type}");
    }

    /// <summary>What each class counts; 1 each when null.</summary>
    public Value? Weights { get; init; }

    /// <summary>How much of an example counts for all classes evenly.</summary>
    public double Smoothing { get; init; }

    private int Classes => _x.Shape[_axis];

    /// <summary>A number along an axis for each class, repeated along all others.</summary>
    public static Value AlongAxis(Value numbers, Value like, int axis) =>
        numbers.Emit(Broadcast.Instance, default, Broadcast.Attributes(like.Shape, [axis]));

    /// <summary>The loss of each example, for the logarithms of probabilities.</summary>
    public Value Losses(Value log)
    {
        // A label that is no class picks nothing and passes nothing back; its loss, 0 or NaN, is added, and has no derivative.
        Value IsGood(Value labels) => CanBe(_ignored) ? IsClass(labels).Or(labels.Equal(labels.Constant(_ignored))) : IsClass(labels);
        var (isGood, isLabel) = (IsGood(_labels), IsLabel(log));
        var loss = isLabel.Select(log, log.Constant(0)).Sum(_axis);
        if (Weights is not null) loss *= WeightOfLabel();
        if (Smoothing > 0)
        {
            var all = Weights is null ? log : log * AlongAxis(LossCall.Wide(Weights), log, _axis);
            var mean = all.Sum(_axis) * (Smoothing / Classes);
            loss = (1 - Smoothing) * loss + Counts(IsClass(_labels)).Select(mean, mean.Constant(0));
        }
        var losses = isGood.Select(loss.Constant(0), loss.Constant(double.NaN)) - loss;
        if (_x.Builder is GraphBuilder graph)
            graph.Add(new(losses, _labels, IsGood, $"{_call.Name}: label {{0}} is outside of 0..{Classes - 1}, and is not "
                + $"ignoreIndex = {_ignored} (example {{1}} of the batch)", _call.Location));
        return losses;
    }

    /// <summary>Reduces the losses; their mean is over the weights of the examples that count.</summary>
    public Value Reduced(Value losses, LossReduction reduction)
    {
        if (reduction == LossReduction.None) return losses;
        if (reduction == LossReduction.Sum) return losses.Sum();
        if (Weights is not null) return losses.Sum() / Counts(null).Select(WeightOfLabel(), losses.Constant(0)).Sum();
        return CanBe(_ignored) ? losses.Sum() / IsNotIgnored().ConvertTo(losses.DType).Sum() : losses.Mean();
    }

    private Value WeightOfLabel() =>
        LossCall.Wide(Weights!).Take(_labels.ConvertTo(DType.I64).Clip(0, Math.Max(Classes - 1, 0)));

    private Value IsNotIgnored() => _labels.NotEqual(_labels.Constant(_ignored));

    // Whether an example counts, also that of a label that is no class unless a condition says otherwise.
    private Value Counts(Value? condition)
    {
        var counts = CanBe(_ignored) ? IsNotIgnored() : _labels.Equal(_labels);
        return condition is null ? counts : counts.And(condition);
    }

    private Value IsLabel(Value log)
    {
        var picking = CanBe(Classes - 1) ? _labels : _labels.ConvertTo(DType.I32);
        if (_ignored >= 0 && _ignored < Classes) picking = Without(picking, _ignored);
        var classes = log.Builder.Emit(Iota.Instance, [], Iota.Attributes(picking.Type.With(log.Shape), _axis));
        return classes.Equal(picking.ExpandDims(_axis));
    }

    // A comparison with a number that the labels' type cannot hold would compare with what it wraps to.
    private bool CanBe(long label) => label >= _labels.DType.Lowest && label <= _labels.DType.Highest;

    // Labels that are no class in place of one that is.
    private static Value Without(Value labels, int label)
    {
        var signed = labels.DType.Kind == DTypeKind.Unsigned ? labels.ConvertTo(DType.I64) : labels;
        return signed.Equal(signed.Constant(label)).Select(signed.Constant(-1), signed);
    }

    private Value IsClass(Value labels)
    {
        var isClass = labels.GreaterOrEqual(labels.Constant(0));
        return CanBe(Classes) ? isClass.And(labels.Less(labels.Constant(Classes))) : isClass;
    }
}
