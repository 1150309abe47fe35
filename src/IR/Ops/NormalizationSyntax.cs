using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Normalizations by the elements' own statistics.</summary>
/// <remarks>Types of fewer than 32 bits are computed in f32 and rounded once.</remarks>
public static class NormalizationSyntax
{
    extension(Value x)
    {
        /// <summary>(x - mean) / √(variance + ε) along <paramref name="axes"/>: mean 0 and variance 1. The variance is the population's, of
        /// differences from the mean, so that a large mean costs no digits.</summary>
        /// <param name="axes">Negative ones count from the end.</param>
        /// <param name="epsilon">At least 0.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1004: an axis is out of range or named twice. SGC1011: ε
        /// is negative or not finite.</exception>
        public Value Standardize(Axes axes = default, double epsilon = 1e-5,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Computed(x, epsilon, "Standardize", new(file, line), wide =>
            {
                var inverse = (wide.Variance(axes, keepAxes: true) + epsilon).Rsqrt();
                return Ruled((wide - wide.Mean(axes, keepAxes: true)) * inverse, wide, inverse, axes, isCentered: true);
            });

        /// <summary>x / √(mean of x² + ε) along <paramref name="axes"/> (Zhang and Sennrich 2019).</summary>
        /// <param name="axes">Negative ones count from the end.</param>
        /// <param name="epsilon">At least 0; when null the machine epsilon of the type that it is computed in, as PyTorch's.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">As <see cref="Standardize"/>.</exception>
        public Value RmsNormalize(Axes axes = default, double? epsilon = null,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Computed(x, epsilon ?? 0, "RmsNormalize", new(file, line), wide =>
            {
                var inverse = (wide.Square().Mean(axes, keepAxes: true) + (epsilon ?? MachineEpsilon(wide.DType))).Rsqrt();
                return Ruled(wide * inverse, wide, inverse, axes, isCentered: false);
            });
    }

    // The derivative, which is symmetric: (I - y·yᵀ/n)·(I - 1·1ᵀ/n) / √(variance + ε). Differentiated term by term it would take one sum more.
    private static Value Ruled(Value y, Value x, Value inverse, Axes axes, bool isCentered)
    {
        Value Slope(Value t)
        {
            if (isCentered) t -= t.Mean(axes, keepAxes: true);
            return (t - y * (y * t).Mean(axes, keepAxes: true)) * inverse;
        }
        var (rules, captured) = y.Builder.Region("normalize", [("ct", y.Type), ("t", x.Type)], y.Location, v => [Slope(v[0]), Slope(v[1])]);
        return y.Builder.EmitAll(CustomGradient.Instance, [y, x, .. captured], CustomGradient.Attributes(1), y.Location, rules)[0];
    }

    private static double MachineEpsilon(DType type) => type == DType.F64 ? Math.ScaleB(1, -52) : Math.ScaleB(1, -23);

    private static Value Computed(Value x, double epsilon, string what, Location location, Func<Value, Value> normalize)
    {
        ArgumentNullException.ThrowIfNull(x);
        location = x.Builder.Pinned ?? location;
        if (!x.DType.IsFloating)
            throw new GraphException(DiagnosticCode.DTypeMismatch, $"{what}: needs floating point, got {x} : {x.Type}", location);
        if (!(epsilon >= 0 && double.IsFinite(epsilon)))
            throw new GraphException(DiagnosticCode.BadArgument, $"{what}: epsilon must be 0 or more, got {epsilon}", location);
        return x.Compose(location, () => x.DType.Bits < 32
            ? normalize(x.ConvertTo(DType.F32)).ConvertTo(x.DType) : normalize(x));
    }
}
