using System.Collections.Immutable;

namespace GraphCompiler.Runtime;

/// <summary>Who owns a buffer's memory, and when it changes.</summary>
public enum BufferRole
{
    /// <summary>The caller's memory, read during one run.</summary>
    Input,

    /// <summary>Kept between runs and updated in place: parameters, optimizer state, counters. Zero at first.</summary>
    State,

    /// <summary>The executable's memory, overwritten by every run.</summary>
    Output,
}

/// <summary>One buffer that a compiled step reads or writes outside its arena.</summary>
/// <param name="Name">Unique within its layout.</param>
/// <param name="Role">Who owns the memory.</param>
/// <param name="Type">The type of the elements.</param>
/// <param name="Dimensions">Sizes, outermost first, row-major and dense; empty for a scalar.</param>
/// <param name="Bytes">Bytes of memory: at least elements times element size. More is padding at the end, for states
/// and outputs only.</param>
public sealed record BufferLayout(
    string Name, BufferRole Role, ElementType Type, ImmutableArray<int> Dimensions, long Bytes)
{
    /// <summary>Makes a layout without padding.</summary>
    /// <param name="name">Unique within its layout.</param>
    /// <param name="role">Who owns the memory.</param>
    /// <param name="type">The type of the elements.</param>
    /// <param name="dimensions">Sizes, outermost first; none for a scalar.</param>
    public static BufferLayout Dense(
        string name, BufferRole role, ElementType type, params ReadOnlySpan<int> dimensions) =>
        new(name, role, type, [.. dimensions], Count(dimensions) * type.SizeOf());

    /// <summary>Number of elements: the product of the dimensions, 1 for a scalar.</summary>
    public long Elements => Count(Dimensions.AsSpan());

    /// <summary>The notation of the IR and of error messages, as in <c>f32[64,784]</c>.</summary>
    public string TypeText => $"{Type.ToString().ToLowerInvariant()}[{string.Join(',', Dimensions)}]";

    private static long Count(ReadOnlySpan<int> dimensions)
    {
        var count = 1L;
        foreach (var size in dimensions)
            count = checked(count * size);
        return count;
    }
}

/// <summary>The buffers of a compiled step in the order of its <c>buffers</c> argument, and its memory.</summary>
/// <param name="Buffers">Any mix of roles; inputs are passed to <c>Run</c> in the order in which they stand here.</param>
/// <param name="ArenaBytes">Bytes of scratch memory, at least 0. Its contents do not survive a run.</param>
/// <param name="Parallel">Whether the step splits its work. If not, one thread runs it with <c>workers</c> = 1.</param>
public sealed record ExecutableLayout(ImmutableArray<BufferLayout> Buffers, long ArenaBytes, bool Parallel)
{
    /// <summary>Refuses a layout that contradicts itself.</summary>
    /// <exception cref="RuntimeException">SGC5006: two buffers of one name, memory that does not hold a buffer's elements, more elements
    /// than a span holds, or a negative size.</exception>
    public void Check()
    {
        if (ArenaBytes < 0) throw new RuntimeException(RuntimeCode.InconsistentLayout, $"the arena has {ArenaBytes} bytes");
        var names = new HashSet<string>();
        foreach (var buffer in Buffers)
        {
            if (!names.Add(buffer.Name)) throw new RuntimeException(RuntimeCode.InconsistentLayout, $"two buffers are named '{buffer.Name}'");
            if (buffer.Elements is < 0 or > int.MaxValue || buffer.Bytes < buffer.Elements * buffer.Type.SizeOf())
                throw new RuntimeException(RuntimeCode.InconsistentLayout,
                    $"buffer '{buffer.Name}' is {buffer.TypeText} of {buffer.Bytes} bytes;"
                    + $" spans hold 0 to {int.MaxValue} elements, which must fit into the bytes");
        }
    }
}
