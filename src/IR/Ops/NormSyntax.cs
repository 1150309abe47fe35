using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Lengths of vectors.</summary>
public static class NormSyntax
{
    extension(Value x)
    {
        /// <summary>The p-norm (Σ|x|ᵖ)^(1/p) along <paramref name="axes"/>, or of everything: for 2 Euclid's length, for 1 the sum of
        /// magnitudes, for ∞ and -∞ the largest and the smallest of them, and for 0 how many are not 0.</summary>
        /// <param name="p">Any number but NaN.</param>
        /// <param name="axes">Negative ones count from the end.</param>
        /// <param name="keepAxes">Whether the axes stay, with size 1.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <remarks>The derivative is 0 where the norm is 0, and by an element that is 0, as PyTorch's. Powers are as they are: of f32
        /// elements above 1.8e19 the square is infinite.</remarks>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1002: there are no elements along the axes, and p is
        /// infinite. SGC1004: an axis is out of range or named twice. SGC1011: p is NaN.</exception>
        public Value Norm(double p = 2, Axes axes = default, bool keepAxes = false,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            if (!x.DType.IsFloating)
                throw new GraphException(DiagnosticCode.DTypeMismatch, $"Norm: needs floating point, got {x} : {x.Type}", location);
            if (double.IsNaN(p)) throw new GraphException(DiagnosticCode.BadArgument, "Norm: p must be a number, got NaN", location);
            return x.Compose(location, () => p switch
            {
                2 => Guarded(x.Square().Sum(axes, keepAxes), s => s.Sqrt()),
                1 => x.Abs().Sum(axes, keepAxes),
                0 => x.NotEqual(0).ConvertTo(x.DType).Sum(axes, keepAxes),
                double.PositiveInfinity => x.Abs().Max(axes, keepAxes),
                double.NegativeInfinity => x.Abs().Min(axes, keepAxes),
                _ => Guarded(Guarded(x.Abs(), a => a.Pow(p), atZero: p > 0 ? 0 : double.PositiveInfinity).Sum(axes, keepAxes),
                    s => s.Pow(1 / p), atZero: p > 0 ? 0 : double.PositiveInfinity),
            });
        }
    }

    // What is not chosen has no derivative, so that an infinite one at 0 is none.
    private static Value Guarded(Value x, Func<Value, Value> f, double atZero = 0)
    {
        var isZero = x.Equal(0);
        return isZero.Select(x.Constant(atZero), f(isZero.Select(x.Constant(1), x)));
    }
}
