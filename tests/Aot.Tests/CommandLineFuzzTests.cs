using System.Reflection;
using System.Text.RegularExpressions;
using GraphCompiler.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace GraphCompiler.Aot.Tests;

/// <summary>Wild command lines of graphc, in this process: each ends with an exit code that --help promises, and with the code of an error
/// unless that is 0.</summary>
/// <remarks>SGC_EXHAUSTIVE=1 tries 5,000. SGC_SEED starts at another seed; a failure prints the line.</remarks>
public sealed partial class CommandLineFuzzTests(ITestOutputHelper output) : IDisposable
{
    private static readonly string s_models = typeof(Models).Assembly.Location;
    private static readonly string[] s_verbs =
        ["build", "build", "list", "inspect", "profile", "profile", "view", "", "wild", "[diagram]", "[suggest]", "@none", "--"];
    private static readonly string[] s_options =
        ["--model", "--out", "--target", "--emit", "--threads", "--steps", "--trace", "-v", "--help", "-?", "--version", "--wild",
            "--target="];
    private static readonly string[] s_wild =
        ["", " ", "\n", "a\0b", "-", "--", "-1", "0", "1", "1.5", "abc", "99999999999999999999", ",", ",,", "*", "größe", "\"", "%s", "{0}",
            "/dev/null", "/proc/none", "@", "@none", "/", "."];

    private readonly string _folder = Directory.CreateTempSubdirectory("graphc").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Wild_command_lines_end_with_the_exit_codes_of_the_help()
    {
        var lines = Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1" ? 5_000 : 400;
        var seed = Seed.Given ?? 1;
        var random = new Random(seed);
        File.WriteAllText(Path.Combine(_folder, "file"), "{}");
        var codes = new int[4];
        for (var i = 0; i < lines; i++)
        {
            var line = Line(random);
            var shown = $"seed {seed}, line {i}: graphc {string.Join(' ', line.Select(a => $"'{(a.Length < 80 ? a : a[..80])}'"))}";
            var (code, text) = Run(line, shown);
            Assert.True(code is >= 0 and <= 2, $"{shown}\nends with {code}: {text}");
            Assert.True(code == 0 || ErrorLine().IsMatch(text), $"{shown}\nends with {code} and has no code: {text}");
            Assert.True(code != 1 || text.Contains("SGC7001", StringComparison.Ordinal), $"{shown}\nends with 1: {text}");
            codes[code]++;
        }
        output.WriteLine($"seed {seed}: {codes[0]} lines ended with 0, {codes[1]} with 1, {codes[2]} with 2");
        Assert.All(codes[..3], count => Assert.True(count > lines / 100, "one of the exit codes was hardly met"));
    }

    private string[] Line(Random random)
    {
        var verb = s_verbs[random.Next(s_verbs.Length)];
        List<string> line = [verb];
        var file = Path.Combine(_folder, "file");
        if (random.Next(8) != 0) line.Add(verb == "inspect" ? Pick(random, file, _folder) : Pick(random, s_models, file));
        if (verb is "build" or "profile" or "view" && random.Next(8) != 0)
            line.AddRange(["--model", Pick(random, "digits", "failing", "twice", "odd-name")]);
        if (verb is "build" or "view" && random.Next(8) != 0) line.AddRange(["--out", Out(random)]);
        if (verb is "profile" or "view") line.AddRange(["--steps", Pick(random, "1", "2"), "--threads", Pick(random, "1", "2")]);
        for (var i = random.Next(0, 3); i > 0; i--) Option(random, line);
        return [.. line];
    }

    private void Option(Random random, List<string> line)
    {
        var option = s_options[random.Next(s_options.Length)];
        line.Add(option);
        if (option is "--out" or "--trace") line.Add(Out(random));
        else if (option == "--target") line.Add(Pick(random, "native", "x86-64-v2", "x86-64-v3,x86-64-v2", "z80"));
        else if (option == "--emit") line.Add(Pick(random, "ir", "obj,ir", "pdf", "header"));
        else if (random.Next(3) == 0) line.Add(s_wild[random.Next(s_wild.Length)]);
    }

    // Nothing is written but in the folder of the test.
    private string Out(Random random) => random.Next(8) switch
    {
        0 => "",
        1 => " ",
        2 => "/proc/none",
        3 => Path.Combine(_folder, "file"),
        4 => Path.Combine(_folder, "file", "x"),
        5 => Path.Combine(_folder, "a\0b"),
        6 => Path.Combine(_folder, new string('a', 300)),
        _ => Path.Combine(_folder, "größe \"1\""),
    };

    private static string Pick(Random random, params ReadOnlySpan<string> fitting) => random.Next(5) switch
    {
        0 => s_wild[random.Next(s_wild.Length)],
        1 when random.Next(4) == 0 => new string('a', 100_000),
        _ => fitting[random.Next(fitting.Length)],
    };

    private static (int Code, string Text) Run(string[] line, string shown)
    {
        var (standard, error) = (Console.Out, Console.Error);
        using var text = new StringWriter();
        Console.SetOut(text);
        Console.SetError(text);
        try
        {
            return ((int)s_main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [line], null)!, text.ToString());
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{shown}\nthrows", e);
        }
        finally
        {
            Console.SetOut(standard);
            Console.SetError(error);
        }
    }

    private static readonly MethodInfo s_main = Assembly.Load("graphc").EntryPoint!;

    [GeneratedRegex("error SGC[0-9]{4}: ")]
    private static partial Regex ErrorLine();
}
