using System.Collections;
using System.Collections.Immutable;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR;

/// <summary>The sizes of a tensor, outermost first; compared by value. Tensors are dense and row-major.</summary>
public readonly struct Shape : IEquatable<Shape>, IReadOnlyList<int>
{
    /// <summary>The most elements, and bytes, of a tensor: 16 TiB. Half a million of that size still add up within 64 bits, so counts,
    /// strides and offsets of what was declared never overflow.</summary>
    public const long MaxElements = 1L << 44;

    private readonly ImmutableArray<int> _sizes;

    /// <summary>A shape with these sizes, each at least 0.</summary>
    /// <exception cref="GraphException">SGC1011: a negative size. SGC1012: more than <see cref="MaxElements"/>, sizes of 0 counted as
    /// 1.</exception>
    public Shape(params ReadOnlySpan<int> sizes)
    {
        var count = 1L;
        foreach (var size in sizes)
        {
            if (size < 0)
                throw new GraphException(DiagnosticCode.BadArgument,
                    $"a size of {size} in [{string.Join(",", sizes.ToArray())}]; sizes are at least 0");
            if (Math.Max(size, 1) > MaxElements / count)
                throw new GraphException(DiagnosticCode.TooLarge,
                    $"a tensor of [{string.Join(",", sizes.ToArray())}] has more than 2^44 elements");
            count *= Math.Max(size, 1);
        }
        _sizes = [.. sizes];
    }

    /// <summary>A shape with computed sizes, each at least 0.</summary>
    /// <exception cref="GraphException">SGC1011: a negative size. SGC1012: a size is above 2^31 - 1, or the elements are too
    /// many.</exception>
    public static Shape Of(params ReadOnlySpan<long> sizes)
    {
        var narrow = new int[sizes.Length];
        for (var i = 0; i < narrow.Length; i++)
            narrow[i] = sizes[i] <= int.MaxValue ? (int)Math.Max(sizes[i], -1)
                : throw new GraphException(DiagnosticCode.TooLarge,
                    $"a size of {sizes[i]} is above {int.MaxValue}, the largest there can be");
        return new Shape(narrow);
    }

    /// <summary>The shape of a scalar: no dimensions, one element.</summary>
    public static Shape Scalar => default;

    /// <summary>Number of dimensions.</summary>
    public int Rank => _sizes.IsDefault ? 0 : _sizes.Length;

    /// <summary>The size of dimension <paramref name="axis"/>, 0 ≤ axis &lt; <see cref="Rank"/>.</summary>
    /// <exception cref="GraphException">SGC1004: no such axis.</exception>
    public int this[int axis] => (uint)axis < (uint)Rank
        ? _sizes[axis]
        : throw new GraphException(DiagnosticCode.BadAxis, $"{this} has no axis {axis}; it has {Rank}");

    /// <summary>The size counted from the end: <c>shape[^1]</c> is the innermost.</summary>
    /// <exception cref="GraphException">SGC1004: no such axis.</exception>
    public int this[Index axis] => this[axis.GetOffset(Rank)];

    int IReadOnlyCollection<int>.Count => Rank;

    /// <summary>Product of the sizes; 1 for a scalar.</summary>
    public long ElementCount
    {
        get
        {
            var count = 1L;
            foreach (var size in Sizes) count *= size;
            return count;
        }
    }

    /// <summary>The sizes as a span.</summary>
    public ReadOnlySpan<int> Sizes => Rank == 0 ? default : _sizes.AsSpan();

    /// <summary>Row-major strides in elements.</summary>
    public long[] Strides()
    {
        var strides = new long[Rank];
        var stride = 1L;
        for (var i = Rank - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= this[i];
        }
        return strides;
    }

    /// <summary>This shape without the given axes.</summary>
    public Shape Without(params ReadOnlySpan<int> axes)
    {
        if (axes.IsEmpty) return this;
        var (kept, count) = (new int[Rank], 0);
        for (var i = 0; i < Rank; i++)
            if (!axes.Contains(i)) kept[count++] = this[i];
        return new Shape(kept.AsSpan(0, count));
    }

    /// <summary>The index along each axis of the element at row-major position <paramref name="position"/>.</summary>
    /// <param name="position">From 0 to below <see cref="ElementCount"/>.</param>
    /// <param name="index">Of <see cref="Rank"/> elements or more; the first are set.</param>
    /// <exception cref="GraphException">SGC1011: no such element, or too short an index.</exception>
    public void Unravel(long position, Span<int> index)
    {
        CheckIndex(index.Length);
        var left = position;
        for (var i = Rank - 1; i >= 0; i--)
        {
            var size = _sizes[i];
            if (size == 0) throw NoElement(position);
            (left, var remainder) = Math.DivRem(left, size);
            index[i] = (int)remainder;
        }
        if (left != 0 || position < 0) throw NoElement(position);
    }

    /// <summary>The row-major position of <paramref name="index"/>, of which the first <see cref="Rank"/> elements count.</summary>
    /// <exception cref="GraphException">SGC1011: too short an index.</exception>
    public long Ravel(ReadOnlySpan<int> index)
    {
        CheckIndex(index.Length);
        var position = 0L;
        for (var i = 0; i < Rank; i++) position = position * this[i] + index[i];
        return position;
    }

    /// <summary>The number of elements, for an array of all of them.</summary>
    /// <param name="bytesOfElement">Bytes of each.</param>
    /// <exception cref="GraphException">SGC1012: more than an array, or the memory of this machine, holds.</exception>
    public int ArrayLength(int bytesOfElement)
    {
        var (count, memory) = (ElementCount, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        return count <= Array.MaxLength && count * bytesOfElement <= memory
            ? (int)count
            : throw new GraphException(DiagnosticCode.TooLarge,
                $"{count} elements of {bytesOfElement} bytes for {this}; an array holds {Array.MaxLength}, and memory {memory} bytes");
    }

    private void CheckIndex(int length)
    {
        if (length < Rank) throw new GraphException(DiagnosticCode.BadArgument, $"an index of {length} axes for {this}, which has {Rank}");
    }

    private GraphException NoElement(long position) =>
        new(DiagnosticCode.BadArgument, $"{this} has {ElementCount} elements, and none at {position}");

    /// <inheritdoc/>
    public bool Equals(Shape other) => Sizes.SequenceEqual(other.Sizes);
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);
    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var size in Sizes) hash.Add(size);
        return hash.ToHashCode();
    }
    /// <summary>Whether the sizes are the same.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);
    /// <summary>Whether the sizes differ.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => (_sizes.IsDefault ? [] : (IEnumerable<int>)_sizes).GetEnumerator();
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The sizes in brackets, such as <c>[64,784]</c>.</summary>
    public override string ToString() => $"[{string.Join(",", this)}]";
}

