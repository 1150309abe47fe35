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
        /// <summary>-log softmax(x)[label] for logits x[batch, classes] and labels i32[batch]: a number for each example.</summary>
        /// <remarks>A label outside of 0..classes-1 picks nothing: its loss is 0.</remarks>
        /// <exception cref="GraphException">SGC1003: x is not a matrix. SGC1001, SGC1002: labels are not i32[batch].</exception>
        public Value SoftmaxCrossEntropy(Value labels, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var location = new Location(file, line);
            using var pin = x.Builder.At(location);
            if (x.Rank != 2)
                throw new GraphException(DiagnosticCode.RankMismatch, $"SoftmaxCrossEntropy: logits must be [batch, classes], got {x.Type}", location);
            if (!labels.DType.IsInteger)
                throw new GraphException(DiagnosticCode.DTypeMismatch, $"SoftmaxCrossEntropy: labels must be integers, got {labels.Type}", location);
            if (labels.Rank != 1 || labels.Shape[0] != x.Shape[0])
                throw new GraphException(DiagnosticCode.ShapeMismatch, $"SoftmaxCrossEntropy: labels {labels.Type} do not fit logits {x.Type}", location);
            var log = x.LogSoftmax();
            var classes = x.Builder.Emit(Iota.Instance, [], Iota.Attributes(labels.Type.With(x.Shape), 1));
            return -classes.Equal(labels.Reshape([labels.Shape[0], 1])).Select(log, log.Constant(0)).Sum([1]);
        }

        /// <summary>Mean of (x - target)² over all elements: a scalar.</summary>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ.</exception>
        public Value MeanSquaredError(Value target, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            using var pin = x.Builder.At(new(file, line));
            var difference = x.Emit(Subtract.Instance, default, AttributeMap.Empty, target);
            return (difference * difference).Mean();
        }

        /// <summary>Mean of log(1 + eˣ) - x·target over all elements, for targets in 0..1: a scalar, with no overflow.</summary>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ.</exception>
        public Value BinaryCrossEntropyWithLogits(Value target, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            using var pin = x.Builder.At(new(file, line));
            var product = x.Emit(Multiply.Instance, default, AttributeMap.Empty, target);
            return (x.Relu() - product + (-x.Abs()).Exp().Log1p()).Mean();
        }
    }
}
