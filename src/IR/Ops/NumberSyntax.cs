using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>What kind of number an element is, and functions between two numbers.</summary>
public static class NumberSyntax
{
    extension(Value x)
    {
        /// <summary>Whether an element is NaN; of integers none is.</summary>
        /// <exception cref="GraphException">SGC1001: x is bool.</exception>
        public Value IsNaN([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Numbers("IsNaN", x, new(file, line)).Compose(() => x.NotEqual(x));

        /// <summary>Whether an element is ∞ or -∞; of integers none is.</summary>
        /// <exception cref="GraphException">SGC1001: x is bool.</exception>
        public Value IsInf([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Numbers("IsInf", x, new(file, line)).Compose(() =>
                x.DType.IsFloating ? x.Abs().Equal(double.PositiveInfinity) : x.NotEqual(x));

        /// <summary>Whether an element is neither infinite nor NaN; of integers all are.</summary>
        /// <exception cref="GraphException">SGC1001: x is bool.</exception>
        public Value IsFinite([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Numbers("IsFinite", x, new(file, line)).Compose(() => x.DType.IsFloating ? x.Abs() < double.PositiveInfinity : x.Equal(x));

        /// <summary>x + weight·(end - x): x where the weight is 0, and <paramref name="end"/> where it is 1. Shapes broadcast as NumPy's
        /// do.</summary>
        /// <exception cref="GraphException">SGC1001: element types differ, or are not floating point. SGC1002: shapes do not
        /// broadcast.</exception>
        public Value Lerp(Value end, Value weight, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("Lerp", x, new(file, line)).Floating().Own(end, nameof(end)).Own(weight, nameof(weight));
            // From the nearer end, so that both are reached.
            return call.Compose(() => (weight < 0.5).Select(x + weight * (end - x), end - (1 - weight) * (end - x)));
        }

        /// <summary>x + weight·(end - x), with a number as the weight. Shapes broadcast as NumPy's do.</summary>
        /// <exception cref="GraphException">SGC1001: element types differ, or are not floating point. SGC1002: shapes do not
        /// broadcast.</exception>
        public Value Lerp(Value end, double weight, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("Lerp", x, new(file, line)).Floating().Own(end, nameof(end));
            return call.Compose(() => weight < 0.5 ? x + weight * (end - x) : end - (1 - weight) * (end - x));
        }

        /// <summary>What is left of x / y, with the sign of y, as Python's and PyTorch's, or with that of x
        /// (<paramref name="truncated"/>), as C's fmod: of floating point exactly, save where y is added for its sign. Shapes broadcast as
        /// NumPy's do.</summary>
        /// <remarks>Where y is 0 an integer is x itself, and floating point NaN. The derivative by x is 1, and by y minus the quotient.
        /// </remarks>
        /// <exception cref="GraphException">SGC1001: element types differ, or are bool. SGC1002: shapes do not broadcast.</exception>
        public Value Remainder(Value y, bool truncated = false, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = Numbers("Remainder", x, new(file, line)).Own(y, nameof(y));
            call.Require(y.DType == x.DType, DiagnosticCode.DTypeMismatch, () => $"element types differ: {x.Type} and {y.Type}");
            return call.Compose(() =>
            {
                var rest = x.DType.IsFloating ? Broadcasting.Emit(Ops.Remainder.Instance, x, y, call.Location) : x - x / y * y;
                if (truncated || x.DType.Kind == DTypeKind.Unsigned) return rest;
                // A rest of the other sign goes on to the next multiple.
                return rest.NotEqual(0).And((rest < 0).NotEqual(y < 0)).And(y.NotEqual(0)).Select(rest + y, rest);
            });
        }

        /// <summary>sin(πx) / (πx), elementwise, and 1 at 0. The sine is of the distance to an integer, so that it is right for large x
        /// too.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value Sinc([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new SyntaxCall("Sinc", x, new(file, line)).Floating().Compose(() =>
            {
                // Near 0 the series, whose derivatives of every order are right where those of the quotient cancel.
                var isNear = x.Abs() < 0.5;
                var square = (isNear.Select(x, x.Constant(0)) * Math.PI).Square();
                var series = x.Constant(SincTerms[^1]);
                for (var k = SincTerms.Length - 2; k >= 0; k--) series = series * square + SincTerms[k];
                var whole = x.Round();
                var sign = 1 - 2 * (whole - 2 * (whole * 0.5).Floor());
                return isNear.Select(series, sign * (Math.PI * (x - whole)).Sin() / (Math.PI * isNear.Select(x.Constant(1), x)));
            });
    }

    // (-1)^k / (2k + 1)!: the last is below 2^-60 of the sum.
    private static double[] SincTerms { get; } = Terms(13);

    private static double[] Terms(int count)
    {
        var terms = new double[count];
        terms[0] = 1;
        for (var k = 1; k < count; k++) terms[k] = -terms[k - 1] / (2 * k * (2 * k + 1));
        return terms;
    }

    private static SyntaxCall Numbers(string name, Value x, Location location)
    {
        var call = new SyntaxCall(name, x, location);
        return call.Require(x.DType != DType.Bool, DiagnosticCode.DTypeMismatch, () => $"needs numbers, got {x.Type}");
    }
}
