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
        public override int GetHashCode() => HashOf(Values);
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
        public override int GetHashCode() => HashCode.Combine(HashOf(Left), HashOf(Right));
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

    private static int HashOf<T>(ImmutableArray<T> values)
    {
        var hash = values.Length;
        foreach (var value in values) hash = HashCode.Combine(hash, value);
        return hash;
    }

    private static ImmutableArray<T> OrEmpty<T>(ImmutableArray<T> values) => values.IsDefault ? [] : values;
}

/// <summary>The named attributes of an operation, in name order; compared by value.</summary>
public sealed class AttributeMap : IEquatable<AttributeMap>
{
    // Few, so that a search goes over all.
    private readonly ImmutableArray<KeyValuePair<string, Attribute>> _items;

    private AttributeMap(ImmutableArray<KeyValuePair<string, Attribute>> items) => _items = items;

    /// <summary>No attributes.</summary>
    public static AttributeMap Empty { get; } = new([]);

    /// <summary>Names and attributes in name order.</summary>
    public IEnumerable<KeyValuePair<string, Attribute>> Items => _items;
    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => _items.IsEmpty;
    /// <summary>The attribute of this name, or null.</summary>
    public Attribute? this[string name]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(name);
            foreach (var item in _items)
                if (item.Key == name) return item.Value;
            return null;
        }
    }

    /// <summary>These attributes and one more, which replaces one of the same name.</summary>
    public AttributeMap With(string name, Attribute value)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        var at = 0;
        while (at < _items.Length && string.CompareOrdinal(_items[at].Key, name) < 0) at++;
        var item = KeyValuePair.Create(name, value);
        return new(at < _items.Length && _items[at].Key == name ? _items.SetItem(at, item) : _items.Insert(at, item));
    }
    /// <summary>With a number.</summary>
    public AttributeMap With(string name, Scalar value) => With(name, new Attribute.Number(value));
    /// <summary>With a list of integers.</summary>
    public AttributeMap With(string name, IEnumerable<int> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var numbers = ImmutableArray.CreateBuilder<Scalar>();
        foreach (var value in values) numbers.Add(value);
        return With(name, new Attribute.Numbers(numbers.DrainToImmutable()));
    }
    /// <summary>With a bare word.</summary>
    public AttributeMap With(string name, string word) => With(name, new Attribute.Word(word));

    /// <inheritdoc/>
    public bool Equals(AttributeMap? other)
    {
        if (ReferenceEquals(this, other)) return true;
        if (other is null || _items.Length != other._items.Length) return false;
        for (var i = 0; i < _items.Length; i++)
            if (_items[i].Key != other._items[i].Key || !_items[i].Value.Equals(other._items[i].Value)) return false;
        return true;
    }
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
