using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend;

/// <summary>Losses that are 0 beyond a margin; where they reach it the derivative is still that of the slope, as PyTorch's.</summary>
public static class MarginLossSyntax
{
    extension(Value x)
    {
        /// <summary>max(0, margin - target·x) for targets -1 and 1.</summary>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ. SGC1011: the margin is not finite, or no such
        /// reduction.</exception>
        public Value HingeLoss(Value target, double margin = 1, LossReduction reduction = LossReduction.Mean,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new SyntaxCall("HingeLoss", x, new(file, line)).Same(target, nameof(target)).Finite(margin, nameof(margin)).Known(reduction)
                .Loss(reduction, () => NotNegative(margin - LossCall.Wide(target) * LossCall.Wide(x)));

        /// <summary>For distances x: x itself where the target is 1, and max(0, margin - x) where it is -1.</summary>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ. SGC1011: the margin is not finite, or no such
        /// reduction.</exception>
        public Value HingeEmbeddingLoss(Value target, double margin = 1, LossReduction reduction = LossReduction.Mean,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new SyntaxCall("HingeEmbeddingLoss", x, new(file, line)).Same(target, nameof(target)).Finite(margin, nameof(margin))
                .Known(reduction).Loss(reduction, () => ByTarget(target, LossCall.Wide(x), NotNegative(margin - LossCall.Wide(x))));

        /// <summary>x·y / (|x|·|y|) along an axis, which is dropped: the cosine of the angle between vectors. Their lengths count as
        /// <paramref name="epsilon"/> at least.</summary>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ. SGC1004: no such axis. SGC1011: epsilon is below 0 or
        /// not finite.</exception>
        public Value CosineSimilarity(Value y, int axis = -1, double epsilon = 1e-8,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("CosineSimilarity", x, new(file, line)).Same(y, nameof(y)).NotNegative(epsilon, nameof(epsilon));
            var at = call.Axis(axis);
            return call.Loss(() =>
            {
                var (a, b) = (LossCall.Wide(x), LossCall.Wide(y));
                Value Length(Value v) => v.Norm(2, at).Clip(epsilon, double.PositiveInfinity);
                return (a * b).Sum(at) / (Length(a) * Length(b));
            });
        }

        /// <summary>1 - cos for vectors that are alike (target 1), and max(0, cos - margin) for those that are not (target -1), where cos
        /// is the cosine of the angle between x and y along an axis.</summary>
        /// <param name="y">Of x's type.</param>
        /// <param name="target">1 or -1 for each pair of vectors.</param>
        /// <param name="margin">From -1 to 1.</param>
        /// <param name="axis">Of the vectors; negative ones count from the end.</param>
        /// <param name="reduction">Mean, as PyTorch's, unless stated.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <remarks>Each squared length has 1e-12 added, so that a vector of zeros has cosine 0.</remarks>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ. SGC1004: no such axis. SGC1011: the margin is not
        /// from
        /// -1 to 1, or no such reduction.</exception>
        public Value CosineEmbeddingLoss(Value y, Value target, double margin = 0, int axis = -1,
            LossReduction reduction = LossReduction.Mean, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("CosineEmbeddingLoss", x, new(file, line)).Same(y, nameof(y)).Known(reduction)
                .Require(margin >= -1 && margin <= 1, DiagnosticCode.BadArgument, () => $"margin must be from -1 to 1, got {margin}");
            var at = call.Axis(axis);
            call.OfShape(target, nameof(target), x.Shape.Without(at));
            return call.Loss(reduction, () =>
            {
                var (a, b) = (LossCall.Wide(x), LossCall.Wide(y));
                Value Inverse(Value v) => (v.Square().Sum(at) + 1e-12).Rsqrt();
                var cosine = (a * b).Sum(at) * Inverse(a) * Inverse(b);
                return ByTarget(target, 1 - cosine, NotNegative(cosine - margin));
            });
        }

        /// <summary>max(0, |x - positive| - |x - negative| + margin) for vectors along an axis: what is alike shall be nearer than what is
        /// not (Schroff et al. 2015).</summary>
        /// <param name="positive">Vectors like x's.</param>
        /// <param name="negative">Vectors unlike x's.</param>
        /// <param name="margin">Above 0.</param>
        /// <param name="power">Of the norm that measures distances, 2 for Euclid's.</param>
        /// <param name="epsilon">Added to each difference.</param>
        /// <param name="swap">Whether a negative that is nearer to the positive than to x counts with that distance (Balntas et al.
        /// 2016).</param>
        /// <param name="axis">Of the vectors; negative ones count from the end.</param>
        /// <param name="reduction">Mean, as PyTorch's, unless stated.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001, SGC1002: types or shapes differ. SGC1004: no such axis. SGC1011: the margin is not
        /// above
        /// 0 and finite, power is NaN, epsilon is not finite, or no such reduction.</exception>
        public Value TripletLoss(Value positive, Value negative, double margin = 1, double power = 2, double epsilon = 1e-6,
            bool swap = false, int axis = -1, LossReduction reduction = LossReduction.Mean,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("TripletLoss", x, new(file, line)).Same(positive, nameof(positive)).Same(negative, nameof(negative))
                .Positive(margin, nameof(margin)).Finite(epsilon, nameof(epsilon)).Known(reduction);
            var at = call.Axis(axis);
            return call.Loss(reduction, () =>
            {
                Value Distance(Value a, Value b) => (LossCall.Wide(a) - LossCall.Wide(b) + epsilon).Norm(power, at);
                var far = Distance(x, negative);
                if (swap) far = far.Minimum(Distance(positive, negative));
                return NotNegative(Distance(x, positive) - far + margin);
            });
        }
    }

    // PyTorch's clamp_min passes a derivative where it has just been reached, as a clamp does here.
    private static Value NotNegative(Value x) => x.Clip(0, double.PositiveInfinity);

    // Any target that is neither 1 nor -1 counts as both, as PyTorch's.
    private static Value ByTarget(Value target, Value alike, Value unlike)
    {
        var zero = alike.Constant(0);
        return target.NotEqual(1).Select(unlike, zero) + target.NotEqual(-1).Select(alike, zero);
    }
}
