using System.Collections.Immutable;
using System.Reflection;
using System.Security;
using System.Text;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;

namespace GraphCompiler.Aot;

/// <summary>What the inputs, outputs and variables of one model are called in C and in C#.</summary>
/// <remarks>An argument has one name in both languages and in all functions. docs/aot.md states the mapping of
/// <see cref="Identifiers"/>.</remarks>
internal sealed class ModelNames
{
    private readonly Identifiers _arguments, _members;

    public ModelNames(ModelManifest manifest)
    {
        // The functions' first argument, and in C++ the instance's type; what the class inherits, and its own name.
        HashSet<string> taken = ["model", $"{manifest.Model}_model"];
        if (manifest.Rows > 0) taken.Add("rows");
        HashSet<string> members = [.. Inherited(), "TrainStep", "Predict", "Run", Identifiers.ClassOf(manifest.Model)];
        var passed = manifest.Training.Concat(manifest.Prediction).Where(b => b.Role != BufferRole.State).Select(b => b.Name);
        _arguments = new(passed, Identifiers.Snake, p => taken.Contains(p) || ReservedWords.Contains(p));
        _members = new([.. manifest.Parameters, .. manifest.Training.Where(b => b.Role == BufferRole.Output).Select(b => b.Name)],
            Identifiers.Pascal, members.Contains);
    }

    /// <summary>An input or output as the argument of a function.</summary>
    public string Argument(string name) => _arguments[name];

    /// <summary>A parameter or metric as a property.</summary>
    public string Member(string name) => _members[name];

    /// <summary>The bytes of a name as a string literal of C.</summary>
    public static string Literal(string name)
    {
        var text = new StringBuilder("\"");
        foreach (var b in Encoding.UTF8.GetBytes(name))
        {
            // A question mark may begin a trigraph.
            if (b is >= 0x20 and < 0x7F && (char)b is not ('"' or '\\' or '?')) text.Append((char)b);
            else text.Append('\\').Append(Convert.ToString(b, 8).PadLeft(3, '0'));
        }
        return text.Append('"').ToString();
    }

    /// <summary>A name as text of an XML file: control characters, which XML cannot hold, as question marks.</summary>
    public static string Xml(string name) =>
        SecurityElement.Escape(string.Concat(name.Select(c => c is < ' ' or '\uFFFE' or '\uFFFF' ? '?' : c)));

    /// <summary>The shape of each input and output in words, where several sizes of batches have several: what is the rows in all is
    /// "rows", and what else differs the numbers with bars between.</summary>
    public static Dictionary<string, string> ShapesOf(ImmutableArray<ManifestSize> sizes,
        Func<ManifestSize, ImmutableArray<ManifestBuffer>> buffersOf)
    {
        string Size(string name, int axis)
        {
            var all = sizes.Select(s => (s.Rows, Size: buffersOf(s).Single(b => b.Name == name).Shape.ElementAtOrDefault(axis))).ToList();
            return all.All(s => s.Size == s.Rows) && (all.Count > 1 || axis == 0) && all[0].Rows > 0 ? "rows"
                : string.Join('|', all.Select(s => s.Size).Distinct());
        }
        return buffersOf(sizes[0]).Where(b => b.Role != BufferRole.State)
            .ToDictionary(b => b.Name, b => string.Join(',', b.Shape.Select((_, axis) => Size(b.Name, axis))));
    }

    private static IEnumerable<string> Inherited()
    {
        const BindingFlags Every = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;
        return typeof(CompiledModel).GetMembers(Every).Select(m => m.Name);
    }
}
