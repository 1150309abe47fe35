using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend.Metrics;

/// <summary>Examples with the numbers of their classes and what is predicted of them, as metrics count them.</summary>
/// <remarks>Counts are i64, and the first result of each method is that of labels that are no class.</remarks>
internal sealed class ClassExamples
{
    private readonly SyntaxCall _call;
    private readonly Value _labels, _predicted; // One for each label, unless there are scores of classes.
    private readonly double _threshold;
    private readonly int _ignored;

    public ClassExamples(SyntaxCall call, Value labels, double threshold, int ignored, int? classes = null)
    {
        (_call, _labels, _threshold, _ignored) = (call, labels, threshold, ignored);
        var x = call.Own(labels, nameof(labels)).X;
        call.Require(labels.DType.IsInteger, DiagnosticCode.DTypeMismatch, () => $"labels must be integers, got {labels.Type}");
        call.Require(x.DType != DType.Bool, DiagnosticCode.DTypeMismatch, () => $"scores or classes are predicted, got {x.Type}");
        call.Require(!double.IsNaN(threshold), DiagnosticCode.BadArgument, () => "a threshold of NaN");
        var isAlike = x.Shape == labels.Shape;
        var hasClasses = x.Rank == labels.Rank + 1 && x.Shape.Without(x.Rank - 1) == labels.Shape && x.DType.IsFloating;
        call.Require(isAlike || hasClasses, DiagnosticCode.ShapeMismatch, () => $"labels {labels.Type} do not fit {x.Type}");
        HasScores = hasClasses && x.Shape[^1] != 1;
        HasThreshold = !HasScores && x.DType.IsFloating;
        var known = HasScores ? x.Shape[^1] : HasThreshold ? 2 : (int?)null;
        call.Require(classes is null || (known ?? classes) == classes, DiagnosticCode.BadArgument,
            () => $"{classes} classes, and {x.Type} has {known}");
        call.Require(classes is not < 1, DiagnosticCode.BadArgument, () => $"{classes} classes; at least 1 is needed");
        call.Require(known is not 0, DiagnosticCode.ShapeMismatch, () => $"{x.Type} has no classes");
        (Classes, _predicted) = (known ?? classes, x);
    }

    /// <summary>Whether there is a score for each class along the last axis.</summary>
    public bool HasScores { get; }

    /// <summary>Whether there is one score, and a threshold between two classes.</summary>
    public bool HasThreshold { get; }

    /// <summary>How many classes there are, where that is known.</summary>
    public int? Classes { get; }

    public void RequireClasses() => _call.Require(Classes is not null, DiagnosticCode.BadArgument,
        () => $"the number of classes of {_predicted.Type} is not known; give classes");

    /// <summary>Labels that are no class; examples that count; those whose label is among the first k.</summary>
    public Value[] Fraction(int k)
    {
        var counts = Counts();
        var isRight = HasScores ? IsAmongFirst(k) : Predicted().Equal(Label());
        return [Bad(), Number(counts), Number(counts.And(isRight))];
    }

    /// <summary>Labels that are no class; and for each class how often it was predicted and right, was predicted, was a label.</summary>
    public Value[] CountsOfClasses()
    {
        var (label, predicted) = (Rows(Marks(Label())), Rows(Marks(Predicted())));
        static Value OfClasses(Value marks) => marks.ConvertTo(DType.I64).Sum(0);
        return [Bad(), OfClasses(label.And(predicted)), OfClasses(predicted), OfClasses(label)];
    }

    /// <summary>Labels that are no class; and how often each class, by row, was predicted to be each.</summary>
    public Value[] Table()
    {
        RequireClasses();
        // A sum of ones is exact in f64, whatever a product of f32 is rounded to.
        var (label, predicted) = (Rows(Marks(Label())).ConvertTo(DType.F64), Rows(Marks(Predicted())).ConvertTo(DType.F64));
        return [Bad(), label.Transpose().MatMul(predicted).ConvertTo(DType.I64)];
    }

    /// <summary>Labels that are no class; f64 scores; and 0 or 1 for each, or -1 for one that does not count.</summary>
    public Value[] Scores()
    {
        var label = Counts().Select(Label(), Label().Constant(-1));
        return [Bad(), OneEach().ConvertTo(DType.F64).Reshape([-1]), label.ConvertTo(DType.I8).Reshape([-1])];
    }

    // What holds every type of labels.
    private Value Label() => _labels.ConvertTo(DType.I64);

    private Value IsIgnored() => Label().Equal(_ignored);

    private Value IsClass(Value numbers) => Classes is { } classes
        ? numbers.GreaterOrEqual(numbers.Constant(0)).And(numbers.Less(numbers.Constant(classes))) : numbers.Equal(numbers);

    private Value Counts() => IsIgnored().Not().And(IsClass(Label()));

    private Value Bad()
    {
        var bad = IsClass(Label()).Not();
        if (!HasScores && !HasThreshold) bad = bad.Or(IsClass(Predicted()).Not());
        return Number(bad.And(IsIgnored().Not()));
    }

    private static Value Number(Value marks) => marks.ConvertTo(DType.I64).Sum();

    private Value OneEach() => _predicted.Shape == _labels.Shape ? _predicted : _predicted.Reshape([.. _labels.Shape]);

    private Value Predicted()
    {
        if (HasScores) return _predicted.ArgMax(-1).ConvertTo(DType.I64);
        var one = OneEach();
        return HasThreshold ? one.Greater(one.Constant(_threshold)).ConvertTo(DType.I64) : one.ConvertTo(DType.I64);
    }

    // For examples that count, along a last axis of the classes.
    private Value Marks(Value numbers)
    {
        var marks = numbers.OneHot(Classes!.Value, DType.Bool);
        return marks.And(Counts().ExpandDims(-1));
    }

    private Value Rows(Value marks) => marks.Reshape([(int)_labels.Shape.ElementCount, Classes!.Value]);

    // Fewer than k classes come before the label's: a larger score, or an equal one of a lower class. NaN comes after nothing.
    private Value IsAmongFirst(int k)
    {
        var (scores, label) = (_predicted, Label().ExpandDims(-1));
        var index = scores.Builder.Emit(Iota.Instance, [], Iota.Attributes(DType.I64[[.. scores.Shape]], scores.Rank - 1));
        var own = index.Equal(label).Select(scores, scores.Constant(0)).Sum(-1, keepAxes: true);
        var precedes = (index < label).And((scores < own).Not()).Or((index > label).And((scores <= own).Not()));
        return precedes.ConvertTo(DType.I64).Sum(-1) < k;
    }

    /// <summary>Refuses labels that are no class.</summary>
    /// <exception cref="RuntimeException">SGC5008: there are some.</exception>
    public static void Check(string metric, long bad)
    {
        if (bad > 0)
            throw new RuntimeException(RuntimeCode.BadInput, $"{metric}: {bad} labels or predictions of a batch are no class, nor "
                + "ignoreIndex; compile with Checked to see where a loss meets one");
    }
}
