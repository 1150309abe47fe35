using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Activations that are not ops of their own.</summary>
public static class ActivationSyntax
{
    extension(Value x)
    {
        /// <summary>max(x, 0), elementwise; the derivative at 0 is 0.</summary>
        public Value Relu([CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            using var pin = x.Builder.At(new(file, line));
            var zero = x.Constant(0);
            return x.Greater(zero).Select(x, zero);
        }

        /// <summary>x·Φ(x), Φ the normal distribution's: x/2·(1 + erf(x/√2)) (Hendrycks and Gimpel 2016).</summary>
        public Value Gelu([CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            using var pin = x.Builder.At(new(file, line));
            return 0.5 * x * (1 + (x * (1 / Math.Sqrt(2))).Erf());
        }
    }
}
