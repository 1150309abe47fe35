using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Activations that are not ops of their own.</summary>
public static class ActivationSyntax
{
    extension(Value x)
    {
        /// <summary>max(x, 0), elementwise; the derivative at 0 is 0. NaN stays NaN, and its derivative is 1.</summary>
        public Value Relu([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) => x.Compose(new(file, line), () =>
        {
            var zero = x.Constant(0);
            // Not x > 0 ? x : 0, which takes NaN for a negative number.
            return x.LessOrEqual(zero).Select(zero, x);
        });

        /// <summary>x·Φ(x), Φ the normal distribution's: x/2·(1 + erf(x/√2)) (Hendrycks and Gimpel 2016).
        /// At -∞ it is NaN, as PyTorch's.</summary>
        public Value Gelu([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => 0.5 * x * (1 + (x * (1 / Math.Sqrt(2))).Erf()));

        /// <summary>x·σ(x), σ the logistic function, also called swish (Elfwing et al. 2017). At -∞ it is NaN, as PyTorch's.</summary>
        public Value Silu([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => x * x.Sigmoid());
    }
}
