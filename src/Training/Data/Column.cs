using GraphCompiler.Runtime;

namespace GraphCompiler.Training.Data;

/// <summary>A column of examples: what one input of a step is given.</summary>
/// <param name="Name">The input's name.</param>
/// <param name="Type">The type of its elements.</param>
/// <param name="Size">Elements of one example, row-major.</param>
public sealed record Column(string Name, ElementType Type, int Size)
{
    /// <summary>Bytes of one example.</summary>
    internal int RowBytes => Size * Type.SizeOf();

    /// <inheritdoc/>
    public override string ToString() => $"{Name} : {Type.ToString().ToLowerInvariant()}[{Size}]";

    /// <summary>A column whose elements are held by <typeparamref name="T"/>.</summary>
    /// <exception cref="RuntimeException">SGC5003: no element type is held by it. SGC5011: no name, fewer elements than one, or more bytes
    /// than an array has.</exception>
    internal static Column Of<T>(string name, int size) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0) throw new RuntimeException(RuntimeCode.BadArgument, "a column needs a name: that of a step's input");
        var type = TypeOf<T>();
        if (size < 1 || size > Array.MaxLength / type.SizeOf())
            throw new RuntimeException(RuntimeCode.BadArgument, $"column '{name}' of {size} elements an example; at least 1 is needed");
        return new(name, type, size);
    }

    // The first type that it holds; of ushort, bf16.
    private static ElementType TypeOf<T>() where T : unmanaged
    {
        foreach (var type in Enum.GetValues<ElementType>())
            if (ElementTypes.Holds<T>(type)) return type;
        throw new RuntimeException(RuntimeCode.WrongType, $"no element type is held by {typeof(T).Name}");
    }
}
