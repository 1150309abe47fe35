using System.Security.Cryptography;
using System.Text;
using GraphCompiler.IR.Loops;
using Microsoft.Extensions.Logging;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Compiled objects on disk, so that a program that starts again does not compile again.</summary>
/// <remarks>An entry is a file named by all that decides its content, and begins with the hash of the rest: what is cut short,
/// altered or foreign is compiled anew and replaced. Entries are written beside and renamed, so processes may share a folder.
/// A folder that cannot be read or written costs time and a line in the log, never the compilation.</remarks>
public sealed class ObjectCache
{
    /// <summary>The variable that names the folder, or <c>off</c>; <c>$XDG_CACHE_HOME/graphcompiler</c> otherwise.</summary>
    public const string Variable = "GRAPHCOMPILER_CACHE";

    private const string Extension = ".objects";

    private readonly string _folder;
    private readonly ILogger _logger;
    private readonly long _mostBytes;

    /// <summary>A cache in a folder, which is made when first written to.</summary>
    /// <param name="folder">Where entries lie.</param>
    /// <param name="logger">Gets hits and trouble, at Debug level.</param>
    /// <param name="mostBytes">Beyond this the entries that were not used for longest are deleted.</param>
    public ObjectCache(string folder, ILogger logger, long mostBytes = 256L << 20) => (_folder, _logger, _mostBytes) = (folder, logger, mostBytes);

    /// <summary>The cache that the environment asks for, or null when it is off.</summary>
    public static ObjectCache? FromEnvironment(ILogger logger)
    {
        var configured = Environment.GetEnvironmentVariable(Variable);
        if (configured is "off" or "0") return null;
        if (!string.IsNullOrEmpty(configured)) return new(configured, logger);
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var caches = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg ? xdg
            : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : home.Length > 0 ? Path.Combine(home, ".cache") : "";
        return caches.Length > 0 ? new(Path.Combine(caches, "graphcompiler"), logger) : null;
    }

    /// <summary>The name of a program's entry: its loops, constants and memory plan, the processor, and the versions of LLVM and of this compiler.</summary>
    public static string KeyOf(LoopProgram program, TargetInfo target)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + "\0"));
        Add($"{typeof(ObjectCache).Module.ModuleVersionId} {typeof(LoopProgram).Module.ModuleVersionId} {LlvmLibrary.Load()}");
        Add($"{target.Triple} {target.Cpu} {target.Features} {target.VectorBytes} {target.VectorRegisters} {target.HasFma}");
        Add($"{program.SharedScratch} {program.WorkerScratch} {program.WorkerScratchBytes} {program.TicksOffset} {program.KeepsSubnormals}");
        Add(LoopPrinter.Print(program));
        foreach (var call in program.Calls) Add(LoopPrinter.Print(call.Kernel));
        foreach (var constant in program.Constants)
        {
            Add($"{constant.Type}");
            foreach (var element in constant.ToArray()) hash.AppendData(BitConverter.GetBytes(element));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The objects of an entry; made and kept if there is none that is whole.</summary>
    public byte[][] FindOrAdd(string key, Func<byte[][]> create)
    {
        var path = Path.Combine(_folder, key + Extension);
        if (Find(path) is { } found) return found;
        var objects = create();
        Add(path, objects);
        return objects;
    }

    private byte[][]? Find(string path)
    {
        try
        {
            if (!File.Exists(path)) return null;
            var objects = Decode(File.ReadAllBytes(path));
            _logger.LogDebug("object cache: {Path} is {State}", path, objects is null ? "damaged" : "used");
            // The time of last use decides what is deleted first.
            if (objects is not null) File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
            return objects;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogDebug(e, "object cache: {Path} cannot be read", path);
            return null;
        }
    }

    private void Add(string path, byte[][] objects)
    {
        var beside = $"{path}.{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(_folder);
            File.WriteAllBytes(beside, Encode(objects));
            File.Move(beside, path, overwrite: true);
            Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogDebug(e, "object cache: {Path} cannot be written", path);
        }
    }

    // Also leftovers of processes that were stopped while they wrote.
    private void Trim()
    {
        var total = 0L;
        foreach (var file in new DirectoryInfo(_folder).EnumerateFiles($"*{Extension}*").OrderByDescending(f => f.LastWriteTimeUtc))
            if ((total += file.Length) > _mostBytes) file.Delete();
    }

    private static byte[] Encode(byte[][] objects)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(new byte[SHA256.HashSizeInBytes]);
        writer.Write(objects.Length);
        foreach (var code in objects)
        {
            writer.Write(code.Length);
            writer.Write(code);
        }
        var bytes = stream.ToArray();
        SHA256.HashData(bytes.AsSpan(SHA256.HashSizeInBytes), bytes);
        return bytes;
    }

    private static byte[][]? Decode(byte[] bytes)
    {
        const int Hash = SHA256.HashSizeInBytes;
        if (bytes.Length < Hash + sizeof(int) || !SHA256.HashData(bytes.AsSpan(Hash)).AsSpan().SequenceEqual(bytes.AsSpan(0, Hash))) return null;
        using var reader = new BinaryReader(new MemoryStream(bytes, Hash, bytes.Length - Hash));
        var objects = new byte[reader.ReadInt32()][];
        for (var i = 0; i < objects.Length; i++) objects[i] = reader.ReadBytes(reader.ReadInt32());
        return objects;
    }
}
