using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend;

/// <summary>Losses of classes; take the Mean() of those that give a number for each example.</summary>
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
            var call = new SyntaxCall("SoftmaxCrossEntropy", x, new(file, line)).Own(labels, nameof(labels));
            call.Require(x.Rank == 2, DiagnosticCode.RankMismatch, () => $"logits must be [batch, classes], got {x.Type}");
            var examples = new LabelledExamples(call, x, 1, labels, ignoreIndex);
            return x.Compose(call.Location, () => examples.Losses(x.LogSoftmax()));
        }

        /// <summary>The mean of <see cref="SoftmaxCrossEntropy"/> over the examples that are not ignored: a scalar;
        /// NaN if all are.</summary>
        /// <inheritdoc cref="SoftmaxCrossEntropy"/>
        public Value MeanSoftmaxCrossEntropy(Value labels, int ignoreIndex = -100,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("MeanSoftmaxCrossEntropy", x, new(file, line)).Own(labels, nameof(labels));
            call.Require(x.Rank == 2, DiagnosticCode.RankMismatch, () => $"logits must be [batch, classes], got {x.Type}");
            var examples = new LabelledExamples(call, x, 1, labels, ignoreIndex);
            return x.Compose(call.Location, () => examples.Reduced(examples.Losses(x.LogSoftmax()), LossReduction.Mean));
        }

        /// <summary>Cross entropy of softmax(x) along an axis of classes: -log softmax(x)[label] for labels, or -Σ target·log softmax(x)
        /// for
        /// targets that are probabilities.</summary>
        /// <param name="target">Integers of x's shape without the classes; or of x's type, the probability of each class.</param>
        /// <param name="axis">Of the classes; negative ones count from the end.</param>
        /// <param name="classWeights">What each class counts, [classes]; 1 each when null.</param>
        /// <param name="labelSmoothing">From 0 to 1: how much of the target is spread evenly over all classes.</param>
        /// <param name="ignoreIndex">A label that says that an example does not count; for labels alone.</param>
        /// <param name="reduction">The mean is over the weights of the examples that count, or over all examples where the targets are
        /// probabilities, as PyTorch's.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <remarks>A label outside of the classes is treated as by <see cref="SoftmaxCrossEntropy"/>.</remarks>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes do not fit. SGC1004: no such axis. SGC1011: labelSmoothing is
        /// not from 0 to 1, or no such reduction.</exception>
        public Value CrossEntropy(Value target, int axis = -1, Value? classWeights = null, double labelSmoothing = 0,
            int ignoreIndex = -100, LossReduction reduction = LossReduction.Mean,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("CrossEntropy", x, new(file, line)).Own(target, nameof(target)).Floating().Known(reduction)
                .Require(labelSmoothing >= 0 && labelSmoothing <= 1, DiagnosticCode.BadArgument,
                    () => $"labelSmoothing must be from 0 to 1, got {labelSmoothing}");
            var at = call.Axis(axis);
            CheckWeights(call, x, at, classWeights);
            if (target.DType.IsFloating)
            {
                call.Same(target, nameof(target));
                return call.Loss(reduction, () => OfProbabilities(LossCall.Wide(x).LogSoftmax(at), LossCall.Wide(target), at,
                    classWeights, labelSmoothing));
            }
            var examples = new LabelledExamples(call, x, at, target, ignoreIndex) { Weights = classWeights, Smoothing = labelSmoothing };
            return call.Loss(() => examples.Reduced(examples.Losses(LossCall.Wide(x).LogSoftmax(at)), reduction));
        }

        /// <summary>-x[label] for log probabilities x along an axis of classes.</summary>
        /// <param name="labels">Integers of x's shape without the classes.</param>
        /// <param name="axis">Of the classes; negative ones count from the end.</param>
        /// <param name="classWeights">What each class counts, [classes]; 1 each when null.</param>
        /// <param name="ignoreIndex">A label that says that an example does not count.</param>
        /// <param name="reduction">The mean is over the weights of the examples that count, as PyTorch's.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <remarks>A label outside of the classes is treated as by <see cref="SoftmaxCrossEntropy"/>.</remarks>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes do not fit. SGC1004: no such axis. SGC1011: no such
        /// reduction.</exception>
        public Value NegativeLogLikelihood(Value labels, int axis = -1, Value? classWeights = null, int ignoreIndex = -100,
            LossReduction reduction = LossReduction.Mean, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("NegativeLogLikelihood", x, new(file, line)).Own(labels, nameof(labels)).Floating().Known(reduction);
            var at = call.Axis(axis);
            CheckWeights(call, x, at, classWeights);
            var examples = new LabelledExamples(call, x, at, labels, ignoreIndex) { Weights = classWeights };
            return call.Loss(() => examples.Reduced(examples.Losses(LossCall.Wide(x)), reduction));
        }
    }

    private static void CheckWeights(SyntaxCall call, Value x, int axis, Value? weights)
    {
        if (weights is not null) call.OfShape(weights, "classWeights", new Shape(x.Shape[axis]));
    }

    private static Value OfProbabilities(Value log, Value target, int axis, Value? weights, double smoothing)
    {
        if (smoothing > 0) target = (1 - smoothing) * target + smoothing / log.Shape[axis];
        if (weights is not null) target *= LabelledExamples.AlongAxis(LossCall.Wide(weights), log, axis);
        return -(target * log).Sum(axis);
    }
}
