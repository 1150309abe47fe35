using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Reductions of truth values.</summary>
public static class LogicalReductionSyntax
{
    extension(Value x)
    {
        /// <summary>Whether any element along <paramref name="axes"/> (negative counts from the end), or of everything, is true, or, of
        /// numbers, not 0; NaN is not. Over nothing it is false.</summary>
        /// <exception cref="GraphException">SGC1004: an axis is out of range or named twice.</exception>
        public Value Any(Axes axes = default, bool keepAxes = false, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () =>
                IsEmpty(x) ? x.Marks().Sum(axes, keepAxes).NotEqual(0) : x.Marks().Max(axes, keepAxes).NotEqual(0));

        /// <summary>Whether all elements along <paramref name="axes"/> (negative counts from the end), or of everything, are true, or, of
        /// numbers, not 0; NaN is not. Over nothing it is true.</summary>
        /// <exception cref="GraphException">SGC1004: an axis is out of range or named twice.</exception>
        public Value All(Axes axes = default, bool keepAxes = false, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () =>
                IsEmpty(x) ? x.Marks().Sum(axes, keepAxes).Equal(0) : x.Marks().Min(axes, keepAxes).NotEqual(0));

        private Value Marks() => (x.DType == DType.Bool ? x : x.NotEqual(0)).ConvertTo(DType.I32);
    }

    // Then the sum is of the result's shape, and 0.
    private static bool IsEmpty(Value x) => x.Shape.ElementCount == 0;
}
