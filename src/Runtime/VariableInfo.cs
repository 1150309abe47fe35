using System.Collections.Immutable;

namespace GraphCompiler.Runtime;

/// <summary>A variable of a <see cref="VariableStore"/>.</summary>
/// <param name="Name">Unique within the store.</param>
/// <param name="Type">The type of its elements.</param>
/// <param name="Dimensions">Sizes, outermost first; empty for a scalar.</param>
/// <param name="Role">What the first function that brought it into the store declared it as.</param>
public sealed record VariableInfo(string Name, ElementType Type, ImmutableArray<int> Dimensions, VariableRole Role)
{
    /// <summary>The notation of the IR and of error messages, as in <c>f32[64,784]</c>.</summary>
    public string TypeText => $"{Type.ToString().ToLowerInvariant()}[{string.Join(',', Dimensions)}]";

    /// <inheritdoc/>
    public override string ToString() => $"{Name} : {TypeText}, {Role}";
}

/// <summary>A variable as a function declares it.</summary>
/// <param name="Layout">Name, type and memory.</param>
/// <param name="Role">What it is there for.</param>
/// <param name="Fill">Writes its first elements; zeros when null. Called only where the store has no such variable yet.</param>
internal sealed record VariableDeclaration(BufferLayout Layout, VariableRole Role, Action<PinnedMemory>? Fill);
