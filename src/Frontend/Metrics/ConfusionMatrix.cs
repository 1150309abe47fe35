using System.Collections.Immutable;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend.Metrics;

/// <summary>How often examples of each class were predicted to be of each.</summary>
public sealed class ConfusionMatrix
{
    /// <summary>A table of counts.</summary>
    /// <param name="classes">How many there are, at least 1.</param>
    /// <param name="counts">[actual class, predicted class], row-major.</param>
    /// <exception cref="RuntimeException">SGC5001: not classes² counts. SGC5011: no classes.</exception>
    public ConfusionMatrix(int classes, ImmutableArray<long> counts)
    {
        if (classes < 1) throw new RuntimeException(RuntimeCode.BadArgument, $"a table of {classes} classes");
        var given = counts.IsDefault ? 0 : counts.Length;
        if (given != (long)classes * classes)
            throw new RuntimeException(RuntimeCode.WrongLength, $"{given} counts for {classes} classes; there are classes²");
        (Classes, Counts) = (classes, counts);
    }

    /// <summary>How many classes there are.</summary>
    public int Classes { get; }

    /// <summary>[actual class, predicted class], row-major.</summary>
    public ImmutableArray<long> Counts { get; }

    /// <summary>Examples of class <paramref name="actual"/> that were predicted to be of class <paramref name="predicted"/>.</summary>
    /// <exception cref="RuntimeException">SGC5004: no such class.</exception>
    public long this[int actual, int predicted] => (uint)actual < (uint)Classes && (uint)predicted < (uint)Classes
        ? Counts[actual * Classes + predicted]
        : throw new RuntimeException(RuntimeCode.UnknownArgument, $"there is no class {actual} or {predicted}; there are {Classes}");

    /// <summary>All examples.</summary>
    public long Total => Counts.Sum();

    /// <summary>The part of the examples on the diagonal; NaN where there are none.</summary>
    public double Accuracy => (double)Enumerable.Range(0, Classes).Sum(c => this[c, c]) / Total;
}
