using GraphCompiler.Runtime;

namespace GraphCompiler.Training.Data;

// Columns computed from columns.
public sealed partial class Table
{
    /// <summary>The table with a column of f32 standardized: each feature less its mean, divided by its deviation.</summary>
    /// <param name="name">The column.</param>
    /// <param name="by">Made of the examples that are trained with, <see cref="Standardization.Of"/>, so that others are changed
    /// alike.</param>
    /// <exception cref="RuntimeException">SGC5003: the column is not f32. SGC5004: no such column. SGC6004: another number of
    /// features.</exception>
    public Table Standardize(string name, Standardization by)
    {
        ArgumentNullException.ThrowIfNull(by);
        var (elements, size) = (Get<float>(name).ToArray(), Find(name).Column.Size);
        by.Apply(elements);
        return With(name, elements, size);
    }

    /// <summary>The table with a column of classes, i32, as f32 with a 1 at the class and zeros elsewhere.</summary>
    /// <param name="name">The column, of one or more classes an example.</param>
    /// <param name="classes">How many there are, at least 1.</param>
    /// <exception cref="RuntimeException">SGC5003: the column is not i32. SGC5004: no such column. SGC5011: fewer classes than one.
    /// SGC6004: a number that is no class.</exception>
    public Table OneHot(string name, int classes)
    {
        var labels = Get<int>(name).Span;
        var size = Find(name).Column.Size;
        if (classes < 1 || (long)classes * labels.Length > Array.MaxLength)
            throw new RuntimeException(RuntimeCode.BadArgument, $"one-hot vectors of {classes} classes for {labels.Length} labels");
        var vectors = new float[classes * labels.Length];
        for (var i = 0; i < labels.Length; i++)
        {
            if ((uint)labels[i] >= (uint)classes)
                throw new RuntimeException(RuntimeCode.InconsistentData,
                    $"column '{name}' has {labels[i]} in example {i / size}; classes are 0 to {classes - 1}");
            vectors[i * classes + labels[i]] = 1;
        }
        return With(name, vectors, checked(size * classes));
    }
}
