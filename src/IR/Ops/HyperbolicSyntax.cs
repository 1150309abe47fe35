using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Hyperbolic functions and their inverses, made of exponentials and logarithms.</summary>
/// <remarks>Errors: see docs/numerics.md. Derivatives are stated, so that those of every order are right where the parts have
/// kinks.</remarks>
public static class HyperbolicSyntax
{
    extension(Value x)
    {
        /// <summary>Hyperbolic sine, elementwise.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value Sinh([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new SyntaxCall("Sinh", x, new(file, line)).Floating().Compose(() => HyperbolicSine(x));

        /// <summary>Hyperbolic cosine, elementwise.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value Cosh([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new SyntaxCall("Cosh", x, new(file, line)).Floating()
                .Compose(() => HyperbolicCosine(x).WithSlopes((x, HyperbolicSine(x))));

        /// <summary>Inverse hyperbolic sine, elementwise.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value Asinh([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new SyntaxCall("Asinh", x, new(file, line)).Floating().Compose(() =>
            {
                // log(|x| + √(1 + x²)), whose argument less 1 loses nothing: |x| + x²/(1 + √(1 + x²)). Beyond a bound it is log 2|x|, and
                // the square might be infinite.
                var size = x.Abs();
                var isLarge = size > 1e9;
                var small = isLarge.Select(size.Constant(1), size);
                var square = small * small;
                var near = (small + square / (1 + (1 + square).Sqrt())).Log1p();
                var far = isLarge.Select(size, size.Constant(1)).Log() + Math.Log(2);
                return Signed(isLarge.Select(far, near), x).WithSlopes((x, InverseLength(x)));
            });

        /// <summary>Inverse hyperbolic cosine, elementwise: at least 0, and NaN below 1.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value Acosh([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new SyntaxCall("Acosh", x, new(file, line)).Floating().Compose(() =>
            {
                var isLarge = x > 1e9;
                var above = isLarge.Select(x.Constant(1), x - 1);
                var near = (above + above.Sqrt() * (above + 2).Sqrt()).Log1p();
                var far = isLarge.Select(x, x.Constant(1)).Log() + Math.Log(2);
                return isLarge.Select(far, near).WithSlopes((x, (x - 1).Rsqrt() * (x + 1).Rsqrt()));
            });

        /// <summary>Inverse hyperbolic tangent, elementwise: ±∞ at ±1, and NaN beyond.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value Atanh([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            new SyntaxCall("Atanh", x, new(file, line)).Floating().Compose(() =>
            {
                var size = x.Abs();
                return Signed(0.5 * (2 * size / (1 - size)).Log1p(), x).WithSlopes((x, 1 / ((1 - x) * (1 + x))));
            });
    }

    // Of e = e^|x| - 1 half of e + e / (e + 1); a large one by its half, whose square overflows only where the result does.
    private static Value HyperbolicSine(Value x)
    {
        var size = x.Abs();
        var isLarge = size > 20;
        var (e, half) = (isLarge.Select(size.Constant(1), size).Expm1(), (0.5 * size).Exp());
        return Signed(isLarge.Select(0.5 * half * half, 0.5 * (e + e / (e + 1))), x).WithSlopes((x, HyperbolicCosine(x)));
    }

    // Smooth, and so are its derivatives.
    private static Value HyperbolicCosine(Value x)
    {
        var (up, down) = ((0.5 * x).Exp(), (-0.5 * x).Exp());
        return 0.5 * up * up + 0.5 * down * down;
    }

    // 1/√(1 + x²), which is 1/|x| where the square might be infinite.
    private static Value InverseLength(Value x)
    {
        var isLarge = x.Abs() > 1e9;
        var small = isLarge.Select(x.Constant(1), x);
        return isLarge.Select(1 / isLarge.Select(x, x.Constant(1)).Abs(), (1 + small * small).Rsqrt());
    }

    // Also of a zero.
    private static Value Signed(Value size, Value x) => (x < 0).Select(-size, x.Equal(0).Select(x, size));
}
