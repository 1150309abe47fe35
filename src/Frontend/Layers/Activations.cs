using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Derivatives;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Activations that are not ops of their own: elementwise, with PyTorch's derivatives at their kinks.</summary>
/// <remarks>NaN stays NaN. All of them fuse with what is around them.</remarks>
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

        /// <summary>min(max(x, 0), 6), elementwise; the derivative at 0 and at 6 is 0.</summary>
        public Value Relu6([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) => x.HardTanh(0, 6, file, line);

        /// <summary>x where it is above 0, else <paramref name="slope"/>·x; the derivative at 0 is the slope (Maas et al. 2013).</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1011: the slope is not finite.</exception>
        public Value LeakyRelu(double slope = 0.01, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var location = Checked("LeakyRelu", x, new(file, line));
            CheckFinite("LeakyRelu", nameof(slope), slope, location);
            return x.Compose(location, () => x.Greater(x.Constant(0)).Select(x, slope * x));
        }

        /// <summary>x where it is above 0, else <paramref name="slope"/>·x, with a slope that is learned; the derivatives at 0 are the
        /// slope
        /// and 0 (He et al. 2015).</summary>
        /// <param name="slope">Of a shape that broadcasts to x's: one number, or one for each channel.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: x is not floating point, or the slope of another type. SGC1002: the slope does not
        /// broadcast to x.</exception>
        public Value PRelu(Value slope, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var location = Checked("PRelu", x, new(file, line));
            ArgumentNullException.ThrowIfNull(slope);
            return x.Compose(location, () =>
            {
                var below = slope * x;
                return below.Shape == x.Shape ? x.Greater(x.Constant(0)).Select(x, below) : throw new GraphException(
                    DiagnosticCode.ShapeMismatch, $"PRelu: slopes {slope.Type} do not broadcast to {x.Type}", location);
            });
        }

        /// <summary>x where it is above 0, else <paramref name="alpha"/>·(eˣ - 1); the derivative at 0 is alpha (Clevert et al.
        /// 2016).</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1011: alpha is not finite.</exception>
        public Value Elu(double alpha = 1, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var location = Checked("Elu", x, new(file, line));
            CheckFinite("Elu", nameof(alpha), alpha, location);
            return x.Compose(location, () => x.Greater(x.Constant(0)).Select(x, alpha * x.Expm1()));
        }

        /// <summary>1.0507·x where x is above 0, else 1.7581·(eˣ - 1): the fixed point of mean 0 and variance 1; the derivative at 0 is
        /// 1.7581 (Klambauer et al. 2017).</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value Selu([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => 1.0507009873554804934193349852946 * x.Elu(1.6732632423543772848170429916717));

        /// <summary>x where it is above 0, else <paramref name="alpha"/>·(e^(x / alpha) - 1); the derivative at 0 is 1 (Barron
        /// 2017).</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1011: alpha is not above 0 and finite.</exception>
        public Value Celu(double alpha = 1, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var location = Checked("Celu", x, new(file, line));
            Argument.Positive(alpha, "Celu: alpha", location);
            return x.Compose(location, () => x.Greater(x.Constant(0)).Select(x, alpha * (x / alpha).Expm1()));
        }

        /// <summary>x limited to the range from <paramref name="low"/> to <paramref name="high"/>; unlike that of <c>Clip</c> the
        /// derivative
        /// at both ends is 0.</summary>
        /// <exception cref="GraphException">SGC1001: x is bool, or fractions for integers. SGC1005: beyond x's type. SGC1011: low is above
        /// high, or one is NaN.</exception>
        public Value HardTanh(double low = -1, double high = 1, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            if (!(low <= high)) throw Argument.Bad($"HardTanh: low = {low} is not up to high = {high}", location);
            return x.Compose(location, () =>
            {
                var (least, most) = (x.Constant(low), x.Constant(high));
                return x.LessOrEqual(least).Select(least, x.GreaterOrEqual(most).Select(most, x));
            });
        }

        /// <summary>min(max(x + 3, 0), 6) / 6: a logistic function of straight lines; the derivative at -3 and at 3 is 0.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value HardSigmoid([CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var location = Checked("HardSigmoid", x, new(file, line));
            return x.Compose(location, () => x.LessOrEqual(x.Constant(-3)).Select(x.Constant(0),
                x.GreaterOrEqual(x.Constant(3)).Select(x.Constant(1), (x + 3) / 6)));
        }

        /// <summary>x·HardSigmoid(x); the derivative at -3 is 0 and at 3 it is 1 (Howard et al. 2019). At -∞ it is NaN, as
        /// PyTorch's.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value HardSwish([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => x * x.HardSigmoid());

        /// <summary>x·Φ(x), Φ the normal distribution's: x/2·(1 + erf(x/√2)) (Hendrycks and Gimpel 2016).
        /// At -∞ it is NaN, as PyTorch's.</summary>
        public Value Gelu([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => 0.5 * x * (1 + (x * (1 / Math.Sqrt(2))).Erf()));

        /// <summary>GELU with x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))) in place of x·Φ(x), as GPT-2 has it (Hendrycks and Gimpel 2016): up
        /// to 5e-4 from it. At -∞ it is NaN, as PyTorch's.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value GeluTanh([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => 0.5 * x * (1 + (Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x.Pow(3))).Tanh()));

        /// <summary>x·σ(x), σ the logistic function, also called swish (Elfwing et al. 2017). At -∞ it is NaN, as PyTorch's.</summary>
        public Value Silu([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => x * x.Sigmoid());

        /// <summary>x·tanh(log(1 + eˣ)) (Misra 2019). At -∞ it is NaN, as PyTorch's.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value Mish([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => x * x.Softplus().Tanh());

        /// <summary>log σ(x), σ the logistic function: -log(1 + e⁻ˣ), with no overflow.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value LogSigmoid([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => -(-x).Softplus());

        /// <summary>x / (1 + |x|); at infinities NaN, as PyTorch's.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point.</exception>
        public Value Softsign([CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var location = Checked("Softsign", x, new(file, line));
            return x.Compose(location, () =>
            {
                // 1 / (1 + |x|)², where the quotient's rule subtracts two numbers that are nearly equal for a large x.
                var size = 1 + x.Abs();
                Value Slope(Value t) => t / size / size;
                return (x / size).WithGradient(x, Slope, Slope);
            });
        }

        /// <summary>The first half of x along an axis times the logistic function, or another activation, of the second: a gated linear
        /// unit
        /// (Dauphin et al. 2017; Shazeer 2020 has the others: ReGLU, GEGLU, SwiGLU).</summary>
        /// <param name="axis">Of an even size; negative ones count from the end.</param>
        /// <param name="activation">Of the gates, such as <c>g => g.Silu()</c>; the logistic function when null.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1002: an odd size, or an activation that changes it.
        /// SGC1004: no such axis. SGC1011: an activation that gives null.</exception>
        public Value Glu(int axis = -1, Func<Value, Value>? activation = null,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var location = Checked("Glu", x, new(file, line));
            var at = axis < 0 ? axis + x.Rank : axis;
            if (at < 0 || at >= x.Rank) throw new GraphException(DiagnosticCode.BadAxis, $"Glu: {x.Type} has no axis {axis}", location);
            if (x.Shape[at] % 2 != 0)
                throw new GraphException(DiagnosticCode.ShapeMismatch, $"Glu: axis {axis} of {x.Type} has no two halves", location);
            return x.Compose(location, () =>
            {
                int[] start = new int[x.Rank], end = [.. x.Shape], middle = [.. x.Shape];
                middle[at] /= 2;
                var left = x.Slice(start, middle);
                start[at] = middle[at];
                var right = x.Slice(start, end);
                var gate = activation is null ? right.Sigmoid() : activation(right);
                if (gate is null) throw Argument.Bad("Glu: the activation gives null", location);
                return gate.Shape == left.Shape ? left * gate : throw new GraphException(DiagnosticCode.ShapeMismatch,
                    $"Glu: the activation gives {gate.Type} for {right.Type}", location);
            });
        }
    }

    private static Location Checked(string what, Value x, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        location = x.Builder.Pinned ?? location;
        return x.DType.IsFloating ? location
            : throw new GraphException(DiagnosticCode.DTypeMismatch, $"{what}: needs floating point, got {x.Type}", location);
    }

    private static void CheckFinite(string what, string name, double value, Location location)
    {
        if (!double.IsFinite(value)) throw Argument.Bad($"{what}: {name} must be finite, got {value}", location);
    }
}
