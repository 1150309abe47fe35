using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Functions made of logarithms and exponentials.</summary>
/// <remarks>Errors: see docs/numerics.md.</remarks>
public static class LogarithmSyntax
{
    extension(Value x)
    {
        /// <summary>Logarithm to base 2, elementwise.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value Log2([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => x.Log() * (1 / Math.Log(2)));

        /// <summary>Logarithm to base 10, elementwise.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value Log10([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => x.Log() * (1 / Math.Log(10)));

        /// <summary>2 to the power x, elementwise.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value Exp2([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => x.Constant(2).Pow(x));

        /// <summary>x·log y, elementwise; 0 where x is 0 and y is no NaN. Shapes broadcast as NumPy's do.</summary>
        /// <remarks>Where x is 0 and y is not above 0, both derivatives are 0; PyTorch's by y is NaN at (0, 0).</remarks>
        /// <exception cref="GraphException">SGC1001: element types differ, or are not floating point. SGC1002: shapes do not
        /// broadcast.</exception>
        public Value Xlogy(Value y, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("Xlogy", x, new(file, line)).Floating().Own(y, nameof(y));
            return call.Compose(() =>
            {
                // Of what is multiplied by 0 the logarithm is that of 1, unless it is finite or NaN.
                var hasNone = (y <= 0).Or(y.Equal(double.PositiveInfinity)).And(x.Equal(0));
                return x * hasNone.Select(y.Constant(1), y).Log();
            });
        }

        /// <summary>log(eˣ + eʸ), elementwise, with no overflow. Shapes broadcast as NumPy's do.</summary>
        /// <exception cref="GraphException">SGC1001: element types differ, or are not floating point. SGC1002: shapes do not
        /// broadcast.</exception>
        public Value LogAddExp(Value y, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("LogAddExp", x, new(file, line)).Floating().Own(y, nameof(y));
            return call.Compose(() =>
            {
                // Of equal infinities the difference is NaN; with 0 in its place the sum is theirs. The larger of two has a kink where they
                // are equal, which the sum has not: hence a rule.
                var difference = x.Equal(y).Select(x.Constant(0, (x + y).Shape), x - y);
                var larger = x.Maximum(y) + (-difference.Abs()).Exp().Log1p();
                return larger.WithSlopes((x, difference.Sigmoid()), (y, (-difference).Sigmoid()));
            });
        }
    }
}
