using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Metrics;

/// <summary>How figures of classes become one.</summary>
public enum ClassAverage
{
    /// <summary>The mean over the classes that occur, in labels or in predictions.</summary>
    Macro,

    /// <summary>That of all classes' counts together; where each example has one class it is the accuracy.</summary>
    Micro,

    /// <summary>The mean over the classes, each as often as it is a label.</summary>
    Weighted,
}

// Metrics of examples that each have the number of a class. All take what is predicted in one of three forms, as ClassExamples says.
public abstract partial class Metric
{
    /// <summary>The part of the examples whose class is the predicted one.</summary>
    /// <param name="predicted">A number for each class along the last axis, of which the largest is predicted, the first of equals; or of
    /// the labels' shape floating point, where class 1 is predicted above the threshold; or of their shape integers, the classes.</param>
    /// <param name="labels">Integers of any shape. One that is no class is SGC5008 when the metric is measured.</param>
    /// <param name="threshold">Between classes 0 and 1: 0 for logits, 0.5 for probabilities.</param>
    /// <param name="ignoreIndex">A label that says that an example does not count.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <remarks>An example whose label has the score NaN is not right.</remarks>
    /// <exception cref="GraphException">SGC1001: labels are no integers, or bool is predicted. SGC1002: shapes do not fit. SGC1008: of
    /// another builder.</exception>
    public static Metric Accuracy(Value predicted, Value labels, double threshold = 0, int ignoreIndex = -100,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var call = Call("Accuracy", predicted, new(file, line));
        var examples = new ClassExamples(call, labels, threshold, ignoreIndex);
        return new FractionMetric(Declared(call, () => examples.Fraction(1)), call.Name);
    }

    /// <summary>The part of the examples whose class has one of the k largest numbers; of equals the first come first.</summary>
    /// <param name="scores">A number for each class along the last axis.</param>
    /// <param name="labels">Integers of the scores' shape without the classes. One that is no class is SGC5008 when the metric is
    /// measured.</param>
    /// <param name="k">At least 1.</param>
    /// <param name="ignoreIndex">A label that says that an example does not count.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1001: labels are no integers, or scores not floating point. SGC1002: shapes do not fit. SGC1008:
    /// of another builder. SGC1011: k below 1.</exception>
    public static Metric TopK(Value scores, Value labels, int k, int ignoreIndex = -100,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var call = Call("TopK", scores, new(file, line)).Floating();
        call.Require(k >= 1, DiagnosticCode.BadArgument, () => $"k = {k}; at least 1 is needed");
        var examples = new ClassExamples(call, labels, 0, ignoreIndex);
        call.Require(examples.HasScores, DiagnosticCode.ShapeMismatch, () => $"needs a score for each class, got {scores.Type}");
        return new FractionMetric(Declared(call, () => examples.Fraction(k)), call.Name);
    }

    /// <summary>Of the examples that are predicted to be of a class the part that is; 0 where none is predicted to be.</summary>
    /// <param name="predicted">As of <see cref="Accuracy"/>.</param>
    /// <param name="labels">Integers. One that is no class is SGC5008 when the metric is measured.</param>
    /// <param name="average">How the figures of classes become one, where no class is named.</param>
    /// <param name="positive">The class that it is of; when null, 1 of two classes that a threshold is between, else the average over all
    /// classes.</param>
    /// <param name="classes">How many there are, where classes are predicted and not scores.</param>
    /// <param name="threshold">Between classes 0 and 1: 0 for logits, 0.5 for probabilities.</param>
    /// <param name="ignoreIndex">A label that says that an example does not count.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <remarks>As scikit-learn's, whose <c>zero_division</c> is 0.</remarks>
    /// <exception cref="GraphException">SGC1001, SGC1002, SGC1008: as of <see cref="Accuracy"/>. SGC1011: no such class or average, or a
    /// number of classes that is missing or not that of the scores.</exception>
    public static Metric Precision(Value predicted, Value labels, ClassAverage average = ClassAverage.Macro, int? positive = null,
        int? classes = null, double threshold = 0, int ignoreIndex = -100,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var call = Call("Precision", predicted, new(file, line));
        return Rates(call, new(call, labels, threshold, ignoreIndex, classes), average, positive, (right, predicted, _) =>
            Ratio(right, predicted));
    }

