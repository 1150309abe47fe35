using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.Loader;
using GraphCompiler.Frontend;

namespace GraphCompiler.Aot;

/// <summary>A method that declares a model.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Type">Full name of the declaring type.</param>
/// <param name="Method">The method's name.</param>
/// <param name="Token">Its metadata token.</param>
public sealed record ModelEntry(string Name, string Type, string Method, int Token);

/// <summary>A user's assembly with model declarations.</summary>
public static class ModelAssembly
{
    /// <summary>The models that an assembly declares, in the order of its metadata. None of its code runs.</summary>
    /// <exception cref="AotException">SGC7102: missing or not a .NET assembly.</exception>
    public static IReadOnlyList<ModelEntry> List(string path)
    {
        try
        {
            using var pe = new PEReader(File.OpenRead(path));
            if (!pe.HasMetadata) throw new BadImageFormatException("it has no metadata");
            var reader = pe.GetMetadataReader();
            return [.. reader.MethodDefinitions.SelectMany(h => Entries(reader, h))];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or BadImageFormatException)
        {
            throw new AotException("SGC7102", $"'{path}' is not a .NET assembly: {error.Message}", error);
        }
    }

    /// <summary>Runs one declaration that takes no number of rows, the assembly loaded in a context of its own, which goes when nothing of
    /// the assembly is in use.</summary>
    /// <exception cref="AotException">SGC7102 to SGC7104, SGC7106 and SGC7113.</exception>
    public static ModelDeclaration Declare(string path, string name) => Declare(path, name, [])[0].Declaration;

    /// <summary>Runs one declaration for each of some numbers of rows.</summary>
    /// <param name="path">The assembly.</param>
    /// <param name="name">The model.</param>
    /// <param name="rows">What the method is called with; none where it takes nothing.</param>
    /// <returns>A declaration for each, or one of 0 rows.</returns>
    /// <exception cref="AotException">SGC7102 to SGC7104 and SGC7106. SGC7113: numbers of rows for a method that takes none, or none for
    /// one that takes them.</exception>
    public static IReadOnlyList<SizedDeclaration> Declare(string path, string name, IReadOnlyList<int> rows)
    {
        var models = List(path);
        var found = models.Where(m => m.Name == name).ToList();
        if (found.Count == 0)
            throw new AotException("SGC7103",
                $"'{path}' declares no model '{name}'; it declares: {string.Join(", ", models.Select(m => m.Name))}");
        if (found.Count > 1)
            throw new AotException("SGC7104",
                $"model '{name}' is declared by {string.Join(" and ", found.Select(m => $"{m.Type}.{m.Method}"))}; rename one");
        if (models.FirstOrDefault(m => m.Name != name && string.Equals(m.Name, name, StringComparison.OrdinalIgnoreCase)) is { } other)
            throw new AotException("SGC7104",
                $"models '{name}' and '{other.Name}' would have the same files where case is not kept; rename one");
        var where = $"{found[0].Type}.{found[0].Method}";
        try
        {
            var assembly = new Context(Path.GetFullPath(path)).LoadFromAssemblyPath(Path.GetFullPath(path));
            var method = (MethodInfo)assembly.ManifestModule.ResolveMethod(found[0].Token)!;
            var takesRows = method.GetParameters() is [{ ParameterType: var type }] && type == typeof(int);
            if (!method.IsStatic || (!takesRows && method.GetParameters().Length > 0))
                throw new AotException("SGC7106", $"{where} must be static, and without parameters or with one int, the rows of a batch");
            if (takesRows && rows.Count == 0)
                throw new AotException("SGC7113",
                    $"{where} declares '{name}' for a number of rows: name those to compile for, as in --batch 64,1");
            if (!takesRows && rows.Count > 0)
                throw new AotException("SGC7113", $"{where} declares '{name}' for one size alone, and --batch names"
                    + $" {string.Join(',', rows)}; let it take the rows: {found[0].Method}(int rows)");
            return takesRows ? [.. rows.Select(r => new SizedDeclaration(r, Invoke(method, where, [r])))]
                : [new SizedDeclaration(0, Invoke(method, where, []))];
        }
        catch (Exception error) when (error is not AotException)
        {
            // Whatever the user's code throws is the user's to read.
            throw new AotException("SGC7106", $"declaring '{name}' in {where} failed: {error.Message}", error);
        }
    }

    private static ModelDeclaration Invoke(MethodInfo method, string where, object[] arguments) =>
        method.Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null) switch
        {
            ModelDeclaration declaration => declaration,
            TrainingPlan plan => new ModelDeclaration(plan),
            FunctionPlan plan => new ModelDeclaration(plan),
            var result => throw new AotException("SGC7106",
                $"{where} must return a ModelDeclaration, a TrainingPlan or a FunctionPlan, and returned {result ?? "null"}"),
        };

    private static IEnumerable<ModelEntry> Entries(MetadataReader reader, MethodDefinitionHandle handle)
    {
        var method = reader.GetMethodDefinition(handle);
        foreach (var attribute in method.GetCustomAttributes().Select(reader.GetCustomAttribute))
        {
            if (attribute.Constructor.Kind != HandleKind.MemberReference) continue;
            var parent = reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent;
            if (parent.Kind != HandleKind.TypeReference) continue;
            var type = reader.GetTypeReference((TypeReferenceHandle)parent);
            var fullName = $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}";
            if (fullName != typeof(ModelAttribute).FullName) continue;
            var value = reader.GetBlobReader(attribute.Value);
            value.ReadUInt16(); // The prolog, always 1.
            var owner = reader.GetTypeDefinition(method.GetDeclaringType());
            var space = reader.GetString(owner.Namespace);
            yield return new(value.ReadSerializedString() ?? "", (space.Length > 0 ? space + "." : "") + reader.GetString(owner.Name),
                reader.GetString(method.Name), MetadataTokens.GetToken(handle));
        }
    }

    // The compiler's own assemblies come from the tool, so that its types are those of the declaration.
    private sealed class Context(string path) : AssemblyLoadContext("models", isCollectible: true)
    {
        private readonly AssemblyDependencyResolver _resolver = new(path);

        protected override Assembly? Load(AssemblyName name) =>
            name.Name!.StartsWith("GraphCompiler.", StringComparison.Ordinal)
                && Default.Assemblies.FirstOrDefault(a => a.GetName().Name == name.Name) is { } own ? own
            : _resolver.ResolveAssemblyToPath(name) is { } file ? LoadFromAssemblyPath(file) : null;
    }
}
