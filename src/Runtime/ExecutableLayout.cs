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
        new(name, role, type, [.. dimensions], Times(Count(dimensions), type.SizeOf()));

    /// <summary>Number of elements: the product of the dimensions, 1 for a scalar.</summary>
    /// <remarks><see cref="long.MaxValue"/> if it is larger than that; no executable takes so many.</remarks>
    public long Elements => Count(Dimensions.AsSpan());

    /// <summary>The notation of the IR and of error messages, as in <c>f32[64,784]</c>.</summary>
    public string TypeText => $"{Type.ToString().ToLowerInvariant()}[{string.Join(',', Dimensions)}]";

    private static long Count(ReadOnlySpan<int> dimensions)
    {
        var count = 1L;
        foreach (var size in dimensions)
            count = Times(count, size);
        return count;
    }

    private static long Times(long count, long size) =>
        (long)Int128.Clamp((Int128)count * size, long.MinValue, long.MaxValue);
}

/// <summary>The buffers of a compiled step in the order of its <c>buffers</c> argument, and its memory.</summary>
/// <param name="Buffers">Any mix of roles; inputs are passed to <c>Run</c> in this order.</param>
/// <param name="ArenaBytes">Bytes of scratch memory, at least 0. Its contents do not survive a run.</param>
/// <param name="Parallel">Whether the step splits its work. If not, one thread runs it with <c>workers</c> = 1.</param>
public sealed record ExecutableLayout(ImmutableArray<BufferLayout> Buffers, long ArenaBytes, bool Parallel)
{
    /// <summary>Whether a run writes any state. Executables that only read the states of a store may run at the same time.</summary>
    public bool UpdatesStates { get; init; } = true;

    /// <summary>Refuses a layout that contradicts itself.</summary>
    /// <exception cref="RuntimeException">SGC5006: no buffers' list, a buffer without a name, type, role or dimensions, two of one name,
    /// memory that does not hold a buffer's elements, more elements than a span holds, or a negative size.</exception>
    public void Check()
    {
        static RuntimeException Bad(string what) => new(RuntimeCode.InconsistentLayout, what);
        if (Buffers.IsDefault) throw Bad("the layout has no list of buffers");
        if (ArenaBytes < 0) throw Bad($"the arena has {ArenaBytes} bytes");
        var names = new HashSet<string>();
        foreach (var buffer in Buffers)
        {
            if (buffer?.Name is null || buffer.Dimensions.IsDefault) throw Bad("a buffer is null, or has no name or no dimensions");
            if (!names.Add(buffer.Name)) throw Bad($"two buffers are named '{buffer.Name}'");
            if (!Enum.IsDefined(buffer.Type) || !Enum.IsDefined(buffer.Role))
                throw Bad($"buffer '{buffer.Name}' has a type or role that is none: {buffer.Type}, {buffer.Role}");
            if (buffer.Dimensions.Any(d => d < 0) || buffer.Elements > int.MaxValue
                || buffer.Bytes < buffer.Elements * buffer.Type.SizeOf())
                throw Bad($"buffer '{buffer.Name}' is {buffer.TypeText} of {buffer.Bytes} bytes;"
                    + $" spans hold 0 to {int.MaxValue} elements, which must fit into the bytes");
        }
    }
}
