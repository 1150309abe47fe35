using System.CommandLine;
using System.CommandLine.Invocation;
using System.Diagnostics;
using GraphCompiler.Aot;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.Cli;
using GraphCompiler.Frontend;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;
using Microsoft.Extensions.Logging;

const int MostSteps = 1_000_000_000;
const int MostRows = 1 << 24;
const string WrongCommandLine = "SGC7001";
const string FileError = "SGC7002";
var assembly = CommandLineArguments.File("MODELS.dll", "A .NET assembly with static methods marked [Model(\"name\")].");
var file = CommandLineArguments.File("FILE", "A manifest, NAME.json; its folder's files are checked against it.");
var name = CommandLineArguments.Text("--model", "The model to compile.", required: true);
var output = CommandLineArguments.Text("--out", "Folder for the files; made when missing.", required: true);
var target = CommandLineArguments.List("--target",
    "native, x86-64-v2, x86-64-v3, x86-64-v4; several with commas: the best is chosen at load.", "native");
var emit = CommandLineArguments.List("--emit",
    $"What to write, with commas: {string.Join(", ", ArtefactWriter.Kinds)}. The manifest is always written.",
    string.Join(',', ArtefactWriter.DefaultKinds));
var threads = CommandLineArguments.Count("--threads", $"Most threads that a step can run with, 1 to {CompileOptions.MaxThreads}.",
    Environment.ProcessorCount, CompileOptions.MaxThreads);
var tune = new Option<bool>("--tune")
{
    Description = "Measure the schedules of matrix products on this machine and take the fastest; some seconds, remembered in the cache.",
};
var precision = new Option<string?>("--precision")
    { Description = "What products multiply: f32, or bf16 with sums in f32; as the model declares when left out." };
precision.AcceptOnlyFromAmong("f32", "bf16");
var batch = CommandLineArguments.Counts("--batch",
    "Rows of the batches to compile for, with commas, for a model that is declared for a number of rows: 64,1.", MostRows);
var rows = CommandLineArguments.Counts("--batch", "Rows of a batch, for a model that is declared for a number of rows.", MostRows, most: 1);
var verbose = new Option<bool>("-v", "--verbose") { Description = "Report progress and timings on stderr." };

var build = new Command("build", "Compiles a model's training step, or its function, to native files.")
    { assembly, name, output, batch, target, emit, threads, precision, tune, verbose };
build.SetAction(parse => Guard(() =>
{
    using var factory = LoggerFactory.Create(b => b.SetMinimumLevel(parse.GetValue(verbose) ? LogLevel.Debug : LogLevel.Warning)
        .AddConsole(o => o.LogToStandardErrorThreshold = LogLevel.Trace));
    var (logger, start) = (factory.CreateLogger("graphc"), Stopwatch.GetTimestamp());
    var kinds = CommandLineArguments.Split(parse.GetValue(emit)!);
    var sizes = Declared(parse, batch);
    var targets = CommandLineArguments.Split(parse.GetValue(target)!);
    var artefact = CompiledArtefact.CompileSizes(parse.GetValue(name)!, sizes, targets, parse.GetValue(threads),
        kinds.Contains("llvm-ir") || kinds.Contains("asm"), logger, parse.GetValue(tune));
    foreach (var path in ArtefactWriter.Write(artefact, parse.GetValue(output)!, kinds))
        Console.WriteLine($"{new FileInfo(path).Length,10:N0}  {path}");
    logger.LogInformation("built in {Milliseconds:F0} ms", Stopwatch.GetElapsedTime(start).TotalMilliseconds);
}));
var list = new Command("list", "Lists the models that an assembly declares; runs none of its code.") { assembly };
list.SetAction(parse => Guard(() =>
{
    foreach (var model in ModelAssembly.List(parse.GetValue(assembly)!)) Console.WriteLine($"{model.Name}  {model.Type}.{model.Method}");
}));
var inspect = new Command("inspect", "Shows what a compiled model is and needs, and checks its files' hashes.") { file };
inspect.SetAction(parse => Guard(() => Inspect(parse.GetValue(file)!)));
var steps = CommandLineArguments.Count("--steps", "Steps to measure, at least 1.", 100, MostSteps);
var trace = CommandLineArguments.Text("--trace", "Also write the mean step to this file, for chrome://tracing or ui.perfetto.dev.");
var profile = new Command("profile",
    "Compiles a model for this machine, trains it on random inputs, and shows where a step's time goes.")
    { assembly, name, rows, threads, precision, steps, trace };
