using System.Collections.Immutable;

namespace GraphCompiler.IR;

/// <summary>A number for each spatial axis of a convolution or pool: <c>2</c> for all of them, <c>(2, 1)</c> or <c>(1, 2, 2)</c> for
/// one each; as <c>default</c>, what the call says.</summary>
public readonly struct PerAxis
{
    private readonly ImmutableArray<int> _numbers;

    private PerAxis(ImmutableArray<int> numbers) => _numbers = numbers;

    /// <summary>Whether no number was given.</summary>
    public bool IsDefault => _numbers.IsDefault;

    /// <summary>The numbers as they were given: none, one for every axis, or one each.</summary>
    public ImmutableArray<int> Numbers => _numbers.IsDefault ? [] : _numbers;

    /// <summary>One number for every axis.</summary>
    public static implicit operator PerAxis(int number) => new([number]);

    /// <summary>The numbers of two axes, such as height and width.</summary>
    public static implicit operator PerAxis((int First, int Second) numbers) => new([numbers.First, numbers.Second]);

    /// <summary>The numbers of three axes, such as depth, height and width.</summary>
    public static implicit operator PerAxis((int First, int Second, int Third) numbers) =>
        new([numbers.First, numbers.Second, numbers.Third]);

    /// <summary>A number for each of this many axes, or null if it is for another number of them.</summary>
    /// <param name="axes">How many.</param>
    /// <param name="otherwise">Each of them where no number was given.</param>
    internal int[]? Of(int axes, int otherwise) => _numbers.IsDefault ? [.. Enumerable.Repeat(otherwise, axes)]
        : _numbers.Length == 1 ? [.. Enumerable.Repeat(_numbers[0], axes)]
        : _numbers.Length == axes ? [.. _numbers] : null;

    /// <summary>As C# writes it.</summary>
    public override string ToString() => _numbers.IsDefault ? "default"
        : _numbers.Length == 1 ? $"{_numbers[0]}" : $"({string.Join(", ", _numbers)})";
}
