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

        /// <summary>What is left of x / y: of integers with the sign of y, as Python's and PyTorch's, or with that of x
        /// (<paramref name="truncated"/>), as C's. Shapes broadcast as NumPy's do.</summary>
        /// <remarks>Where y is 0 it is x.</remarks>
        /// <exception cref="GraphException">SGC1001: element types differ, or are not integers. SGC1002: shapes do not
        /// broadcast.</exception>
        public Value Remainder(Value y, bool truncated = false, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("Remainder", x, new(file, line)).Own(y, nameof(y));
            call.Require(x.DType.IsInteger, DiagnosticCode.DTypeMismatch, () => $"needs integers, got {x.Type}");
            return call.Compose(() =>
            {
                var rest = x - x / y * y;
                if (truncated || x.DType.Kind == DTypeKind.Unsigned) return rest;
                // A rest of the other sign goes on to the next multiple.
                return rest.NotEqual(0).And((rest < 0).NotEqual(y < 0)).And(y.NotEqual(0)).Select(rest + y, rest);
            });
        }
    }

    private static SyntaxCall Numbers(string name, Value x, Location location)
    {
        var call = new SyntaxCall(name, x, location);
        return call.Require(x.DType != DType.Bool, DiagnosticCode.DTypeMismatch, () => $"needs numbers, got {x.Type}");
    }
}
