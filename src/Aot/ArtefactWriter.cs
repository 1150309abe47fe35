using System.Text;
using GraphCompiler.Runtime.Deployment;

namespace GraphCompiler.Aot;

/// <summary>Writes a compiled model as files.</summary>
public static class ArtefactWriter
{
    /// <summary>What can be asked for.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["obj", "shared", "header", "assembly", "llvm-ir", "asm", "ir"];

    /// <summary>What is written when nothing is asked for.</summary>
    public static IReadOnlyList<string> DefaultKinds { get; } = ["obj", "shared", "header", "assembly"];

    /// <summary>Writes the files of the given kinds, and the manifest.</summary>
    /// <remarks>They are written into a folder beside and then moved, the manifest last: it names the hashes of all others, so an
    /// interrupted build is never taken for a finished one.</remarks>
    /// <param name="artefact">What to write.</param>
    /// <param name="folder">Where to; made when missing.</param>
    /// <param name="kinds">Some of <see cref="Kinds"/>.</param>
    /// <returns>The paths of the files, the manifest last.</returns>
    /// <exception cref="AotException">SGC7101: no linker. SGC7107: the folder cannot be written. SGC7108: unknown kind. SGC7109: see <see cref="Facade"/>.</exception>
    public static IReadOnlyList<string> Write(CompiledArtefact artefact, string folder, IReadOnlyCollection<string> kinds)
    {
        foreach (var kind in kinds)
            if (!Kinds.Contains(kind)) throw new AotException("SGC7108", $"'{kind}' cannot be emitted; known are {string.Join(", ", Kinds)}");
        var beside = Path.Combine(folder, $".{artefact.Manifest.Model}.{Guid.NewGuid():N}.tmp");
        try
        {
            Directory.CreateDirectory(beside);
            var names = Fill(artefact, beside, kinds);
            foreach (var name in names) File.Move(Path.Combine(beside, name), Path.Combine(folder, name), overwrite: true);
            return [.. names.Select(n => Path.Combine(folder, n))];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AotException("SGC7107", $"the output folder '{folder}' cannot be written: {error.Message}", error);
        }
        finally
        {
            if (Directory.Exists(beside)) Directory.Delete(beside, recursive: true);
        }
    }

    private static List<string> Fill(CompiledArtefact artefact, string folder, IReadOnlyCollection<string> kinds)
    {
        var (manifest, files) = (artefact.Manifest, new List<string>());
        var name = manifest.Model;
        void Write(string file, byte[] bytes, bool keep)
        {
            File.WriteAllBytes(Path.Combine(folder, file), bytes);
            if (keep) files.Add(file);
        }
        void Text(string file, string text, bool keep) => Write(file, Encoding.UTF8.GetBytes(text), keep);

        var objects = new List<string>();
        foreach (var variant in artefact.Variants)
        {
            // One level needs no suffix.
            var stem = artefact.Variants.Length == 1 ? name : $"{name}.{variant.Manifest.Target}";
            Write($"{stem}.o", variant.Object, kinds.Contains("obj"));
            objects.Add($"{stem}.o");
            if (kinds.Contains("llvm-ir")) Text($"{stem}.ll", variant.LlvmIr, keep: true);
            if (kinds.Contains("asm")) Text($"{stem}.s", variant.Assembly, keep: true);
        }
        if (kinds.Contains("ir")) Text($"{name}.gir", artefact.Ir, keep: true);
        Text($"{name}.h", CSource.Header(manifest), kinds.Contains("header"));
        if (kinds.Contains("shared"))
        {
            Write("initial.bin", artefact.Initial, keep: false);
            Text("model.c", CSource.Library(manifest, "initial.bin"), keep: false);
            Linker.Link(folder, $"lib{name}.so", ["model.c", .. objects]);
            files.Add($"lib{name}.so");
        }
        if (kinds.Contains("assembly"))
        {
            Write($"{name}.dll", Facade.Write(manifest), keep: true);
            Text($"{name}.xml", Facade.Documentation(manifest), keep: true);
        }
        var listed = files.Select(f => new ManifestFile(f, ModelManifest.Hash(File.ReadAllBytes(Path.Combine(folder, f)))));
        Text($"{name}.json", (manifest with { Files = [.. listed] }).Serialize(), keep: true);
        return files;
    }
}
