using System.Collections.Immutable;

namespace GraphCompiler.IR;

/// <summary>A compile-time argument of an operation, printed as it is parsed, and compared by value: 1 is 1.0, but 0 is not -0.</summary>
public abstract record Attribute
{
    /// <summary>A number: <c>4</c>, <c>0.5</c>, <c>-inf</c>.</summary>
    public sealed record Number(Scalar Value) : Attribute
    {
        /// <inheritdoc/>
        public override string ToString() => Value.ToString();
    }

    /// <summary>A list of numbers: <c>[0,1]</c>.</summary>
    public sealed record Numbers(ImmutableArray<Scalar> Values) : Attribute
    {
        /// <summary>The numbers; none where the array is the default one.</summary>
        public ImmutableArray<Scalar> Values { get; init => field = OrEmpty(value); } = OrEmpty(Values);

        /// <inheritdoc/>
        public bool Equals(Numbers? other) => other is not null && Values.AsSpan().SequenceEqual(other.Values.AsSpan());
        /// <inheritdoc/>
        public override int GetHashCode() => Values.Aggregate(Values.Length, HashCode.Combine);
        /// <inheritdoc/>
        public override string ToString() => $"[{string.Join(",", Values)}]";
    }

    /// <summary>Pairs of axes of two operands: <c>[1]x[0]</c>.</summary>
    public sealed record Pairs(ImmutableArray<int> Left, ImmutableArray<int> Right) : Attribute
    {
        /// <summary>Axes of the first operand; none where the array is the default one.</summary>
        public ImmutableArray<int> Left { get; init => field = OrEmpty(value); } = OrEmpty(Left);
        /// <summary>Axes of the second operand; none where the array is the default one.</summary>
        public ImmutableArray<int> Right { get; init => field = OrEmpty(value); } = OrEmpty(Right);

        /// <inheritdoc/>
        public bool Equals(Pairs? other) =>
            other is not null && Left.AsSpan().SequenceEqual(other.Left.AsSpan()) && Right.AsSpan().SequenceEqual(other.Right.AsSpan());
        /// <inheritdoc/>
        public override int GetHashCode() => Left.Concat(Right).Aggregate(Left.Length, HashCode.Combine);
        /// <inheritdoc/>
        public override string ToString() => $"[{string.Join(",", Left)}]x[{string.Join(",", Right)}]";
    }

    /// <summary>A bare word: <c>lt</c>, <c>f32</c>.</summary>
    public sealed record Word(string Text) : Attribute
    {
        /// <summary>The word.</summary>
        public string Text { get; init => field = value ?? throw new ArgumentNullException(nameof(value)); }
            = Text ?? throw new ArgumentNullException(nameof(Text));

        /// <inheritdoc/>
        public override string ToString() => Text;
    }

    private static ImmutableArray<T> OrEmpty<T>(ImmutableArray<T> values) => values.IsDefault ? [] : values;
}

/// <summary>The named attributes of an operation, in name order; compared by value.</summary>
public sealed class AttributeMap : IEquatable<AttributeMap>
{
    private readonly ImmutableSortedDictionary<string, Attribute> _items;

    private AttributeMap(ImmutableSortedDictionary<string, Attribute> items) => _items = items;

    /// <summary>No attributes.</summary>
    public static AttributeMap Empty { get; } =
        new(ImmutableSortedDictionary.Create<string, Attribute>(StringComparer.Ordinal));

    /// <summary>Names and attributes in name order.</summary>
    public IEnumerable<KeyValuePair<string, Attribute>> Items => _items;
    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => _items.Count == 0;
    /// <summary>The attribute of this name, or null.</summary>
    public Attribute? this[string name] => _items.GetValueOrDefault(name ?? throw new ArgumentNullException(nameof(name)));

    /// <summary>These attributes and one more, which replaces one of the same name.</summary>
    public AttributeMap With(string name, Attribute value)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        return new(_items.SetItem(name, value));
    }
    /// <summary>With a number.</summary>
    public AttributeMap With(string name, Scalar value) => With(name, new Attribute.Number(value));
    /// <summary>With a list of integers.</summary>
    public AttributeMap With(string name, IEnumerable<int> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return With(name, new Attribute.Numbers([.. values.Select(v => (Scalar)v)]));
    }
    /// <summary>With a bare word.</summary>
    public AttributeMap With(string name, string word) => With(name, new Attribute.Word(word));

    /// <inheritdoc/>
    public bool Equals(AttributeMap? other) => other is not null && _items.SequenceEqual(other._items);
    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as AttributeMap);
    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var (name, value) in _items)
        {
            hash.Add(name, StringComparer.Ordinal);
            hash.Add(value);
        }
        return hash.ToHashCode();
    }

    /// <summary>Braces around the attributes, such as <c>{axes=[0,1]}</c>.</summary>
    public override string ToString() => $"{{{string.Join(", ", _items.Select(i => $"{i.Key}={i.Value}"))}}}";
}
