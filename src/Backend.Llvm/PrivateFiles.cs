using System.Runtime.InteropServices;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Folders and files that nobody but this process's user (or root) can have written.</summary>
/// <remarks>
/// On Linux a folder is private when it is a directory of the effective user that neither group nor others may write, and
/// every directory and link on the way to it belongs to that user or to root and may not be written by others either, unless
/// it is sticky like <c>/tmp</c>. So nobody else can put a file into it or replace it between a check and its use. On Windows
/// the access control lists of the user's profile decide. On other systems .NET does not report owners, so nothing is private.
/// </remarks>
internal static partial class PrivateFiles
{
    // As many as Linux follows in one path.
    private const int MostLinks = 40;
    private const UnixFileMode OwnerFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode WritableByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Resolves the links on the way to a folder, which need not exist yet.</summary>
    /// <param name="folder">An absolute path.</param>
    /// <param name="refusal">Why the folder is not private, or null.</param>
    /// <returns>The path without links to use from here on; meaningless when refused.</returns>
    public static string Resolve(string folder, out string? refusal)
    {
        refusal = OperatingSystem.IsLinux() || OperatingSystem.IsWindows() ? null : "this system does not tell who owns a file";
        if (refusal is not null || OperatingSystem.IsWindows()) return folder;
        var path = "/";
        var ahead = new Stack<string>();
        Push(ahead, folder);
        refusal = RefusalOfDirectory(path, Status.Of(path), isLast: ahead.Count == 0);
        for (var links = 0; refusal is null && ahead.TryPop(out var name);)
        {
            if (name == ".") continue;
            var next = name == ".." ? Path.GetDirectoryName(path) ?? "/" : Path.Combine(path, name);
            var status = Status.Of(next);
            if (status is { Kind: FileKind.Link } link)
            {
                refusal = ahead.Count == 0 ? $"{next} is a symbolic link"
                    : ++links > MostLinks ? $"{folder} has too many symbolic links"
                    : RefusalOfOwner(next, link, isLast: false);
                if (refusal is not null || new FileInfo(next).LinkTarget is not { } target) continue;
                Push(ahead, target);
                if (Path.IsPathRooted(target)) path = "/";
                continue;
            }
            refusal = RefusalOfDirectory(next, status, isLast: ahead.Count == 0);
            path = next;
        }
        return path;
    }

    /// <summary>Makes a folder and what is missing on the way, for the user alone.</summary>
    public static void CreateFolder(string folder)
    {
        if (Directory.Exists(folder)) return;
        if (Path.GetDirectoryName(folder) is { } parent) CreateFolder(parent);
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, OwnerFolder);
    }

    /// <summary>Whether anything has this name; links are not followed.</summary>
    public static bool Exists(string path) => OperatingSystem.IsLinux() ? Status.Of(path) is not null : File.Exists(path);

    /// <summary>Why a file of a private folder is not to be read, or null. Nothing is opened, so a FIFO does not block.</summary>
    public static string? RefusalOfFile(string path) =>
        !OperatingSystem.IsLinux() || Status.Of(path) is not { } status ? null
        : status.Kind != FileKind.Regular ? $"{path} is not a regular file"
        : RefusalOfOwner(path, status, isLast: true) ?? RefusalOfMode(path, status);

    /// <summary>A new file for the user alone. Whatever has the name already, a link included, is an <see cref="IOException"/>.</summary>
    public static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new(path, options);
    }

    private static void Push(Stack<string> ahead, string path)
    {
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse()) ahead.Push(name);
    }

    // A directory that does not exist is made later, in one that was examined.
    private static string? RefusalOfDirectory(string path, Status? status, bool isLast) =>
        status is not { } known ? null
        : known.Kind != FileKind.Directory ? $"{path} is not a directory"
        : RefusalOfOwner(path, known, isLast) is { } owner ? owner
        : !isLast && known.Mode.HasFlag(UnixFileMode.StickyBit) ? null : RefusalOfMode(path, known);

    // Root can write anywhere, so its directories on the way are trusted; what holds entries is the user's own.
    private static string? RefusalOfOwner(string path, Status status, bool isLast) =>
        status.User == GetEffectiveUser() || !isLast && status.User == 0 ? null
        : $"{path} belongs to user {status.User}, and not to user {GetEffectiveUser()}";

    private static string? RefusalOfMode(string path, Status status) =>
        (status.Mode & WritableByOthers) == 0 ? null : $"{path} may be written by other users";

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUser();

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ReadStatus(int directory, string path, int flags, uint mask, out StatusBuffer status);

    private enum FileKind { Directory = 0x4000, Regular = 0x8000, Link = 0xA000 }

    /// <summary>Who owns a file, and who may do what with it; .NET has no way to ask for the owner.</summary>
    private readonly record struct Status(uint User, FileKind Kind, UnixFileMode Mode)
    {
        /// <summary>That of a path, or null if there is nothing; links are not followed.</summary>
        public static Status? Of(string path)
        {
            const int CurrentDirectory = -100, NoFollow = 0x100, NotFound = 2, NotDirectory = 20;
            const uint TypeModeAndOwner = 1 | 2 | 8;
            if (ReadStatus(CurrentDirectory, path, NoFollow, TypeModeAndOwner, out var status) == 0)
                return new(status.User, (FileKind)(status.Mode & 0xF000), (UnixFileMode)(status.Mode & 0xFFF));
            var error = Marshal.GetLastPInvokeError();
            return error is NotFound or NotDirectory ? null
                : throw new IOException($"{path} cannot be examined: {Marshal.GetPInvokeErrorMessage(error)}");
        }
    }

    /// <summary><c>struct statx</c>, which is laid out alike on every processor, unlike <c>struct stat</c>.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatusBuffer
    {
        [FieldOffset(20)]
        public uint User;
        [FieldOffset(28)]
        public ushort Mode;
    }
}
