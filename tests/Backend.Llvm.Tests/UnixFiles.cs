using System.Runtime.InteropServices;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>What another user or a careless one does to files.</summary>
internal static partial class UnixFiles
{
    /// <summary>The user "nobody", who owns nothing else.</summary>
    public const uint Nobody = 65534;

    public static bool IsRoot => OperatingSystem.IsLinux() && GetEffectiveUser() == 0;

    public static void GiveTo(uint user, string path) => Require(ChangeOwner(path, user, user));

    public static void MakeFifo(string path) => Require(MakeFifo(path, 0x180));

    /// <summary>Runs with another user's rights to files, if root runs the tests; on a thread of its own, which alone has them.</summary>
    public static void WithoutRights(Action action) => OtherThread.Run(() =>
    {
        // It returns the user before.
        if (IsRoot) Assert.Equal(0, SetFileUser(Nobody));
        action();
    });

    /// <summary>A file system of 64 KiB, or false if this process may not mount one.</summary>
    public static bool TryMountSmall(string path) => Mount("none", path, "tmpfs", 0, "size=64k,mode=0700") == 0;

    public static void Unmount(string path) => Require(RemoveMount(path));

    private static void Require(int result)
    {
        if (result != 0) throw new IOException(Marshal.GetLastPInvokeErrorMessage());
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUser();

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetFileUser(uint user);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "mkfifo", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeFifo(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, nuint flags, string data);

    [LibraryImport("libc", EntryPoint = "umount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RemoveMount(string target);
}

/// <summary>A test that needs Linux's owners and modes.</summary>
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute()
    {
        if (!OperatingSystem.IsLinux()) Skip = "owners and modes are examined on Linux";
    }
}

/// <summary>A test in which a second user takes part.</summary>
internal sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (!UnixFiles.IsRoot) Skip = "only root can give files to another user";
    }
}
