using System.Collections.Immutable;

namespace GraphCompiler.Runtime.Files;

/// <summary>A tensor of a <see cref="TensorFile"/>, as the file's header declares it.</summary>
/// <param name="Name">Unique within the file.</param>
/// <param name="TypeName">The element type by the format's name: F32, BF16, I64, BOOL and so on.</param>
/// <param name="Dimensions">Sizes, outermost first; empty for a scalar.</param>
/// <param name="Begin">Its first byte, counted from the end of the header.</param>
/// <param name="End">The byte after its last.</param>
public sealed record TensorEntry(string Name, string TypeName, ImmutableArray<long> Dimensions, long Begin, long End)
{
    /// <summary>The element type; null for one that no variable has, such as F8_E4M3.</summary>
    public ElementType? Type => TensorTypes.Find(TypeName)?.Type;

    /// <summary>The tensor's bytes.</summary>
    public long Bytes => End - Begin;

    /// <summary>The notation of the IR and of error messages, as in <c>f32[64,784]</c>.</summary>
    public string TypeText => $"{TypeName.ToLowerInvariant()}[{string.Join(',', Dimensions)}]";

    /// <inheritdoc/>
    public override string ToString() => $"{Name} : {TypeText}";
}

/// <summary>The element types of the format, with their sizes.</summary>
internal static class TensorTypes
{
    private static readonly Dictionary<string, (int Bits, ElementType? Type)> s_byName = new(StringComparer.Ordinal)
    {
        ["F64"] = (64, ElementType.F64), ["F32"] = (32, ElementType.F32), ["F16"] = (16, ElementType.F16),
        ["BF16"] = (16, ElementType.BF16),
        ["I64"] = (64, ElementType.I64), ["I32"] = (32, ElementType.I32), ["I8"] = (8, ElementType.I8), ["U32"] = (32, ElementType.U32),
        ["U8"] = (8, ElementType.U8), ["BOOL"] = (8, ElementType.Bool),
        // What other programs write, and no variable holds.
        ["C64"] = (64, null), ["U64"] = (64, null), ["I16"] = (16, null), ["U16"] = (16, null), ["F8_E5M2"] = (8, null),
        ["F8_E4M3"] = (8, null), ["F8_E8M0"] = (8, null), ["F6_E2M3"] = (6, null), ["F6_E3M2"] = (6, null), ["F4"] = (4, null),
    };

    public static (int Bits, ElementType? Type)? Find(string name) => s_byName.TryGetValue(name, out var found) ? found : null;

    public static string NameOf(ElementType type) => type.ToString().ToUpperInvariant();
}
