using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Xunit;

namespace GraphCompiler.Aot.Tests;

/// <summary>Builds that end early leave nothing behind, and those that end well leave one build's files.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class InterruptedBuildTests : IDisposable
{
    private const int Interrupt = 2, Kill = 9, Terminate = 15;
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(2);
    private readonly string _folder = Directory.CreateTempSubdirectory("graphc").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Out => Path.Combine(_folder, "out");

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int process, int signal);

    private static string[] Arguments(string output, string targets = "x86-64-v2", string emit = "obj,shared,header") =>
        [Path.Combine(AppContext.BaseDirectory, "graphc.dll"), "build", typeof(Models).Assembly.Location, "--model", "digits",
            "--out", output, "--target", targets, "--emit", emit, "--threads", "1"];

    private static (int ExitCode, string Output) Build(
        string output, string cc = "", string targets = "x86-64-v2", string emit = "obj,shared,header")
    {
        using var process = BuiltModel.Start("dotnet", Arguments(output, targets, emit), ("CC", cc));
        return BuiltModel.Finish(process);
    }

    private string Script(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, "#!/bin/sh\n" + text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private string[] Entries() => [.. Directory.GetFileSystemEntries(Out).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    /// <summary>A build whose linker writes its id and a temporary file, and then sleeps.</summary>
    private (Process Build, int Linker) StartSleeping()
    {
        var id = Path.Combine(_folder, "linker");
        var slow = Script("slow", $"touch \"$TMPDIR/of-the-linker\"\necho $$ > {id}.new\nmv {id}.new {id}\nexec sleep 600\n");
        // A shell that starts the tests in its background has SIGINT ignored, which processes inherit.
        var build = BuiltModel.Start("env", ["--default-signal=INT,TERM", "dotnet", .. Arguments(Out)], ("CC", slow));
        for (var start = Stopwatch.GetTimestamp(); !File.Exists(id); Thread.Sleep(10))
            Assert.True(!build.HasExited && Stopwatch.GetElapsedTime(start) < s_longest, "the linker was not started");
        return (build, int.Parse(File.ReadAllText(id), CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData(Interrupt)]
    [InlineData(Terminate)]
    public void A_signal_removes_what_was_written_and_ends_the_linker(int signal)
    {
        var (build, linker) = StartSleeping();
        using (build)
        {
            Assert.Single(Entries()); // The private folder, which also has what the linker wrote.
            Assert.True(File.Exists(Path.Combine(Out, Entries()[0], "of-the-linker")));
            Assert.Equal(0, Send(build.Id, signal));
            Assert.NotEqual(0, BuiltModel.Finish(build).ExitCode);
        }
        Assert.Empty(Entries());
        Assert.NotEqual(0, Send(linker, 0)); // There is no such process.
    }

    [Fact]
    public void What_a_killed_build_left_is_removed_when_it_is_old()
    {
        var (build, linker) = StartSleeping();
        using (build)
        {
            Assert.Equal(0, Send(build.Id, Kill));
            build.WaitForExit();
        }
        Assert.Equal(0, Send(linker, Kill));
        var left = Path.Combine(Out, Assert.Single(Entries()));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(left));
        // Young: it may be of a build that runs beside this one. What only looks alike is somebody else's.
        Directory.CreateDirectory(Path.Combine(Out, ".graphc-mine"));
        Directory.SetLastWriteTimeUtc(Path.Combine(Out, ".graphc-mine"), DateTime.UtcNow.AddDays(-1));
        Assert.Equal(0, Build(Out, emit: "obj").ExitCode);
        Assert.True(Directory.Exists(left));
        Directory.SetLastWriteTimeUtc(left, DateTime.UtcNow.AddHours(-2));
        Assert.Equal(0, Build(Out, emit: "obj").ExitCode);
        Assert.Equal([".graphc-mine", "digits.json", "digits.o"], Entries());
    }

    [Fact]
    public void Files_of_earlier_builds_do_not_stay()
    {
        Assert.Equal(0, Build(Out, targets: "x86-64-v2,x86-64-v3", emit: "obj,asm,header").ExitCode);
        File.WriteAllText(Path.Combine(Out, "notes.o"), "the user's");
        Assert.Equal(["digits.h", "digits.json", "digits.x86-64-v2.o", "digits.x86-64-v2.s", "digits.x86-64-v3.o", "digits.x86-64-v3.s",
            "notes.o"], Entries());
        Assert.Equal(0, Build(Out, targets: "x86-64-v3", emit: "obj").ExitCode);
        Assert.Equal(["digits.json", "digits.o", "notes.o"], Entries());
        // An interrupted build may have moved files that no manifest lists.
        File.WriteAllText(Path.Combine(Out, "digits.x86-64-v4.o"), "");
        File.WriteAllText(Path.Combine(Out, "digits.json"), "{");
        Assert.Equal(0, Build(Out, targets: "x86-64-v3", emit: "obj").ExitCode);
        Assert.Equal(["digits.json", "digits.o", "notes.o"], Entries());
    }

    [Fact]
    public void A_failing_linker_a_full_disk_and_a_missing_linker_have_codes_of_their_own()
    {
        void Fails(string code, string cc)
        {
            var (exit, output) = Build(Out, cc);
            Assert.True(exit == 2 && output.Contains($"error {code}: ", StringComparison.Ordinal), output);
            Assert.Empty(Entries());
        }
        Fails("SGC7101", Path.Combine(_folder, "no-such-compiler"));
        Fails("SGC7101", "''");
        Fails("SGC7110", Script("broken", "echo 'undefined reference' >&2; exit 1\n"));
        Fails("SGC7111", Script("full", "echo '/usr/bin/ld: final link failed: No space left on device' >&2; exit 1\n"));
    }

    /// <summary>A small file system, where the tests may mount one: the compiler's own files and the linker's do not fit.</summary>
    [Fact]
    public void A_disk_that_is_really_full_has_its_code()
    {
        foreach (var size in (string[])["16k", "96k"])
        {
            var small = Directory.CreateDirectory(Path.Combine(_folder, $"small{size}")).FullName;
            // Without the right to mount, the script that stands in for a linker on a full disk has to do.
            if (BuiltModel.Run("mount", "-t", "tmpfs", "-o", $"size={size}", "none", small).ExitCode != 0) return;
            try
            {
                var (exit, output) = Build(Path.Combine(small, "out"));
                Assert.True(exit == 2 && output.Contains("error SGC7111: ", StringComparison.Ordinal), $"{size}: {exit} {output}");
                Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(small, "out")));
            }
            finally
            {
                Assert.Equal(0, BuiltModel.Run("umount", small).ExitCode);
            }
        }
    }

    [Fact]
    public void CC_has_arguments()
    {
        Assert.Equal(0, Build(Out, "gcc -m64").ExitCode);
        var strict = Build(Out, "gcc -Wall -Wextra -Werror"); // The library's own source is free of warnings.
        Assert.True(strict.ExitCode == 0, strict.Output);
        var wrapper = Script("with blank", "exec gcc \"$@\"\n");
        Assert.Equal(0, Build(Out, $"'{wrapper}' -m64 -DX=\"1 2\"").ExitCode);
    }

    [Theory]
    [InlineData("gcc", "gcc")]
    [InlineData("  gcc   -m64\t-O1 ", "gcc|-m64|-O1")]
    [InlineData("'/opt/my tools/cc' -m64", "/opt/my tools/cc|-m64")]
    [InlineData("\"/opt/my \\\"tools\\\"/cc\"", "/opt/my \"tools\"/cc")]
    [InlineData("my\\ cc -D'A=\"b c\"'", "my cc|-DA=\"b c\"")]
    [InlineData("cc ''", "cc|")]
    public void A_command_line_has_words(string line, string expected) => Assert.Equal(expected, string.Join('|', Linker.Words(line)));
}
