using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>Bounds on how far a product of local derivatives can be from 1.</summary>
/// <remarks>Decides whether the derivative may be accumulated separately from the cotangent. x·10³⁰·10³⁰·10⁻⁴⁰ has partial products that
/// overflow f32; a small cotangent, multiplied in the order of the chain rule, does not.</remarks>
/// <param name="Bound">The largest magnitude of the factors whose range is known.</param>
/// <param name="Scale">The product of the factors that are constants.</param>
/// <param name="IsOpen">Whether there is a factor of unknown range.</param>
internal readonly record struct DerivativeMagnitude(double Bound, double Scale, bool IsOpen)
{
    // The product of factors of known range is at most this, and that of constants at least its inverse; a factor of unknown range is
    // assumed to stay this far from overflow and underflow.
    private const double Margin = 1 << 16;

    // A local derivative is a few operations; its leaves are results of other operations, of which little is known.
    private const int MostNesting = 6;

    /// <summary>The magnitude of 1.</summary>
    public static DerivativeMagnitude One => new(1, 1, false);

    /// <summary>What is known of a value's magnitude.</summary>
    public static DerivativeMagnitude Of(Value value)
    {
        var range = RangeOf(value, MostNesting);
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

    private static Interval RangeOf(Value value, int nesting)
    {
        if (nesting == 0 || value.Definition is not { Results.Length: 1 } definition) return Interval.All;
        var operands = new Interval[definition.Operands.Length];
        for (var i = 0; i < operands.Length; i++) operands[i] = RangeOf(definition.Operands[i], nesting - 1);
        return definition.Op.RangeOf(definition, operands);
    }
}
