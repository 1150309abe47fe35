using System.Collections.Immutable;
using System.Globalization;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.Passes;

namespace GraphCompiler.Passes.Tests;

/// <summary>A failed filetest: what differs, in the words of the file.</summary>
public sealed class FileTestException(string message) : Exception(message);

/// <summary>One text file of functions with commands and expectations; the format is in tests/filetests/README.md.</summary>
public sealed class FileTest
{
    private const string ExpectMark = "// expect:", RunMark = "// run:", ErrorMark = "// error:", TestMark = "// test:";
    private readonly string[] _lines;
    private readonly string? _expected;
    private readonly string _file;

    /// <summary>Reads the parts of a file's text.</summary>
    public FileTest(string text, string file)
    {
        _file = file;
        _lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        if (!_lines[0].StartsWith(TestMark, StringComparison.Ordinal))
            throw new FileTestException($"the first line must be \"{TestMark} commands\"");
        Commands = FileTestSyntax.Split(_lines[0][TestMark.Length..], ',');
        var expect = Array.FindIndex(_lines, l => l.StartsWith(ExpectMark, StringComparison.Ordinal));
        if (expect < 0) return;
        _expected = string.Join('\n', _lines[(expect + 1)..].Select(Uncomment)) + "\n";
        _lines = _lines[..expect];
    }

    /// <summary>What is done, in order.</summary>
    public IReadOnlyList<string> Commands { get; }

    /// <summary>Runs every command.</summary>
    /// <param name="executors">What evaluates a function, besides the interpreter.</param>
    /// <param name="bless">Whether to take the output as expected instead of comparing.</param>
    /// <returns>The file's text as it should be: the same, or blessed.</returns>
    /// <exception cref="FileTestException">An expectation does not hold.</exception>
    public string Run(IEnumerable<Func<Function, Literal[], Literal[]?>> executors, bool bless = false)
    {
        var functions = new List<Function>();
        foreach (var (source, error) in Chunks())
        {
            if (error is null) functions.AddRange(Transform(IrParser.ParseModule(source, _file)));
            else ExpectError(() => Transform(IrParser.ParseModule(source, _file)), error.Value);
        }
        var printed = Commands.FirstOrDefault(IsPlan) is { } plan
            ? string.Join('\n', functions.Select(f => Plan(f, plan))) : IrPrinter.Print(functions);
        if (Commands.Contains("run")) RunLines(functions, executors);
        if (IsPrinted && !bless && _expected is null && !HasErrors)
            throw new FileTestException("there is no \"// expect:\" block; SGC_BLESS=1 writes it");
        if (bless && (_expected is not null || (Passes.Any() && !HasErrors))) return Blessed(printed);
        if (_expected is not null) FileTestSyntax.Compare(_expected, printed, "the printed functions");
        else if (Commands.Contains("roundtrip")) FileTestSyntax.Compare(SourceCode(), WithoutBlankLines(printed), "the source");
        return Blessed(null);
    }

    private IEnumerable<string> Passes => Commands.Where(c => c is not ("roundtrip" or "verify" or "run") && !IsPlan(c));

    private static bool IsPlan(string command) => command == "plan" || command.StartsWith("plan(", StringComparison.Ordinal);

    // A small imagined target, the same on every machine: two workers, 256-bit vectors.
    private static string Plan(Function function, string command)
    {
        var arguments = FileTestSyntax.ParsePass(command).Arguments;
        var donated = arguments.TryGetValue("donated", out var text)
            ? [.. text.Trim('[', ']').Split(',').Select(n => int.Parse(n, CultureInfo.InvariantCulture))]
            : Enumerable.Repeat(-1, function.Results.Length).ToImmutableArray();
        var work = arguments.TryGetValue("parallel", out var least) ? double.Parse(least, CultureInfo.InvariantCulture)
            : LowerToLoops.ParallelWork;
        var claimed = arguments.TryGetValue("claimed", out least) ? double.Parse(least, CultureInfo.InvariantCulture)
            : LowerToLoops.ClaimedWork;
        var algorithm = arguments.TryGetValue("convolutions", out var name) ? Enum.Parse<ConvolutionAlgorithm>(name)
            : ConvolutionAlgorithm.ByCost;
        var program = LowerToLoops.Lower(
            function, donated, new TargetTraits(32, 16, 32 << 10, 512 << 10, 2), work, verifies: true, algorithm, claimedWork: claimed);
        var kernels = arguments.GetValueOrDefault("kernels") == "all" ? program.Calls.Select(c => LoopPrinter.Print(c.Kernel)) : [];
        return string.Concat([LoopPrinter.Print(program), .. kernels]);
    }

