using System.Runtime.Versioning;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>What others put into a cache, or before it, never runs; and what a disk does to it never hurts.</summary>
// What asks for modes is skipped there.
[UnsupportedOSPlatform("windows")]
public sealed class ObjectCacheTrustTests : IDisposable
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly byte[][] s_planted = [[6, 6, 6]], s_own = [[1, 2], []];
    private readonly string _home = Directory.CreateTempSubdirectory("home").FullName;
    private readonly WarningLog _log = new();

    private string Folder => Path.Combine(_home, ".cache", "objects");

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [LinuxFact]
    public void The_folder_and_its_entries_are_for_the_user_alone()
    {
        New().FindOrAdd("a", () => s_own);
        Assert.Equal(Owner | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(Folder)!));
        Assert.Equal(Owner | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
        Assert.Equal(Owner, File.GetUnixFileMode(Entry("a")));
        Assert.Empty(_log.Warnings);
    }

    [RootFact]
    public void An_entry_of_another_user_is_replaced()
    {
        Plant();
        UnixFiles.GiveTo(UnixFiles.Nobody, Entry("a"));
        AssertReplaced("belongs to user 65534");
    }

    [LinuxFact]
    public void An_entry_that_others_may_write_is_replaced()
    {
        Plant();
        File.SetUnixFileMode(Entry("a"), Owner | UnixFileMode.GroupWrite);
        AssertReplaced("may be written by other users");
    }

    [LinuxFact]
    public void An_entry_that_is_a_link_is_replaced_and_what_it_names_is_left_alone()
    {
        Plant();
        var elsewhere = Path.Combine(_home, "elsewhere");
        File.Move(Entry("a"), elsewhere);
        var before = File.ReadAllBytes(elsewhere);
        File.CreateSymbolicLink(Entry("a"), elsewhere);
        AssertReplaced("is not a regular file");
        Assert.Null(new FileInfo(Entry("a")).LinkTarget);
        Assert.Equal(before, File.ReadAllBytes(elsewhere));
    }

    [LinuxFact]
    public async Task An_entry_that_is_a_FIFO_blocks_nobody()
    {
        Directory.CreateDirectory(Folder);
        UnixFiles.MakeFifo(Entry("a"));
        var found = Task.Run(() => AssertReplaced("is not a regular file"));
        try
        {
            await found.WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (TimeoutException)
        {
            // Lets the reader go on, so that the failure is reported.
            await File.WriteAllBytesAsync(Entry("a"), []);
            throw;
        }
    }

    [LinuxFact]
    public void A_folder_in_place_of_an_entry_costs_nothing_but_time()
    {
        Directory.CreateDirectory(Path.Combine(Entry("a"), "full"));
        Assert.Equal(s_own, New().FindOrAdd("a", () => s_own));
        Assert.Empty(Directory.GetFiles(Folder));
    }

    [RootFact]
    public void A_folder_of_another_user_is_not_used()
    {
        Plant();
        UnixFiles.GiveTo(UnixFiles.Nobody, Folder);
        AssertNotUsed("belongs to user 65534");
    }

    [RootFact]
    public void A_home_of_another_user_is_not_used()
    {
        Plant();
        UnixFiles.GiveTo(UnixFiles.Nobody, _home);
        AssertNotUsed($"{_home} belongs to user 65534");
    }

    [RootFact]
    public void Nothing_is_made_in_the_home_of_another_user()
    {
        UnixFiles.GiveTo(UnixFiles.Nobody, _home);
        Assert.Equal(s_own, New().FindOrAdd("a", () => s_own));
        Assert.Empty(Directory.GetFileSystemEntries(_home));
    }

    [LinuxFact]
    public void A_folder_that_others_may_write_is_not_used()
    {
        Plant();
        foreach (var others in new[] { UnixFileMode.GroupWrite, UnixFileMode.OtherWrite, UnixFileMode.OtherWrite | UnixFileMode.StickyBit })
        {
            File.SetUnixFileMode(Folder, Owner | UnixFileMode.UserExecute | others);
            AssertNotUsed("may be written by other users");
        }
    }

    [LinuxFact]
    public void A_folder_that_others_may_replace_is_not_used()
    {
        Plant();
        File.SetUnixFileMode(_home, Owner | UnixFileMode.UserExecute | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute);
        AssertNotUsed($"{_home} may be written by other users");
        // In a sticky folder nobody replaces what is another's.
        File.SetUnixFileMode(_home, File.GetUnixFileMode(_home) | UnixFileMode.StickyBit);
        Assert.Equal(s_planted, New().FindOrAdd("a", () => s_own));
    }

    [LinuxFact]
    public void A_folder_that_is_a_link_is_not_used()
    {
        Plant();
        Directory.Move(Folder, Folder + "2");
        Directory.CreateSymbolicLink(Folder, Folder + "2");
        AssertNotUsed("is a symbolic link");
    }

    [LinuxFact]
    public void The_users_own_links_on_the_way_to_the_folder_are_followed()
    {
        Plant();
        Directory.Move(Path.Combine(_home, ".cache"), Path.Combine(_home, "scratch"));
        Directory.CreateSymbolicLink(Path.Combine(_home, "a"), $"../{Path.GetFileName(_home)}/./scratch");
        Directory.CreateSymbolicLink(Path.Combine(_home, ".cache"), Path.Combine(_home, "a"));
        Assert.Equal(s_planted, New().FindOrAdd("a", () => s_own));
        Assert.Empty(_log.Warnings);
    }

    [RootFact]
    public void Links_of_another_user_on_the_way_to_the_folder_are_not_followed()
    {
        Plant();
        Directory.Move(Path.Combine(_home, ".cache"), Path.Combine(_home, "scratch"));
        Directory.CreateSymbolicLink(Path.Combine(_home, ".cache"), "scratch");
        UnixFiles.GiveTo(UnixFiles.Nobody, Path.Combine(_home, ".cache"));
        AssertNotUsed("belongs to user 65534");
    }

    [LinuxFact]
    public void A_circle_of_links_ends()
    {
        Directory.CreateSymbolicLink(Path.Combine(_home, ".cache"), ".cache");
        Assert.Equal(s_own, New().FindOrAdd("a", () => s_own));
        Assert.Contains(_log.Warnings, w => w.Contains("too many symbolic links", StringComparison.Ordinal));
    }

    [Fact]
    public void An_entry_copied_over_another_is_replaced()
    {
        New().FindOrAdd("other", () => s_planted);
        File.Copy(Entry("other"), Entry("a"));
        Assert.Equal(s_own, New().FindOrAdd("a", () => s_own));
        Assert.Equal(s_own, New().FindOrAdd("a", () => throw new InvalidOperationException("compiled again")));
    }

    [Theory]
    [InlineData(new int[0])]
    [InlineData(new[] { -1 })]
    [InlineData(new[] { int.MaxValue })]
    [InlineData(new[] { 1, -1 })]
    [InlineData(new[] { 1, int.MaxValue })]
    [InlineData(new[] { 1, 4 })]
    [InlineData(new[] { 1, 0, 0 })]
    public void A_valid_hash_of_what_no_entry_holds_is_replaced(int[] numbers)
    {
        byte[] bytes = [1, (byte)'a', .. numbers.SelectMany(BitConverter.GetBytes)];
        Directory.CreateDirectory(Folder);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Folder, Owner | UnixFileMode.UserExecute);
        File.WriteAllBytes(Entry("a"), [.. SHA256.HashData(bytes), .. bytes]);
        Assert.Equal(s_own, New().FindOrAdd("a", () => s_own));
        Assert.Equal(s_own, New().FindOrAdd("a", () => throw new InvalidOperationException("compiled again")));
    }

    [Fact]
    public void Objects_that_the_linker_refuses_are_replaced()
    {
        var good = MaskedAdd.With(TargetInfo.Create(), 4, module => Jit.CompileToObject(module, TargetInfo.Create()));
        foreach (var garbage in new byte[][] { [1, 2, 3, 4], [], good[..(good.Length / 2)], [.. good.AsSpan(0, 64), .. new byte[64]] })
        {
            Plant([garbage]);
            using var code = New().FindOrAdd("a", () => [good], Link);
            Assert.Equal([good], New().FindOrAdd("a", () => throw new InvalidOperationException("compiled again")));
        }
    }

    [Fact]
    public void What_was_just_compiled_and_does_not_link_is_an_error_and_not_kept()
    {
        Assert.Equal("SGC4003", Assert.Throws<BackendException>(() => New().FindOrAdd("a", () => [[1, 2, 3, 4]], Link)).Code);
        Assert.False(Directory.Exists(Folder));
    }

    [LinuxFact]
    public void A_cache_that_cannot_be_written_hits()
    {
        Plant();
        const UnixFileMode Read = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        const UnixFileMode Enter = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        foreach (var folder in new[] { _home, Path.GetDirectoryName(Folder)!, Folder }) File.SetUnixFileMode(folder, Read | Enter);
        File.SetUnixFileMode(Entry("a"), Read);
        UnixFiles.WithoutRights(() =>
        {
            Assert.Equal(s_planted, New().FindOrAdd("a", () => s_own));
            Assert.Equal(s_own, New().FindOrAdd("b", () => s_own));
        });
        foreach (var folder in new[] { Folder, Path.GetDirectoryName(Folder)!, _home })
            File.SetUnixFileMode(folder, Owner | UnixFileMode.UserExecute);
        Assert.Single(Directory.GetFiles(Folder));
    }

    [RootFact]
    public void A_full_disk_leaves_no_temporary_files()
    {
        Directory.CreateDirectory(Folder);
        // Containers may forbid it; a folder instead of an entry fails at the same call.
        if (!UnixFiles.TryMountSmall(Folder)) return;
        try
        {
            byte[][] large = [new byte[1 << 20]];
            Assert.Equal(large, New().FindOrAdd("a", () => large));
            Assert.Empty(Directory.GetFiles(Folder));
            New().FindOrAdd("b", () => s_own);
            Assert.Equal(s_own, New().FindOrAdd("b", () => throw new InvalidOperationException("compiled again")));
        }
        finally
        {
            UnixFiles.Unmount(Folder);
        }
    }

    [Fact]
    public void Temporary_files_of_stopped_processes_are_removed_and_those_of_running_ones_are_not()
    {
        Plant();
        var (old, recent) = (Entry("b") + ".0123", Entry("b") + ".4567");
        foreach (var file in new[] { old, recent, Path.Combine(Folder, "notes.txt") }) File.WriteAllBytes(file, [1]);
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-2));
        File.SetLastWriteTimeUtc(Path.Combine(Folder, "notes.txt"), DateTime.UtcNow.AddHours(-2));
        New().FindOrAdd("c", () => s_own);
        var left = Directory.GetFiles(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal);
        Assert.Equal(["a.objects", "b.objects.4567", "c.objects", "notes.txt"], left);
    }

    private static LoadedCode Link(byte[][] objects)
    {
        var code = Jit.Load(objects);
        try
        {
            code.Symbol(MaskedAdd.Symbol);
            return code;
        }
        catch
        {
            code.Dispose();
            throw;
        }
    }

    private ObjectCache New() => new(Folder, _log);

    private string Entry(string key) => Path.Combine(Folder, key + ".objects");

    // A whole entry of the key "a", as an attacker would make it.
    private void Plant(byte[][]? objects = null)
    {
        if (File.Exists(Entry("a"))) File.Delete(Entry("a"));
        New().FindOrAdd("a", () => objects ?? s_planted);
    }

    private void AssertReplaced(string reason)
    {
        Assert.Equal(s_own, New().FindOrAdd("a", () => s_own));
        Assert.Contains(_log.Warnings, w => w.Contains(reason, StringComparison.Ordinal));
        Assert.Equal(s_own, New().FindOrAdd("a", () => throw new InvalidOperationException("compiled again")));
    }

    private void AssertNotUsed(string reason)
    {
        var before = Directory.GetFiles(Folder);
        Assert.Equal(s_own, New().FindOrAdd("a", () => s_own));
        Assert.Equal([[7]], New().FindOrAdd("a", () => [[7]]));
        Assert.Contains(_log.Warnings, w => w.Contains(reason, StringComparison.Ordinal));
        Assert.Equal(before, Directory.GetFiles(Folder));
    }

    private sealed class WarningLog : ILogger
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning) Warnings.Add(formatter(state, exception));
        }
    }
}
