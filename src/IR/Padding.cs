using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace GraphCompiler.IR;

/// <summary>What stands around a tensor before windows are laid over it: <see cref="Valid"/>, <see cref="Same"/>, <c>1</c> on every side,
/// or <c>[(0, 1), (2, 2)]</c>, for each spatial axis how many before and after it.</summary>
[CollectionBuilder(typeof(Padding), nameof(Create))]
public readonly struct Padding
{
    private readonly ImmutableArray<(int Low, int High)> _pairs;
    private readonly bool _isUniform;

    private Padding(ImmutableArray<(int, int)> pairs, bool isUniform, bool isSame) =>
        (_pairs, _isUniform, IsSame) = (pairs, isUniform, isSame);

    /// <summary>None: only windows that lie within the tensor.</summary>
    public static Padding Valid => default;

    /// <summary>As much as gives ⌈n / stride⌉ windows, half of it on each side and the odd one after (TensorFlow's and Keras's
    /// rule).</summary>
    public static Padding Same => new(default, isUniform: false, isSame: true);

    /// <summary>Whether this is <see cref="Same"/>.</summary>
    public bool IsSame { get; }

    /// <summary>For each axis how many before and after it.</summary>
    public static Padding Create(ReadOnlySpan<(int Low, int High)> pairs) => new([.. pairs], isUniform: false, isSame: false);

    /// <summary>As many on every side.</summary>
    public static implicit operator Padding(int elements) => new([(elements, elements)], isUniform: true, isSame: false);

    /// <summary>The pairs as they were given; none for <see cref="Valid"/> and <see cref="Same"/>.</summary>
    public ImmutableArray<(int Low, int High)>.Enumerator GetEnumerator() => (_pairs.IsDefault ? [] : _pairs).GetEnumerator();

    /// <summary>For each of this many axes how many before and after it, or null where pairs are for another number of axes; of
    /// <see cref="Valid"/> and <see cref="Same"/> zeros.</summary>
    internal (int Low, int High)[]? Of(int axes) => _pairs.IsDefault ? new (int, int)[axes]
        : _isUniform ? [.. Enumerable.Repeat(_pairs[0], axes)]
        : _pairs.Length == axes ? [.. _pairs] : null;

    /// <summary>As C# writes it.</summary>
    public override string ToString() => IsSame ? "Same" : _pairs.IsDefault ? "Valid" : _isUniform ? $"{_pairs[0].Low}"
        : $"[{string.Join(", ", _pairs)}]";
}
