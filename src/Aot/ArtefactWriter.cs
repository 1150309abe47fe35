using System.Text;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;

namespace GraphCompiler.Aot;

/// <summary>Writes a compiled model as files.</summary>
public static class ArtefactWriter
{
    /// <summary>Every kind of output.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["obj", "shared", "header", "assembly", "llvm-ir", "asm", "ir"];

    /// <summary>The kinds that are written by default.</summary>
    public static IReadOnlyList<string> DefaultKinds { get; } = ["obj", "shared", "header", "assembly"];

    // ENOSPC and EDQUOT of Linux, ERROR_DISK_FULL of Windows.
    private static readonly int[] s_diskFull = [28, 122, unchecked((int)0x80070070)];

    /// <summary>Writes the files of the given kinds, and the manifest.</summary>
    /// <remarks>They are written into a private folder inside and then moved, the manifest last: it names the hashes of all others, so an
    /// interrupted build is never taken for a finished one. What an earlier build of the model wrote and this one does not is removed:
    /// the folder's files are those of one build.</remarks>
    /// <param name="artefact">What to write.</param>
    /// <param name="folder">Where to; made when missing.</param>
    /// <param name="kinds">Some of <see cref="Kinds"/>.</param>
    /// <returns>The paths of the files, the manifest last.</returns>
    /// <exception cref="AotException">SGC7101: no linker. SGC7105: a file of another model differs in case alone. SGC7107: the folder
    /// cannot be written. SGC7108: unknown kind. SGC7109: see <see cref="Facade"/>. SGC7110: the linker failed. SGC7111: the disk is
    /// full.</exception>
    public static IReadOnlyList<string> Write(CompiledArtefact artefact, string folder, IReadOnlyCollection<string> kinds)
    {
        foreach (var kind in kinds)
            if (!Kinds.Contains(kind))
                throw new AotException("SGC7108", $"'{kind}' cannot be emitted; known are {string.Join(", ", Kinds)}");
        try
        {
            using var build = new BuildFolder(folder);
            var names = Fill(artefact, build, kinds);
            CheckCase(artefact.Manifest.Model, folder, names);
            var stale = FilesOfEarlierBuilds(artefact.Manifest.Model, folder).Except(names).ToList();
            foreach (var name in names[..^1]) Place(name);
            foreach (var name in stale) File.Delete(Path.Combine(folder, name));
            Place(names[^1]);
            return [.. names.Select(n => Path.Combine(folder, n))];

            void Place(string name) => File.Move(Path.Combine(build.FullPath, name), Path.Combine(folder, name), overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw s_diskFull.Contains(error.HResult)
                ? new AotException("SGC7111", $"the disk of the output folder '{folder}' is full: {error.Message}", error)
                : new AotException("SGC7107", $"the output folder '{folder}' cannot be written: {error.Message}", error);
        }
    }

    private static void CheckCase(string model, string folder, List<string> names)
    {
        var wanted = names.ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var path in Directory.EnumerateFiles(folder))
            if (wanted.TryGetValue(Path.GetFileName(path), out var name) && name != Path.GetFileName(path))
                throw new AotException("SGC7105", $"the files of '{model}' cannot be beside '{path}': where case is not kept it is"
                    + $" '{name}'; rename the model, or give it a folder of its own");
    }

    // Files that the manifest lists, and code for targets: nobody else has such names, and an interrupted build may have left them.
    private static List<string> FilesOfEarlierBuilds(string model, string folder)
    {
        string[] names = [.. from target in TargetInfo.Names from suffix in (string[])["o", "ll", "s"] select $"{model}.{target}.{suffix}"];
        return [.. names.Concat(Listed()).Where(n => File.Exists(Path.Combine(folder, n)))];

        IEnumerable<string> Listed()
        {
            try
            {
                return [.. ModelManifest.Read(Path.Combine(folder, $"{model}.json")).Files.Select(f => f.Name)];
            }
            catch (RuntimeException)
            {
                return []; // There is none, or one that cannot be trusted.
            }
        }
    }

    private static List<string> Fill(CompiledArtefact artefact, BuildFolder build, IReadOnlyCollection<string> kinds)
    {
        var (manifest, folder, files) = (artefact.Manifest, build.FullPath, new List<string>());
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
            WriteAll(Path.Combine(folder, "initial.bin"), artefact.Initial);
            Text("manifest.json", manifest.Contents, keep: false);
            Text("model.c", CSource.Library(manifest, "initial.bin", "manifest.json"), keep: false);
            Linker.Link(folder, manifest.Library, ["model.c", .. objects], build.Start);
            files.Add(manifest.Library);
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
    private static void WriteAll(string path, IEnumerable<byte[]> parts)
    {
        using var file = File.Create(path);
        foreach (var part in parts) file.Write(part);
    }
}
