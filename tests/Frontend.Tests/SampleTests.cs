using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Frontend.Tests;

/// <summary>The Digits sample as a program: what it prints, writes and returns.</summary>
[Trait("Category", "AnyLevel")]
public sealed class SampleTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("digits").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (int ExitCode, string Output, string Error) Run(params string[] arguments)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Digits.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    [Fact]
    public void Digits_are_learned_and_the_compiled_losses_are_the_tapes()
    {
        var json = Path.Combine(_folder, "digits.json");
        var html = Path.Combine(_folder, "new", "digits.html");
        var (exitCode, output, error) = Run("--json", json, "--html", html);
        Assert.True(exitCode == 0, output + error);
        Assert.Contains($"curves, mistakes and times: {html}", output, StringComparison.Ordinal);
        Assert.Contains("epoch   5  loss ", output, StringComparison.Ordinal); // Lines, where there is no terminal.
        CheckPage(File.ReadAllText(html));
        using var document = JsonDocument.Parse(File.ReadAllText(json));
        var root = document.RootElement;
        Assert.Equal(["accuracy", "epochs", "compile_ms", "compiled_us_per_step", "tape_us_per_step", "max_loss_difference"],
            root.EnumerateObject().Select(p => p.Name));
        Assert.InRange(root.GetProperty("accuracy").GetDouble(), 0.97, 1);
        Assert.InRange(root.GetProperty("max_loss_difference").GetDouble(), 0, 1e-4);
        Assert.All(root.EnumerateObject().Skip(1).Take(4), p => Assert.True(p.Value.GetDouble() > 0, p.ToString()));
    }

    // 359 digits are held out: the matrix counts each once, and the figures of the page are as many as it says.
    private static void CheckPage(string page)
    {
        var counts = Regex.Matches(page, "<td class=\"(right|wrong)\" [^>]*>([0-9]+)</td>");
        int Sum(string kind) => counts.Where(m => m.Groups[1].Value == kind).Sum(m => int.Parse(m.Groups[2].Value));
        Assert.Equal(359, Sum("right") + Sum("wrong"));
        Assert.InRange(Sum("right"), 0.97 * 359, 359);
        Assert.Equal(Sum("wrong"), Regex.Count(page, "<figure class=\"wrong\">"));
        Assert.Equal(40, Regex.Count(page, "<figure "));
        Assert.DoesNotContain("http", page, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_program_of_the_readme_is_the_sample() => Assert.Contains(
        $"```csharp\n{File.ReadAllText(SourceTree.PathOf("samples", "Circle.cs"))}```", File.ReadAllText(SourceTree.PathOf("README.md")),
        StringComparison.Ordinal);

    [Fact]
    public void The_chain_rule_agrees_with_the_derivations()
    {
        var (exitCode, output, error) = Run("chainrule");
        Assert.True(exitCode == 0, output + error);
        Assert.Contains("All gradients agree with those derived by hand.", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_samples_on_derivatives_agree_with_the_derivations()
    {
        var (exitCode, output, error) = Run("derivatives");
        Assert.True(exitCode == 0, output + error);
        Assert.Contains("All derivatives agree with those derived by hand.", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_data_folder_is_said_with_its_code()
    {
        var missing = Path.Combine(_folder, "nowhere");
        var (exitCode, output, error) = Run("mnist", "--data", missing);
        Assert.NotEqual(0, exitCode);
        Assert.Contains("SGC", output + error, StringComparison.Ordinal);
        Assert.Contains(missing, output + error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output + error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_argument_is_refused()
    {
        var (exitCode, output, error) = Run("--nonsense");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("--nonsense", output + error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output + error, StringComparison.Ordinal);
    }
}
