using System.Collections;
using System.Collections.Immutable;

namespace GraphCompiler.IR;

/// <summary>The sizes of a tensor, outermost first; compared by value. Tensors are dense and row-major.</summary>
public readonly struct Shape : IEquatable<Shape>, IReadOnlyList<int>
{
    private readonly ImmutableArray<int> _sizes;

    /// <summary>A shape with these sizes, each at least 0.</summary>
    public Shape(params ReadOnlySpan<int> sizes)
    {
        foreach (var size in sizes)
            ArgumentOutOfRangeException.ThrowIfNegative(size, nameof(sizes));
        _sizes = [.. sizes];
    }

    /// <summary>The shape of a scalar: no dimensions, one element.</summary>
    public static Shape Scalar => default;

    /// <summary>Number of dimensions.</summary>
    public int Rank => _sizes.IsDefault ? 0 : _sizes.Length;

    /// <summary>The size of dimension <paramref name="axis"/>, 0 ≤ axis &lt; <see cref="Rank"/>.</summary>
    public int this[int axis] => _sizes[axis];

    /// <summary>The size counted from the end: <c>shape[^1]</c> is the innermost.</summary>
    public int this[Index axis] => _sizes[axis.GetOffset(Rank)];

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
        var kept = new List<int>(Rank);
        for (var i = 0; i < Rank; i++)
            if (!axes.Contains(i)) kept.Add(this[i]);
        return new Shape(kept.ToArray());
    }

    /// <summary>The index along each axis of the element at row-major position <paramref name="position"/>.</summary>
    public void Unravel(long position, Span<int> index)
    {
        for (var i = Rank - 1; i >= 0; i--)
        {
            index[i] = (int)(position % this[i]);
            position /= this[i];
        }
    }

    /// <summary>The row-major position of <paramref name="index"/>.</summary>
    public long Ravel(ReadOnlySpan<int> index)
    {
        var position = 0L;
        for (var i = 0; i < Rank; i++) position = position * this[i] + index[i];
        return position;
    }

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
/// <param name="DType">Element type.</param>
/// <param name="Shape">Sizes.</param>
public sealed record TensorType(DType DType, Shape Shape)
{
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
