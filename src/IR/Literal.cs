using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR;

/// <summary>A constant tensor. Elements are exact: integers in 64 bits, floating point in f64, which holds every narrower type.</summary>
public sealed class Literal
{
    // One of them, by the kind of the element type; a splat has one element.
    private readonly long[]? _integers;
    private readonly double[]? _floats;

    /// <summary>A tensor of these row-major elements; one element is that of all (a splat).
    /// Floating point is rounded to the type.</summary>
    /// <exception cref="GraphException">SGC1002: another number of elements. SGC1001: a fraction, infinity or NaN in an integer type.
    /// SGC1005: a number outside of its range.</exception>
    public Literal(TensorType type, params ReadOnlySpan<Scalar> values) : this(type, values.Length)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (Refusal(type.DType, values[i]) is { } refusal) throw new GraphException(refusal);
            Store(i, values[i]);
        }
    }

    /// <inheritdoc cref="Literal(TensorType, ReadOnlySpan{Scalar})"/>
    [OverloadResolutionPriority(-1)] // a list of longs must not become a list of doubles
    public Literal(TensorType type, ReadOnlySpan<double> values) : this(type, [.. values]) { }

    private Literal(TensorType type, int stored)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (stored != 1 && stored != type.Shape.ElementCount)
            throw new GraphException(DiagnosticCode.ShapeMismatch, $"{type} has {type.Shape.ElementCount} elements, given {stored}");
        Type = type;
        if (type.DType.IsFloating) _floats = new double[stored]; else _integers = new long[stored];
    }

    private Literal(TensorType type, long[]? integers, double[]? floats) => (Type, _integers, _floats) = (type, integers, floats);

    /// <summary>A tensor of computed elements, rounded to the type as <see cref="DType.Round"/> does: integers wrap.</summary>
    public static Literal Rounded(TensorType type, params ReadOnlySpan<Scalar> values)
    {
        var literal = new Literal(type, values.Length);
        for (var i = 0; i < values.Length; i++) literal.Store(i, values[i]);
        return literal;
    }

    /// <summary>As <see cref="Rounded(TensorType, ReadOnlySpan{Scalar})"/>, of elements that are computed in order.</summary>
    internal static Literal Rounded(TensorType type, Func<int, Scalar> element)
    {
        var literal = new Literal(type, type.Shape.ArrayLength(sizeof(double)));
        for (var i = 0; i < literal.StoredCount; i++) literal.Store(i, element(i));
        return literal;
    }

    /// <summary>A tensor of this one's elements at some positions, one for each.</summary>
    internal Literal Read(Shape shape, StridedWalk positions)
    {
        var literal = new Literal(Type.With(shape), shape.ArrayLength(sizeof(double)));
        for (var i = 0; i < literal.StoredCount; i++, positions.Next())
            if (_integers is not null) literal._integers![i] = _integers[positions.Position];
            else literal._floats![i] = _floats![positions.Position];
        return literal;
    }

    /// <summary>A tensor of .NET's elements in row-major order, of their own type.</summary>
    /// <exception cref="GraphException">SGC1001: no element type is T. SGC1002: another number of elements.</exception>
    public static Literal Of<T>(Shape shape, ReadOnlySpan<T> elements) where T : unmanaged
    {
        var type = new TensorType(DType.Of<T>(), shape);
        if (elements.Length != shape.ElementCount)
            throw new GraphException(DiagnosticCode.ShapeMismatch, $"{type} has {shape.ElementCount} elements, given {elements.Length}");
        return FromBytes(type, MemoryMarshal.AsBytes(elements));
    }

    /// <summary>A matrix of .NET's elements, of their own type.</summary>
    /// <exception cref="GraphException">SGC1001: no element type is T.</exception>
    public static Literal Of<T>(T[,] elements) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(elements);
        var all = elements.Length == 0 ? [] : MemoryMarshal.CreateReadOnlySpan(ref elements[0, 0], elements.Length);
        return Of(new Shape(elements.GetLength(0), elements.GetLength(1)), all);
    }

    /// <summary>The tensor that <see cref="ToBytes"/> wrote: elements in row-major order, little endian.</summary>
    /// <exception cref="GraphException">SGC1002: another number of bytes than the type has.</exception>
    public static Literal FromBytes(TensorType type, ReadOnlySpan<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (bytes.Length != type.Bytes)
            throw new GraphException(DiagnosticCode.ShapeMismatch, $"{type} has {type.Bytes} bytes, given {bytes.Length}");
        var literal = new Literal(type, (int)type.Shape.ElementCount);
        var size = type.DType.Bytes;
        for (var i = 0; i < type.Shape.ElementCount; i++) literal.Store(i, type.DType.Read(bytes.Slice(i * size, size)));
        return literal;
    }

    /// <summary>Element type and shape.</summary>
    public TensorType Type { get; }
    /// <summary>Whether one stored element is that of all.</summary>
    public bool IsSplat => StoredCount == 1;
    /// <summary>The element at a row-major position.</summary>
    /// <exception cref="GraphException">SGC1011: no such element.</exception>
    public Scalar this[long position] => IsSplat ? Stored(0)
        : (ulong)position < (ulong)StoredCount ? Stored(position)
        : throw new GraphException(DiagnosticCode.BadArgument, $"{Type} has {Type.Shape.ElementCount} elements, and none at {position}");
    /// <summary>The value when this is a splat, else null.</summary>
    public Scalar? Splat => IsSplat ? Stored(0) : null;

    /// <summary>The stored elements: all in row-major order, or the one of a splat.</summary>
    public IEnumerable<Scalar> Values => Enumerable.Range(0, StoredCount).Select(i => Stored(i));

    /// <summary>The same elements in row-major order with another shape of as many.</summary>
    /// <exception cref="GraphException">SGC1002: a shape of another number of elements.</exception>
    public Literal WithShape(Shape shape) => IsSplat || shape.ElementCount == Type.Shape.ElementCount
        ? new(Type.With(shape), _integers, _floats)
        : throw new GraphException(DiagnosticCode.ShapeMismatch,
            $"{Type} has {Type.Shape.ElementCount} elements, {shape} has {shape.ElementCount}");

    /// <summary>Every element in row-major order, splats expanded, in f64: integers above 2^53 in magnitude are rounded.</summary>
    /// <exception cref="GraphException">SGC1012: more than memory holds.</exception>
    public double[] ToArray()
    {
        var all = new double[Type.Shape.ArrayLength(sizeof(double))];
        for (var i = 0; i < all.Length; i++) all[i] = (double)this[i];
        return all;
    }

    /// <summary>Every element as it is in memory, splats expanded: row-major, little endian.</summary>
    /// <exception cref="GraphException">SGC1012: more than memory or an array holds.</exception>
    public byte[] ToBytes()
    {
        var size = Type.DType.Bytes;
        var bytes = new byte[new Shape([.. Type.Shape, size]).ArrayLength(1)];
        for (var i = 0; i < Type.Shape.ElementCount; i++) Type.DType.Write(this[i], bytes.AsSpan(i * size, size));
        return bytes;
    }

    /// <summary>Why an element type cannot hold a number, or null if it can.</summary>
    public static Diagnostic? Refusal(DType type, Scalar value, Location location = default)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (type.CanHold(value)) return null;
        return value.IsWhole(out _)
            ? new(DiagnosticCode.BadAttribute, $"{value} is outside of {type}, which holds {type.Lowest} to {type.Highest}", location, [])
            : new(DiagnosticCode.DTypeMismatch,
                $"{value} cannot be {type}; convert the tensor first, as with ConvertTo(F32)", location, []);
    }

    /// <inheritdoc/>
    public override string ToString() => IsSplat ? Stored(0).ToString() : $"[{string.Join(", ", Values)}]";

    private int StoredCount => _integers?.Length ?? _floats!.Length;

    private Scalar Stored(long i) =>
        _integers is { } integers ? integers[i] : (Scalar)_floats![i]; // without the cast both would be doubles

    private void Store(int i, Scalar value)
    {
        var element = Type.DType.Round(value);
        if (_integers is { } integers) integers[i] = (long)element;
        else _floats![i] = (double)element;
    }
}
