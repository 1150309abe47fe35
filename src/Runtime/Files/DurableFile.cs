using System.Runtime.InteropServices;

namespace GraphCompiler.Runtime.Files;

/// <summary>Files that are replaced whole or not at all, whatever ends the process or the machine meanwhile.</summary>
/// <remarks>Written under another name in the same folder, flushed to the disk, renamed, and then the folder is flushed, since a name is
/// the folder's. What is left of a process that was killed has <see cref="TemporarySuffix"/>.</remarks>
internal static partial class DurableFile
{
    /// <summary>How the names of files that are being written end.</summary>
    public const string TemporarySuffix = ".tmp";

    // Of errno.h: a file system that cannot flush a folder has nothing to flush.
    private const int InvalidArgument = 22;

    /// <summary>Writes a file.</summary>
    /// <param name="path">Replaced if it is there.</param>
    /// <param name="write">Writes its content.</param>
    /// <param name="open">Makes the stream for a path that is not there; tests give one that fails.</param>
    /// <exception cref="IOException">And what else the system refuses. The file is as it was, and nothing is left beside it.</exception>
    public static void Write(string path, Action<Stream> write, Func<string, Stream>? open = null)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}{TemporarySuffix}";
        try
        {
            using (var file = (open ?? Create)(temporary))
            {
                write(file);
                if (file is FileStream onDisk) onDisk.Flush(flushToDisk: true);
                else file.Flush();
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            if (File.Exists(temporary)) File.Delete(temporary);
            throw;
        }
        FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Makes the names in a folder durable. Windows does this itself, and lets nobody ask for it.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        var descriptor = Open(folder, 0);
        if (descriptor < 0) throw Failure(folder);
        try
        {
            if (Synchronize(descriptor) != 0 && Marshal.GetLastPInvokeError() != InvalidArgument) throw Failure(folder);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    // What is written is large: no buffer of the stream's own.
    private static FileStream Create(string path) => new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Delete, bufferSize: 0);

    private static IOException Failure(string folder) =>
        new($"the folder '{folder}' cannot be flushed to the disk: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Synchronize(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