profile.SetAction(parse => Guard(() =>
{
    var measured = ModelProfiler.Profile(Declared(parse, rows)[0].Declaration, parse.GetValue(threads), parse.GetValue(steps));
    Console.Write($"{parse.GetValue(name)}: {measured}");
    if (parse.GetValue(trace) is { } path) measured.WriteTrace(path);
}));
var page = CommandLineArguments.Text("--out", "The page to write, one file of HTML; replaced when there.", required: true);
page.Aliases.Add("-o");
var isFast = new Option<bool>("--no-profile") { Description = "Do not run the model: kernels are coloured by their operations." };
var show = new Command("view", "Compiles a model for this machine and writes a page of its graph, passes, kernels and memory.")
    { assembly, name, page, rows, threads, precision, steps, isFast };
show.SetAction(parse => Guard(() =>
{
    ModelProfiler.WriteView(Declared(parse, rows)[0].Declaration, parse.GetValue(page)!, parse.GetValue(threads),
        parse.GetValue(isFast) ? 0 : parse.GetValue(steps));
    Console.WriteLine(parse.GetValue(page));
}));
var root = new RootCommand("""
    graphc compiles training steps and other functions of models ahead of time.
    Exit codes: 0 done; 1 the command line is wrong, error SGC7001 on stderr; 2 another error with a code, SGCnnnn, on stderr;
    3 a bug of the compiler, which prints what to report.
    """) { build, list, inspect, profile, show };
var line = root.Parse(args);
// Help and the version answer even a command line that is wrong otherwise.
return line.Action is ParseErrorAction ? Refuse(line) : line.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });

IReadOnlyList<SizedDeclaration> Declared(ParseResult parse, Option<int[]> sizes)
{
    var models = ModelAssembly.Declare(parse.GetValue(assembly)!, parse.GetValue(name)!, parse.GetValue(sizes)!);
    if (parse.GetValue(precision) is not { } chosen) return models;
    var multiplied = chosen == "bf16" ? Precision.BFloat16 : Precision.Float32;
    return [.. models.Select(m => m with { Declaration = m.Declaration with { Precision = multiplied } })];
}

static int Refuse(ParseResult line)
{
    foreach (var error in line.Errors) Console.Error.WriteLine($"error {WrongCommandLine}: {error.Message}");
    Console.Error.WriteLine("graphc --help lists commands, and graphc COMMAND --help their options.");
    return 1;
}

static void Inspect(string path)
{
    var manifest = ModelManifest.Read(path);
    Console.WriteLine($"model {manifest.Model}, compiler {manifest.Compiler}, ABI {manifest.Abi}, {manifest.Platform}, "
        + $"1 to {manifest.MaxThreads} threads"
        + (manifest.Rows > 0 ? $", batches of {string.Join(", ", manifest.Sizes.Select(s => s.Rows))} rows" : ""));
    foreach (var b in manifest.Training)
        Console.WriteLine($"  {b.Role.ToString().ToLowerInvariant(),-6} {b.Name} "
            + $"{b.Type.ToString().ToLowerInvariant()}[{string.Join(',', b.Shape)}]");
    foreach (var v in manifest.Variants)
    {
        var arenas = string.Join(", ", v.Sizes.Select(s => s.Training.ArenaBytes));
        Console.WriteLine($"  {v.Target}: arena {arenas} bytes; needs {string.Join(' ', v.CpuFeatures)}");
    }
    foreach (var f in manifest.Files)
    {
        manifest.Verify(Path.GetDirectoryName(Path.GetFullPath(path))!, f);
        Console.WriteLine($"  {f.Name}: intact");
    }
}

// What the user can correct is a message, not a stack trace.
static int Guard(Action run)
{
    try
    {
        run();
        return 0;
    }
    catch (Exception error) when (error is AotException or GraphException or RuntimeException or BackendException)
    {
        Console.Error.WriteLine(error.Message);
        return 2;
    }
    catch (Exception error) when (error is IOException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine($"error {FileError}: {error.Message}");
        return 2;
    }
    catch (Exception error)
    {
        Console.Error.WriteLine($"This is a bug of the compiler; please report it with all of this text.\n{error}");
        return 3;
    }
}