/// <summary>Element type and shape.</summary>
/// <remarks>A type that no memory could hold cannot be made, so nothing that is declared has one.</remarks>
public sealed record TensorType
{
    /// <summary>The type of this element type and shape.</summary>
    /// <exception cref="GraphException">SGC1012: more than <see cref="Shape.MaxElements"/> bytes.</exception>
    public TensorType(DType dtype, Shape shape)
    {
        ArgumentNullException.ThrowIfNull(dtype);
        (DType, Shape) = (dtype, shape);
        if (shape.ElementCount > Shape.MaxElements / dtype.Bytes)
            throw new GraphException(DiagnosticCode.TooLarge, $"a tensor of {this} has more than 2^44 bytes");
    }

    /// <summary>The scalar of an element type, so that <c>F32</c> can be written for <c>F32[]</c>.</summary>
    public static implicit operator TensorType(DType dtype) => new(dtype, Shape.Scalar);

    /// <summary>Element type.</summary>
    public DType DType { get; }
    /// <summary>Sizes.</summary>
    public Shape Shape { get; }
    /// <summary>Number of dimensions.</summary>
    public int Rank => Shape.Rank;
    /// <summary>Bytes of the tensor in memory.</summary>
    public long Bytes => Shape.ElementCount * DType.Bytes;
    /// <summary>The same shape with another element type.</summary>
    public TensorType With(DType dtype) => new(dtype, Shape);
    /// <summary>The same element type with another shape.</summary>
    public TensorType With(Shape shape) => new(DType, shape);
    /// <summary>The IR text, such as <c>f32[64,784]</c>.</summary>
    public override string ToString() => $"{DType}{Shape}";
}
