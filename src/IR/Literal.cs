using System.Globalization;

namespace GraphCompiler.IR;

/// <summary>A constant tensor. Elements are held as f64, which holds every element of each type exactly (i64 to 2^53).</summary>
public sealed class Literal
{
    private readonly double[] _values;

    /// <summary>A tensor of these row-major elements, rounded to the element type; one element stands for all (a splat).</summary>
    public Literal(TensorType type, params ReadOnlySpan<double> values)
    {
        if (values.Length != 1 && values.Length != type.Shape.ElementCount)
            throw new ArgumentException($"{type} has {type.Shape.ElementCount} elements, given {values.Length}", nameof(values));
        Type = type;
        _values = values.ToArray();
        for (var i = 0; i < _values.Length; i++) _values[i] = type.DType.Round(_values[i]);
    }

    /// <summary>Element type and shape.</summary>
    public TensorType Type { get; }
    /// <summary>Whether one stored element stands for all.</summary>
    public bool IsSplat => _values.Length == 1;
    /// <summary>The stored elements: all in row-major order, or the one of a splat.</summary>
    public ReadOnlySpan<double> Values => _values;
    /// <summary>The element at a row-major position.</summary>
    public double this[long position] => IsSplat ? _values[0] : _values[position];

    /// <summary>The value when this is a splat, else null.</summary>
    public double? Splat => IsSplat ? _values[0] : null;

    /// <summary>Every element in row-major order, splats expanded.</summary>
    public double[] ToArray()
    {
        var all = new double[Type.Shape.ElementCount];
        for (var i = 0; i < all.Length; i++) all[i] = this[i];
        return all;
    }

    /// <summary>A number in IR text: shortest form that reads back as the same f64.</summary>
    public static string Format(double value) =>
        double.IsNaN(value) ? "nan" : double.IsPositiveInfinity(value) ? "inf" : double.IsNegativeInfinity(value) ? "-inf"
        : value.ToString("R", CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override string ToString() =>
        IsSplat ? Format(_values[0]) : $"[{string.Join(", ", _values.Select(Format))}]";
}
