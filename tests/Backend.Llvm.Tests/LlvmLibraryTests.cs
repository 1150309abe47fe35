using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

public sealed class LlvmLibraryTests
{
    private const string OldLibrary = "/usr/lib/x86_64-linux-gnu/libLLVM-14.so.1";
    private const string Absent = "/nowhere/libLLVM.so";

    [Fact]
    public void The_library_loads_once_and_has_the_required_major()
    {
        var version = LlvmLibrary.Load();
        Assert.Equal(LlvmLibrary.RequiredMajor, version.Major);
        Assert.Same(version, LlvmLibrary.Load());
    }

    [Fact]
    public void A_missing_library_is_SGC4001_and_lists_what_was_tried()
    {
        var error = Assert.Throws<BackendException>(() => LlvmLibrary.Open(null, [Absent, "libNoSuchLLVM.so"], out _));
        Assert.Equal("SGC4001", error.Code);
        Assert.StartsWith("error SGC4001: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(Absent, error.Message, StringComparison.Ordinal);
        Assert.Contains("libNoSuchLLVM.so", error.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get install libllvm19", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_configured_path_that_does_not_load_excludes_all_others()
    {
        var error = Assert.Throws<BackendException>(
            () => LlvmLibrary.Open(Absent, ["libLLVM-19.so.1", "libLLVM.so.19.1"], out _));
        Assert.Equal("SGC4001", error.Code);
        Assert.Contains($"GRAPHCOMPILER_LLVM names {Absent}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_of_another_major_is_SGC4002()
    {
        // Where the old library is not installed, the same call reports a missing file.
        var present = File.Exists(OldLibrary);
        var error = Assert.Throws<BackendException>(() => LlvmLibrary.Open(OldLibrary, [], out _));
        Assert.Equal(present ? "SGC4002" : "SGC4001", error.Code);
        Assert.Contains(OldLibrary, error.Message, StringComparison.Ordinal);
        if (present)
            Assert.Contains("found a version before 16, needed 19", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_not_LLVM_is_SGC4001()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var error = Assert.Throws<BackendException>(() => LlvmLibrary.Open("libc.so.6", [], out _));
        Assert.Equal("SGC4001", error.Code);
        Assert.Contains("not libLLVM", error.Message, StringComparison.Ordinal);
    }
}