    /// <summary>Of the examples that are of a class the part that is predicted to be; 0 where none is.</summary>
    /// <inheritdoc cref="Precision"/>
    public static Metric Recall(Value predicted, Value labels, ClassAverage average = ClassAverage.Macro, int? positive = null,
        int? classes = null, double threshold = 0, int ignoreIndex = -100,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var call = Call("Recall", predicted, new(file, line));
        return Rates(call, new(call, labels, threshold, ignoreIndex, classes), average, positive, (right, _, actual) =>
            Ratio(right, actual));
    }

    /// <summary>The harmonic mean of precision and recall; 0 where both are 0.</summary>
    /// <inheritdoc cref="Precision"/>
    public static Metric F1(Value predicted, Value labels, ClassAverage average = ClassAverage.Macro, int? positive = null,
        int? classes = null, double threshold = 0, int ignoreIndex = -100,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var call = Call("F1", predicted, new(file, line));
        return Rates(call, new(call, labels, threshold, ignoreIndex, classes), average, positive, (right, predicted, actual) =>
            Ratio(2 * right, predicted + actual));
    }

    /// <summary>How often each class was predicted to be each: a table.</summary>
    /// <param name="predicted">As of <see cref="Accuracy"/>.</param>
    /// <param name="labels">Integers. One that is no class is SGC5008 when the metric is measured.</param>
    /// <param name="classes">How many there are, where classes are predicted and not scores.</param>
    /// <param name="threshold">Between classes 0 and 1: 0 for logits, 0.5 for probabilities.</param>
    /// <param name="ignoreIndex">A label that says that an example does not count.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1001, SGC1002, SGC1008: as of <see cref="Accuracy"/>. SGC1011: a number of classes that is
    /// missing or not that of the scores.</exception>
    public static Metric ConfusionMatrix(Value predicted, Value labels, int? classes = null, double threshold = 0, int ignoreIndex = -100,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var call = Call("ConfusionMatrix", predicted, new(file, line));
        var examples = new ClassExamples(call, labels, threshold, ignoreIndex, classes);
        return new ConfusionMetric(Declared(call, examples.Table), examples.Classes!.Value);
    }

    /// <summary>The area under the receiver operating characteristic: how likely an example of class 1 has a greater score than one of
    /// class 0, where equal scores count half.</summary>
    /// <param name="scores">Floating point, of the labels' shape, or with one axis of size 1 more.</param>
    /// <param name="labels">Integers, 0 or 1. Another is SGC5008 when the metric is measured.</param>
    /// <param name="ignoreIndex">A label that says that an example does not count.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <remarks>Exact: scores are kept, 9 bytes an example, and sorted in the end, n log n. NaN where a score is, or where one class has no
    /// example.</remarks>
    /// <exception cref="GraphException">SGC1001: labels are no integers, or scores not floating point. SGC1002: shapes do not fit. SGC1008:
    /// of another builder.</exception>
    public static Metric Auc(Value scores, Value labels, int ignoreIndex = -100,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var call = Call("Auc", scores, new(file, line)).Floating();
        var examples = new ClassExamples(call, labels, 0, ignoreIndex);
        call.Require(!examples.HasScores, DiagnosticCode.ShapeMismatch,
            () => $"needs one score for each of {labels.Type}, got {scores.Type}");
        return new AucMetric(Declared(call, examples.Scores));
    }

    private static ClassRateMetric Rates(SyntaxCall call, ClassExamples examples, ClassAverage average, int? positive, ClassRate rate)
    {
        call.Require(Enum.IsDefined(average), DiagnosticCode.BadArgument, () => $"there is no average {average}");
        examples.RequireClasses();
        call.Require(positive is null || (positive >= 0 && positive < examples.Classes), DiagnosticCode.BadArgument,
            () => $"there is no class {positive}; there are {examples.Classes}");
        var of = positive ?? (examples.HasThreshold ? 1 : null);
        return new(Declared(call, examples.CountsOfClasses), call.Name, average, of, rate);
    }

    private static double Ratio(double x, double y) => y == 0 ? 0 : x / y;
}
