using System.Text.RegularExpressions;
using Xunit;

namespace GraphCompiler.Aot.Tests;

/// <summary>graphc as a process: every command line ends with an exit code that its help promises, and with an error code if it
/// fails.</summary>
public sealed partial class CommandLineTests : IDisposable
{
    private static readonly string s_models = typeof(Models).Assembly.Location;
    private readonly string _folder = Directory.CreateTempSubdirectory("graphc").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (int ExitCode, string Output) Graphc(params string[] arguments) =>
        BuiltModel.Run("dotnet", [Path.Combine(AppContext.BaseDirectory, "graphc.dll"), .. arguments]);

    private void Fails(int exitCode, string code, params string[] arguments)
    {
        var line = arguments.Select(a =>
            a.Replace("MODELS", s_models, StringComparison.Ordinal).Replace("DIR", _folder, StringComparison.Ordinal));
        var (found, output) = Graphc([.. line]);
        Assert.True(found == exitCode, $"exit code {found}: {output}");
        Assert.True(ErrorLine().Matches(output).Any(m => m.Groups[1].Value == code), output);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("8193")]
    [InlineData("99999999999999999999")]
    public void Numbers_out_of_range_are_errors_of_the_command_line(string number)
    {
        Fails(1, "SGC7001", "build", "MODELS", "--model", "digits", "--out", "DIR", "--threads", number);
        if (number != "8193") Fails(1, "SGC7001", "profile", "MODELS", "--model", "digits", "--steps", number);
    }

    [Fact]
    public void Empty_and_missing_arguments_are_errors_of_the_command_line()
    {
        string[] build = ["build", "MODELS", "--model", "digits", "--out", "DIR"];
        foreach (var option in new[] { "--target", "--emit" })
            foreach (var value in new[] { "", " ", "," })
                Fails(1, "SGC7001", [.. build, option, value]);
        Fails(1, "SGC7001", "profile", "MODELS", "--model", "digits", "--trace", "");
        Fails(1, "SGC7001", "build", "MODELS", "--model", "", "--out", "DIR");
        Fails(1, "SGC7001", "build", "MODELS", "--model", "digits", "--out", "");
        Fails(1, "SGC7001", "build", "MODELS", "--model", "digits");
        Fails(1, "SGC7001", [.. build, "--threads"]);
        foreach (var batch in new[] { "", "0", "64,,1", "4,4", "99999999999" }) Fails(1, "SGC7001", [.. build, "--batch", batch]);
        Fails(1, "SGC7001", "profile", "MODELS", "--model", "sized", "--batch", "2,1");
        foreach (var precision in new[] { "f16", "BF16", "" }) Fails(1, "SGC7001", [.. build, "--precision", precision]);
        Fails(1, "SGC7001", [.. build, "--wild"]);
        Fails(1, "SGC7001", "list", "");
        Fails(1, "SGC7001", "inspect", "");
        Fails(1, "SGC7001", "wild");
        Fails(1, "SGC7001");
    }

    [Fact]
    public void What_parses_and_cannot_be_done_has_a_code()
    {
        string[] build = ["build", "MODELS", "--model", "digits", "--out", "DIR"];
        Fails(2, "SGC4004", [.. build, "--target", "z80"]);
        Fails(2, "SGC7108", [.. build, "--emit", "pdf"]);
        Fails(2, "SGC7113", "build", "MODELS", "--model", "sized", "--out", "DIR");
        Fails(2, "SGC7113", [.. build, "--batch", "64,1"]);
        Fails(2, "SGC7103", "build", "MODELS", "--model", "wild", "--out", "DIR");
        Fails(2, "SGC7107", "build", "MODELS", "--model", "digits", "--out", "/proc/none");
        Fails(2, "SGC7102", "list", "DIR");
        Fails(2, "SGC7102", "list", "DIR/none.dll");
        Fails(2, "SGC6001", "inspect", "DIR");
        Fails(2, "SGC3002", "profile", "MODELS", "--model", "digits", "--steps", "1", "--threads", "1", "--trace", "DIR");
    }

    [Theory]
    [InlineData("bf16", true)]
    [InlineData("f32", false)]
    public void A_precision_reaches_the_code(string precision, bool isBf16)
    {
        var (code, output) = Graphc("build", s_models, "--model", "digits", "--out", _folder, "--emit", "llvm-ir", "--threads", "1",
            "--target", "x86-64-v3", "--precision", precision);
        Assert.True(code == 0, output);
        var ir = File.ReadAllText(Assert.Single(Directory.GetFiles(_folder, "*.ll")));
        Assert.Equal(isBf16, ir.Contains("bfloat", StringComparison.Ordinal));
        (code, output) = Graphc("profile", s_models, "--model", "digits", "--steps", "1", "--threads", "1", "--precision", precision);
        Assert.True(code == 0, output);
    }

    [Fact]
    public void Help_and_lists_succeed_and_name_the_exit_codes()
    {
        var (code, help) = Graphc("--help");
        Assert.Equal(0, code);
        foreach (var text in new[] { "0 done", "1 the command line is wrong", "2 another error with a code", "3 a bug of the compiler" })
            Assert.Contains(text, help, StringComparison.Ordinal);
        Assert.Equal(0, Graphc("build", "--help").ExitCode);
        Assert.Equal(0, Graphc("--version").ExitCode);
        Assert.Equal(0, Graphc("list", s_models).ExitCode);
    }

    [GeneratedRegex("^.*error (SGC[0-9]{4}): ", RegexOptions.Multiline)]
    private static partial Regex ErrorLine();
}
