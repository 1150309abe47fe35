using System.Security.Cryptography;
using System.Text;
using GraphCompiler.IR.Loops;
using Microsoft.Extensions.Logging;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Compiled objects on disk, so that a program that starts again does not compile again.</summary>
/// <remarks>What is found is run, so it must be this user's own: a folder that others can write or replace (<see cref="PrivateFiles"/>)
/// is not used at all, and links, FIFOs, foreign files and files that others may write are replaced unread. An entry is named by all
/// that decides its content and begins with the hash of that name and the content: what is truncated, altered, copied from another entry
/// or refused by the linker is compiled anew and replaced. Entries are written to temporary files and renamed, so processes may share a
/// folder.
/// Whatever goes wrong costs time and a line in the log, never the compilation.</remarks>
public sealed class ObjectCache
{
    /// <summary>The variable that names the folder, or <c>off</c>; <c>$XDG_CACHE_HOME/graphcompiler</c> otherwise.</summary>
    public const string Variable = "GRAPHCOMPILER_CACHE";

    private const string Extension = ".objects";

    // No process writes an entry for as long: older temporary files are of processes that were stopped.
    private static readonly TimeSpan s_longestWrite = TimeSpan.FromHours(1);

    private readonly string _folder;
    private readonly ILogger _logger;
    private readonly long _mostBytes;

    /// <summary>A cache in a folder, which is made when first written to.</summary>
    /// <param name="folder">Where entries are; a relative path is taken from the current directory.</param>
    /// <param name="logger">Gets what is refused at Warning level; hits and trouble with the disk at Debug level.</param>
    /// <param name="mostBytes">Beyond this the entries that were not used for longest are deleted.</param>
    public ObjectCache(string folder, ILogger logger, long mostBytes = 256L << 20) =>
        (_folder, _logger, _mostBytes) = (Path.GetFullPath(folder), logger, mostBytes);

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

    /// <summary>The name of a program's entry: its loops, constants and memory plan, the processor, and the versions of LLVM and of this
    /// compiler.</summary>
    public static string KeyOf(LoopProgram program, TargetInfo target)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + "\0"));
        Add($"{typeof(ObjectCache).Module.ModuleVersionId} {typeof(LoopProgram).Module.ModuleVersionId} {LlvmLibrary.Load()}");
        Add($"{target.Triple} {target.Cpu} {target.Features} {target.VectorBytes} {target.VectorRegisters} {target.HasFma}");
        Add($"{program.SharedScratch} {program.WorkerScratch} {program.WorkerScratchBytes}");
        Add($"{program.TicksOffset} {program.KeepsSubnormals}");
        Add(LoopPrinter.Print(program));
        var texts = new KernelTexts();
        foreach (var call in program.Calls) Add($"{texts.NumberOf(call.Kernel)}");
        for (var i = 0; i < texts.Count; i++) Add(texts[i]);
        foreach (var constant in program.Constants)
        {
            Add($"{constant.Type}");
            // As in memory: in f64, integers above 2^53 would collide.
            hash.AppendData(constant.ToBytes());
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The name of what was measured of a program: also the model of this processor, and the number of threads.</summary>
    public static string KeyOfMeasured(LoopProgram program, TargetInfo target, int threads)
    {
        var name = FormattableString.Invariant($"measured {KeyOf(program, target)} {threads} {TargetInfo.HostModel}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
    }

    /// <summary>The objects of an entry, linked; made and kept if there is none that is whole, private and linkable.</summary>
    /// <param name="key">From <see cref="KeyOf"/>.</param>
    /// <param name="create">Compiles the objects.</param>
    /// <param name="link">Makes objects usable. A <see cref="BackendException"/> for objects that were found has them replaced.</param>
    /// <exception cref="BackendException">What <paramref name="create"/> throws, or <paramref name="link"/> for what it made.</exception>
    public T FindOrAdd<T>(string key, Func<byte[][]> create, Func<byte[][], T> link)
    {
        if (Find(key) is { } found)
        {
            try
            {
                return link(found);
            }
            catch (BackendException e)
            {
                _logger.LogWarning(e, "object cache: {Key} is not linkable, and is replaced", key);
            }
        }
        var objects = create();
        var linked = link(objects);
        Add(key, objects);
        return linked;
    }

    private byte[][]? Find(string key)
    {
        try
        {
            if (PrivateFolder() is not { } folder) return null;
            var path = Path.Combine(folder, key + Extension);
            if (!PrivateFiles.Exists(path)) return null;
            if (PrivateFiles.RefusalOfFile(path) is { } refusal)
            {
                _logger.LogWarning("object cache: an entry is replaced unread: {Refusal}", refusal);
                return null;
            }
            return Read(path, key);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogDebug(e, "object cache: {Key} cannot be read from {Folder}", key, _folder);
            return null;
        }
    }

    private byte[][]? Read(string path, string key)
    {
        using var file = File.OpenRead(path);
        byte[][]? objects = null;
        if (file.Length <= _mostBytes)
        {
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            objects = ObjectCacheEntry.Decode(key, bytes);
        }
        _logger.LogDebug("object cache: {Path} is {State}", path, objects is null ? "damaged" : "used");
        if (objects is not null) Touch(file, path);
        return objects;
    }

    // The time of last use decides what is deleted first; where nothing can be written, nothing is deleted either.
    private void Touch(FileStream file, string path)
    {
        try
        {
            File.SetLastWriteTimeUtc(file.SafeFileHandle, DateTime.UtcNow);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogDebug(e, "object cache: the time of {Path} cannot be set", path);
        }
    }

    private void Add(string key, byte[][] objects)
    {
        try
        {
            // Checked before anything is created, and again afterwards, since another process may have created it first.
            if (PrivateFolder() is not { } planned) return;
            PrivateFiles.CreateFolder(planned);
            if (PrivateFolder() is not { } folder) return;
            Write(Path.Combine(folder, key + Extension), ObjectCacheEntry.Encode(key, objects));
            Trim(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogDebug(e, "object cache: {Key} cannot be written to {Folder}", key, _folder);
        }
    }

    // The folder without links on the way, or null if others could have written to it.
    private string? PrivateFolder()
    {
        var folder = PrivateFiles.Resolve(_folder, out var refusal);
        if (refusal is null) return folder;
        _logger.LogWarning("object cache: {Folder} is not used: {Refusal}", _folder, refusal);
        return null;
    }

    private static void Write(string path, byte[] bytes)
    {
        var beside = $"{path}.{Guid.NewGuid():N}";
        try
        {
            using (var file = PrivateFiles.Create(beside)) file.Write(bytes);
            File.Move(beside, path, overwrite: true);
        }
        catch
        {
            File.Delete(beside);
            throw;
        }
    }

    private void Trim(string folder)
    {
        var total = 0L;
        var stopped = DateTime.UtcNow - s_longestWrite;
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles($"*{Extension}*").OrderByDescending(f => f.LastWriteTimeUtc))
        {
            var isTemporary = file.Extension != Extension;
            if (isTemporary ? file.LastWriteTimeUtc < stopped : (total += file.Length) > _mostBytes) file.Delete();
        }
    }
}
