using System.CommandLine;
using System.Diagnostics;
using GraphCompiler.Aot;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.Cli;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;
using Microsoft.Extensions.Logging;

var assembly = new Argument<string>("MODELS.dll") { Description = "A .NET assembly with static methods marked [Model(\"name\")]." };
var file = new Argument<string>("FILE") { Description = "A manifest, NAME.json; its folder's files are checked against it." };
var name = new Option<string>("--model") { Description = "The model to compile.", Required = true };
var output = new Option<string>("--out") { Description = "Folder for the files; made when missing.", Required = true };
var target = new Option<string>("--target") { Description = "native, x86-64-v2, x86-64-v3, x86-64-v4; several with commas: the best is chosen at load.", DefaultValueFactory = _ => "native" };
var emit = new Option<string>("--emit") { Description = $"What to write, with commas: {string.Join(", ", ArtefactWriter.Kinds)}. The manifest is always written.", DefaultValueFactory = _ => string.Join(',', ArtefactWriter.DefaultKinds) };
var threads = new Option<int>("--threads") { Description = "Most threads that a step can run with.", DefaultValueFactory = _ => Environment.ProcessorCount };
threads.Validators.Add(r => { if (r.GetValueOrDefault<int>() < 1) r.AddError("--threads must be at least 1."); });
var verbose = new Option<bool>("-v", "--verbose") { Description = "Report progress and timings on stderr." };

var build = new Command("build", "Compiles a model's training step to native files.") { assembly, name, output, target, emit, threads, verbose };
build.SetAction(parse => Guard(() =>
{
    using var factory = LoggerFactory.Create(b => b.SetMinimumLevel(parse.GetValue(verbose) ? LogLevel.Debug : LogLevel.Warning)
        .AddConsole(o => o.LogToStandardErrorThreshold = LogLevel.Trace));
    var (logger, start) = (factory.CreateLogger("graphc"), Stopwatch.GetTimestamp());
    var kinds = Split(parse.GetValue(emit)!);
    var model = ModelAssembly.Declare(parse.GetValue(assembly)!, parse.GetValue(name)!);
    var artefact = CompiledArtefact.Compile(parse.GetValue(name)!, model, Split(parse.GetValue(target)!), parse.GetValue(threads), kinds.Contains("llvm-ir") || kinds.Contains("asm"), logger);
    foreach (var path in ArtefactWriter.Write(artefact, parse.GetValue(output)!, kinds)) Console.WriteLine($"{new FileInfo(path).Length,10:N0}  {path}");
    logger.LogInformation("built in {Milliseconds:F0} ms", Stopwatch.GetElapsedTime(start).TotalMilliseconds);
}));
var list = new Command("list", "Lists the models that an assembly declares; runs none of its code.") { assembly };
list.SetAction(parse => Guard(() =>
{
    foreach (var model in ModelAssembly.List(parse.GetValue(assembly)!)) Console.WriteLine($"{model.Name}  {model.Type}.{model.Method}");
}));
var inspect = new Command("inspect", "Shows what a compiled model is and needs, and checks its files' hashes.") { file };
inspect.SetAction(parse => Guard(() => Inspect(parse.GetValue(file)!)));
var steps = new Option<int>("--steps") { Description = "Steps to measure.", DefaultValueFactory = _ => 100 };
steps.Validators.Add(r => { if (r.GetValueOrDefault<int>() < 1) r.AddError("--steps must be at least 1."); });
var trace = new Option<string?>("--trace") { Description = "Also write the mean step to this file, for chrome://tracing or ui.perfetto.dev." };
var profile = new Command("profile", "Compiles a model for this machine, trains it on random inputs, and shows where a step's time goes.") { assembly, name, threads, steps, trace };
profile.SetAction(parse => Guard(() =>
{
    var measured = ModelProfiler.Profile(ModelAssembly.Declare(parse.GetValue(assembly)!, parse.GetValue(name)!).Training, parse.GetValue(threads), parse.GetValue(steps));
    Console.Write($"{parse.GetValue(name)}: {measured}");
    if (parse.GetValue(trace) is { } path) measured.WriteTrace(path);
}));
var root = new RootCommand("graphc compiles training steps ahead of time.\nExit codes: 0 done; 1 the command line is wrong; 2 an error with a code, SGCnnnn, on stderr.") { build, list, inspect, profile };
return root.Parse(args).Invoke();

static string[] Split(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

static void Inspect(string path)
{
    var manifest = ModelManifest.Read(path);
    Console.WriteLine($"model {manifest.Model}, compiler {manifest.Compiler}, ABI {manifest.Abi}, {manifest.Platform}, 1 to {manifest.MaxThreads} threads");
    foreach (var b in manifest.Training) Console.WriteLine($"  {b.Role.ToString().ToLowerInvariant(),-6} {b.Name} {b.Type.ToString().ToLowerInvariant()}[{string.Join(',', b.Shape)}]");
    foreach (var v in manifest.Variants) Console.WriteLine($"  {v.Target}: arena {v.Training.ArenaBytes} bytes; needs {string.Join(' ', v.CpuFeatures)}");
    foreach (var f in manifest.Files)
    {
        manifest.Verify(Path.GetDirectoryName(Path.GetFullPath(path))!, f);
        Console.WriteLine($"  {f.Name}: intact");
    }
}

// What the user can mend is a message, not a stack trace.
static int Guard(Action run)
{
    try
    {
        run();
        return 0;
    }
    catch (Exception error) when (error is AotException or GraphException or RuntimeException or BackendException or IOException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine(error.Message);
        return 2;
    }
}
