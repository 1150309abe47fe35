using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend;

/// <summary>Losses; take the Mean() of those that give a number for each example.</summary>
public static class LossSyntax
{
    extension(Value x)
    {
        /// <summary>-log softmax(x)[label] for logits x[batch, classes] and labels[batch]: a number for each example.</summary>
        /// <param name="labels">Integers, one for each example.</param>
        /// <param name="ignoreIndex">A label that says that an example does not count:
        /// its loss is 0, and nothing is learnt from it.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <remarks>Any other label outside of 0..classes-1 has the loss NaN, and nothing is learnt from its example; a step compiled with
        /// <see cref="CompileOptions.Checked"/> names it. Mean() divides by the number of
        /// all examples; <see cref="MeanSoftmaxCrossEntropy"/> by that of those not ignored, as PyTorch's does.</remarks>
        /// <exception cref="GraphException">SGC1003: x is not a matrix. SGC1001, SGC1002: labels are not integers[batch].</exception>
        public Value SoftmaxCrossEntropy(Value labels, int ignoreIndex = -100,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            ArgumentNullException.ThrowIfNull(labels);
            var location = x.Builder.Pinned ?? new Location(file, line);
            if (labels.Builder != x.Builder) throw Foreign("SoftmaxCrossEntropy", x, labels, location);
            if (x.Rank != 2)
                throw new GraphException(DiagnosticCode.RankMismatch,
                    $"SoftmaxCrossEntropy: logits must be [batch, classes], got {x.Type}", location);
            if (!labels.DType.IsInteger)
                throw new GraphException(DiagnosticCode.DTypeMismatch,
                    $"SoftmaxCrossEntropy: labels must be integers, got {labels.Type}", location);
            if (labels.Rank != 1 || labels.Shape[0] != x.Shape[0])
                throw new GraphException(DiagnosticCode.ShapeMismatch,
                    $"SoftmaxCrossEntropy: labels {labels.Type} do not fit logits {x.Type}", location);
            return x.Compose(location, () => Losses(x, labels, ignoreIndex, location));
        }

        /// <summary>The mean of <see cref="SoftmaxCrossEntropy"/> over the examples that are not ignored: a scalar;
        /// NaN if all are.</summary>
        /// <inheritdoc cref="SoftmaxCrossEntropy"/>
        public Value MeanSoftmaxCrossEntropy(Value labels, int ignoreIndex = -100,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () =>
            {
                var losses = x.SoftmaxCrossEntropy(labels, ignoreIndex);
                return CanBe(labels, ignoreIndex)
                    ? losses.Sum() / labels.NotEqual(labels.Constant(ignoreIndex)).ConvertTo(x.DType).Sum()
                    : losses.Mean();
            });

        /// <summary>Mean of (x - target)² over all elements: a scalar.</summary>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ.</exception>
        public Value MeanSquaredError(Value target, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            CheckSame("MeanSquaredError", x, target, new(file, line));
            return x.Compose(new(file, line), () =>
            {
                var difference = x - target;
                return (difference * difference).Mean();
            });
        }

        /// <summary>Mean of log(1 + eˣ) - x·target over all elements, for targets in 0..1: a scalar, with no overflow.</summary>
        /// <remarks>Computed as (1 - target)·log(1 + eˣ) + target·log(1 + e⁻ˣ), whose terms do not cancel, and whose derivative is
        /// (1 - target)·σ(x) - target·σ(-x): for targets 0 and 1 both have a relative error of some ulp for every x. At an infinite x it is
        /// NaN where the term's weight is 0, as PyTorch's.</remarks>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ.</exception>
        public Value BinaryCrossEntropyWithLogits(Value target, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            CheckSame("BinaryCrossEntropyWithLogits", x, target, new(file, line));
            return x.Compose(new(file, line), () => ((1 - target) * x.Softplus() + target * (-x).Softplus()).Mean());
        }
    }

    private static Value Losses(Value x, Value labels, int ignoreIndex, Location location)
    {
        // A label that is no class picks nothing and passes nothing back; its loss, 0 or NaN, is added, and has no derivative.
        Value IsGood(Value labels) => CanBe(labels, ignoreIndex)
            ? IsClass(labels, x.Shape[1]).Or(labels.Equal(labels.Constant(ignoreIndex))) : IsClass(labels, x.Shape[1]);
        var (isGood, picking) = (IsGood(labels), CanBe(labels, x.Shape[1] - 1) ? labels : labels.ConvertTo(DType.I32));
        if (ignoreIndex >= 0 && ignoreIndex < x.Shape[1]) picking = Without(picking, ignoreIndex);
        var log = x.LogSoftmax();
        var classes = x.Builder.Emit(Iota.Instance, [], Iota.Attributes(picking.Type.With(x.Shape), 1));
        var picked = classes.Equal(picking.Reshape([labels.Shape[0], 1])).Select(log, log.Constant(0)).Sum([1]);
        var losses = isGood.Select(picked.Constant(0), picked.Constant(double.NaN)) - picked;
        if (x.Builder is GraphBuilder graph)
            graph.Add(new(losses, labels, IsGood, $"SoftmaxCrossEntropy: label {{0}} is outside of 0..{x.Shape[1] - 1}, and is not "
                + $"ignoreIndex = {ignoreIndex} (example {{1}} of the batch)", x.Builder.Pinned ?? location));
        return losses;
    }

    private static void CheckSame(string loss, Value x, Value target, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(target);
        location = x.Builder.Pinned ?? location;
        if (target.Builder != x.Builder) throw Foreign(loss, x, target, location);
        if (target.DType != x.DType || !x.DType.IsFloating)
            throw new GraphException(DiagnosticCode.DTypeMismatch,
                $"{loss}: needs floating point of one type, got {x.Type} and {target.Type}", location);
        if (target.Shape != x.Shape)
            throw new GraphException(DiagnosticCode.ShapeMismatch, $"{loss}: shapes differ: {x.Type} and {target.Type}", location);
    }

    private static GraphException Foreign(string loss, Value x, Value other, Location location) => new(DiagnosticCode.ForeignValue,
        $"{loss}: {other} belongs to \"{other.Builder.Name}\", not to \"{x.Builder.Name}\"", location);

    // A comparison with a number that the labels' type cannot hold would compare with what it wraps to.
    private static bool CanBe(Value labels, long label) => label >= labels.DType.Lowest && label <= labels.DType.Highest;

    // Labels that are no class in place of one that is.
    private static Value Without(Value labels, int label)
    {
        var signed = labels.DType.Kind == DTypeKind.Unsigned ? labels.ConvertTo(DType.I64) : labels;
        return signed.Equal(signed.Constant(label)).Select(signed.Constant(-1), signed);
    }

    private static Value IsClass(Value labels, int classes)
    {
        var isClass = labels.GreaterOrEqual(labels.Constant(0));
        return CanBe(labels, classes) ? isClass.And(labels.Less(labels.Constant(classes))) : isClass;
    }
}
