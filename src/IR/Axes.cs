using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace GraphCompiler.IR;

/// <summary>Axes of a tensor: <c>1</c>, <c>[0, 2]</c>, or, as <c>default</c>, all of them. Negative ones count from the end.</summary>
[CollectionBuilder(typeof(Axes), nameof(Create))]
public readonly struct Axes
{
    private readonly ImmutableArray<int> _axes;

    private Axes(ImmutableArray<int> axes) => _axes = axes;

    /// <summary>Whether these are all axes, however many a tensor has.</summary>
    public bool IsAll => _axes.IsDefault;

    /// <summary>These axes; none when empty.</summary>
    public static Axes Create(ReadOnlySpan<int> axes) => new([.. axes]);

    /// <summary>One axis.</summary>
    public static implicit operator Axes(int axis) => new([axis]);

    /// <summary>Some axes; all when null.</summary>
    public static implicit operator Axes(int[]? axes) => new(axes?.ToImmutableArray() ?? default);

    /// <summary>The axes as they were given; none for all.</summary>
    public ImmutableArray<int>.Enumerator GetEnumerator() => (_axes.IsDefault ? [] : _axes).GetEnumerator();

    /// <summary>The axes counted from 0, for a tensor of this rank; ops check that they are in range.</summary>
    internal int[] Of(int rank) =>
        _axes.IsDefault ? [.. Enumerable.Range(0, rank)] : [.. _axes.Select(a => a < 0 ? a + rank : a)];

    /// <summary>The axes in brackets, or <c>all</c>.</summary>
    public override string ToString() => IsAll ? "all" : $"[{string.Join(",", _axes)}]";
}
