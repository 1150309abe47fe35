using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>How far a product of local derivatives can be from 1, as far as its operations tell.</summary>
/// <remarks>Decides whether the product may be taken apart from the cotangent. x·10³⁰·10³⁰·10⁻⁴⁰ has partial products beyond f32, which a
/// small cotangent, multiplied in the order of the chain rule, never meets.</remarks>
/// <param name="Bound">The largest magnitude of the factors whose range is known.</param>
/// <param name="Scale">The product of the factors that are constants.</param>
/// <param name="IsOpen">Whether there is a factor of unknown range.</param>
internal readonly record struct DerivativeMagnitude(double Bound, double Scale, bool IsOpen)
{
    // An open factor may come so close to the end of the range, and a product of known ones so far from 1.
    private const double Margin = 1 << 16;

    // Local derivatives are some operations deep; what is behind them is another operation's result, of which little is known.
    private const int Depth = 6;

    /// <summary>The magnitude of 1.</summary>
    public static DerivativeMagnitude One => new(1, 1, false);

    /// <summary>What is known of a value's magnitude.</summary>
    public static DerivativeMagnitude Of(Value value)
    {
        var range = RangeOf(value, Depth);
        var scale = range.Low == range.High ? range.Magnitude : 1;
        return double.IsFinite(range.Magnitude) ? new(range.Magnitude, scale, false) : new(1, 1, true);
    }

    /// <summary>The magnitude of a product; null if the product may leave the range of numbers.</summary>
    public DerivativeMagnitude? Times(DerivativeMagnitude other)
    {
        DerivativeMagnitude product = new(Bound * other.Bound, Scale * other.Scale, IsOpen || other.IsOpen);
        return (IsOpen && other.IsOpen) || product.Bound > Margin || product.Scale < 1 / Margin ? null : product;
    }

    /// <summary>The magnitude of a sum.</summary>
    public DerivativeMagnitude Plus(DerivativeMagnitude other) =>
        new(Bound + other.Bound, Math.Max(Scale, other.Scale), IsOpen || other.IsOpen);

    private static Interval RangeOf(Value value, int depth)
    {
        if (depth == 0 || value.Definition is not { Results.Length: 1 } definition) return Interval.All;
        var operands = new Interval[definition.Operands.Length];
        for (var i = 0; i < operands.Length; i++) operands[i] = RangeOf(definition.Operands[i], depth - 1);
        return definition.Op.RangeOf(definition, operands);
    }
}