    private bool IsPrinted => Passes.Any() || Commands.Any(IsPlan);

    private bool HasErrors => _lines.Any(l => l.Contains(ErrorMark, StringComparison.Ordinal));

    private List<Function> Transform(IEnumerable<Function> functions)
    {
        var results = new List<Function>();
        foreach (var source in functions)
        {
            var function = source;
            Verifier.Verify(function);
            foreach (var command in Passes)
            {
                var (name, arguments) = FileTestSyntax.ParsePass(command);
                function = PassRegistry.Create(name, arguments).Run(function, new PassContext());
                Verifier.Verify(function);
            }
            if (Commands.Contains("roundtrip")) RoundTrip(function);
            results.Add(function);
        }
        return results;
    }

    private static void RoundTrip(Function function)
    {
        var printed = IrPrinter.Print(function);
        FileTestSyntax.Compare(printed, IrPrinter.Print(IrParser.ParseFunction(printed)), "the text printed, parsed and printed again");
    }

    // A file may hold several negatives, so each function is parsed alone, with empty lines before it to keep its line numbers.
    private IEnumerable<(string Source, (int Line, string Text)? Error)> Chunks()
    {
        var starts = Enumerable.Range(0, _lines.Length).Where(i => _lines[i].StartsWith("func ", StringComparison.Ordinal)).ToList();
        if (!HasErrors || starts.Count == 0) starts = [0];
        for (var i = 0; i < starts.Count; i++)
        {
            var (from, to) = (i == 0 ? 0 : starts[i], i + 1 < starts.Count ? starts[i + 1] : _lines.Length);
            var error = Array.FindIndex(_lines, from, to - from, l => l.Contains(ErrorMark, StringComparison.Ordinal));
            var source = new string('\n', from) + string.Join('\n', _lines[from..to]);
            yield return (source, error < 0 ? null : (error + 1, _lines[error].Split(ErrorMark)[1].Trim()));
        }
    }

    private static void ExpectError(Action action, (int Line, string Text) expected)
    {
        try
        {
            action();
        }
        catch (GraphException e)
        {
            var first = e.Diagnostics[0];
            var (code, text) = (expected.Text.Split(' ')[0], expected.Text[expected.Text.Split(' ')[0].Length..].Trim());
            if (first.CodeText != code || first.Location.Line != expected.Line
                || !first.ToString().Contains(text, StringComparison.Ordinal))
                throw new FileTestException(
                    $"line {expected.Line} should raise {expected.Text}\nbut line {first.Location.Line} raises {first}");
            return;
        }
        throw new FileTestException($"line {expected.Line} should raise {expected.Text}, but nothing was raised");
    }

    private void RunLines(List<Function> functions, IEnumerable<Func<Function, Literal[], Literal[]?>> executors)
    {
        var lines = _lines.Where(l => l.StartsWith(RunMark, StringComparison.Ordinal)).ToList();
        if (lines.Count == 0) throw new FileTestException($"the command run needs a line \"{RunMark} @f(…) ~= …\"");
        foreach (var line in lines)
        {
            var run = RunLine.Parse(line[RunMark.Length..]);
            var function = functions.FirstOrDefault(f => f.Name == run.Function)
                ?? throw new FileTestException($"there is no @{run.Function}: {line}");
            var arguments = run.ArgumentsFor(function);
            run.Check(function, ReferenceInterpreter.Run(function, arguments), "the interpreter");
            foreach (var (i, execute) in executors.Index())
                if (execute(function, arguments) is { } results) run.Check(function, results, $"executor {i}");
        }
    }

    private string SourceCode() =>
        WithoutBlankLines(string.Join('\n', _lines.Select(l =>
            l.Contains("//", StringComparison.Ordinal) ? l[..l.IndexOf("//", StringComparison.Ordinal)].TrimEnd() : l)));

    private static string WithoutBlankLines(string text) =>
        string.Join('\n', text.Split('\n').Where(l => l.Length > 0)) + "\n";

    private string Blessed(string? printed)
    {
        var source = string.Join('\n', _lines).TrimEnd('\n') + "\n";
        var block = printed ?? _expected;
        if (block is null) return source;
        var comment = string.Join('\n', block.TrimEnd('\n').Split('\n').Select(l => l.Length == 0 ? "//" : $"// {l}"));
        return string.Create(CultureInfo.InvariantCulture, $"{source}{ExpectMark}\n{comment}\n");
    }

    private static string Uncomment(string line) =>
        line.StartsWith("// ", StringComparison.Ordinal) ? line[3..]
        : line == "//" ? ""
        : throw new FileTestException($"after \"{ExpectMark}\" every line begins with \"// \": {line}");
}
