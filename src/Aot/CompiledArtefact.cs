using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.Frontend;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;
using Microsoft.Extensions.Logging;

namespace GraphCompiler.Aot;

/// <summary>What was compiled for one target.</summary>
/// <param name="Manifest">Its entry in the manifest.</param>
/// <param name="Object">A relocatable object.</param>
/// <param name="LlvmIr">LLVM IR, when asked for.</param>
/// <param name="Assembly">Assembly text, when asked for.</param>
public sealed record CompiledVariant(ManifestVariant Manifest, byte[] Object, string LlvmIr, string Assembly);

/// <summary>A model compiled for one or several targets, in memory.</summary>
public sealed class CompiledArtefact
{
    private CompiledArtefact() { }

    /// <summary>The manifest, without files.</summary>
    public required ModelManifest Manifest { get; init; }
    /// <summary>Code for each target, best first.</summary>
    public required ImmutableArray<CompiledVariant> Variants { get; init; }
    /// <summary>The source: step or function, and prediction, as IR text.</summary>
    public required string Ir { get; init; }
    /// <summary>First elements as in memory of the states of <see cref="ModelManifest.Initial"/>, in its order.</summary>
    public required ImmutableArray<byte[]> Initial { get; init; }

    /// <summary>Compiles a declared model.</summary>
    /// <param name="name">See <see cref="ModelName"/>.</param>
    /// <param name="model">The declaration.</param>
    /// <param name="targets">native, x86-64-v2, x86-64-v3, x86-64-v4; at least one.</param>
    /// <param name="threads">Most threads that a step can be run with, from 1 to <see cref="CompileOptions.MaxThreads"/>.</param>
    /// <param name="withText">Whether LLVM IR and assembly are wanted.</param>
    /// <param name="logger">Where passes report.</param>
    /// <param name="tune">Whether schedules are measured on this machine (<see cref="CompileOptions.Tune"/>), which must be able to run
    /// each target.</param>
    /// <exception cref="AotException">SGC7105: the model or a metric cannot have its name.</exception>
    /// <exception cref="BackendException">SGC4001 to SGC4004; SGC4004 also for native on a processor whose features cannot be
    /// checked.</exception>
    /// <exception cref="GraphException">What compiling at run time refuses: SGC1008, a prediction of another model, or one that reads a
    /// variable declared after Minimize; SGC1011, a number of threads out of range, or averages that no optimizer keeps; SGC1001 and
    /// SGC1005, an initial value that its type cannot hold; SGC1011, no precision.</exception>
    /// <exception cref="RuntimeException">SGC5006: an input and an output of one name.</exception>
    public static CompiledArtefact Compile(
        string name, ModelDeclaration model, IReadOnlyList<string> targets, int threads, bool withText = false, ILogger? logger = null,
        bool tune = false) => CompileSizes(name, [new SizedDeclaration(0, model)], targets, threads, withText, logger, tune);

    /// <summary>Compiles a model for one or several sizes of batches, which share its variables.</summary>
    /// <param name="name">See <see cref="ModelName"/>.</param>
    /// <param name="sizes">The declaration for each size, at least one: the same but for the rows, which some input has as its first size.
    /// The first variables are those of the first.</param>
    /// <param name="targets">As for one size.</param>
    /// <param name="threads">As for one size.</param>
    /// <param name="withText">As for one size.</param>
    /// <param name="logger">As for one size.</param>
    /// <param name="tune">As for one size.</param>
    /// <exception cref="BackendException">As for one size.</exception>
    /// <exception cref="GraphException">As for one size.</exception>
    /// <exception cref="AotException">SGC7105, and SGC7113: the declarations differ in more than their rows, a size is named twice, or no
    /// input tells the rows.</exception>
    /// <exception cref="RuntimeException">SGC5006: an input and an output of one name, or a variable that depends on the rows.</exception>
    public static CompiledArtefact CompileSizes(
        string name, IReadOnlyList<SizedDeclaration> sizes, IReadOnlyList<string> targets, int threads, bool withText = false,
        ILogger? logger = null, bool tune = false)
    {
        CheckName(name);
        if (targets.Count == 0)
            throw new BackendException("SGC4004", $"no target is named; known are {string.Join(", ", TargetInfo.Names)}.");
        foreach (var size in sizes) CheckMetrics(size.Declaration.Plan);
        SizedPlan[] plans = [.. sizes.Select(SizedPlan.Of)];
        SizedPlan.Check(name, plans);
        var source = new Source(name, plans, threads, logger, tune);
        // Levels sort by number; native can run more than any of them may.
        var ordered = targets.Distinct().Select(TargetOf).OrderByDescending(t => t.Name == "native" ? "z" : t.Name, StringComparer.Ordinal);
        var compiled = ordered.Select(t => source.CompileFor(t, withText)).ToList();
        var plan = plans[0].Plan;
        // Memory is zero at first.
        var initial = plan.States.Where(s => s.Initializer != Initializer.Zeros).ToList();
        return new CompiledArtefact
        {
            Ir = source.Ir,
            Variants = [.. compiled.Select(c => c.Variant)],
            Initial = [.. initial.Select(s => s.InitialBytes(plan.Graph.Seed))],
            Manifest = Describe(source, plan, compiled[0].Sizes) with
            {
                Initial = [.. initial.Select(s => s.Name)],
                Variants = [.. compiled.Select(c => c.Variant.Manifest)],
            },
        };
    }

    private static ModelManifest Describe(Source source, Plan plan, ImmutableArray<ManifestSize> sizes) => new()
    {
        Model = source.Name,
        Abi = KernelAbi.Version,
        Compiler = typeof(CompiledArtefact).Assembly.GetName().Version!.ToString(3),
        Platform = ModelManifest.HostPlatform,
        SourceSha256 = ModelManifest.Hash(Encoding.UTF8.GetBytes(source.Ir)),
        MaxThreads = source.Threads,
        IsFunction = plan is FunctionPlan,
        Rows = sizes[0].Rows,
        Training = sizes[0].Training,
        Prediction = sizes[0].Prediction,
        OtherSizes = sizes[1..],
        Parameters = [.. plan.States.Where(s => IsParameter(plan, s)).Select(s => s.Name)],
        Rates = plan is TrainingPlan { Rates: var rates } ? [.. rates] : [],
        Weights = [.. plan.States.Where(s => s.Role != VariableRole.Optimizer).Select(s => s.Name)],
        Variants = [],
        Files = [],
    };

    // A function keeps what it reads; of an optimizer's state only what one sets or reads has a name in C and C#.
    private static bool IsParameter(Plan plan, StateVariable state) => state.Role != VariableRole.Optimizer
        || plan is not TrainingPlan training || training.Rates.Contains(state.Name) || training.Averages.ContainsValue(state);

    private static void CheckName(string name)
    {
        if (ModelName.Refusal(name) is { } refusal) throw new AotException("SGC7105", $"a model named '{name}' {refusal}");
        // A C program links with what this process links with, the C library above all.
        var process = NativeLibrary.GetMainProgramHandle();
        foreach (var function in CSource.Functions)
            if (NativeLibrary.TryGetExport(process, $"{name}_{function}", out _))
                throw new AotException("SGC7105",
                    $"a model named '{name}' would define {name}_{function}, which the system's libraries have");
    }

    // Metrics may have any name that can be written into files; the builder checks all others.
    private static void CheckMetrics(Plan plan)
    {
        foreach (var name in plan.Outputs)
            if (name.Length == 0 || name.EnumerateRunes().Any(r => r == Rune.ReplacementChar))
                throw new AotException("SGC7105", $"a metric named '{name}' cannot be written into files: its name is empty or not text");
    }

    // The code uses only features that a loader can look for.
    private static TargetInfo TargetOf(string name)
    {
        var target = TargetInfo.Create(name);
        if (name == "native" && RuntimeInformation.ProcessArchitecture != Architecture.X64)
            throw new BackendException("SGC4004",
                "ahead of time there is no target native here: only features of x86-64 processors can be checked at load.");
        return target.RestrictedTo(CpuFeatures.MayBeUsed);
    }

    private static ImmutableArray<ManifestBuffer> Buffers(ExecutableLayout layout) =>
        [.. layout.Buffers.Select(b => new ManifestBuffer(b.Name, b.Role, b.Type, b.Dimensions))];

    private sealed record Source(string Name, IReadOnlyList<SizedPlan> Sizes, int Threads, ILogger? Logger, bool Tunes)
    {
        public string Ir { get; } = string.Join('\n',
            Sizes.SelectMany(s => new[] { s.Plan.Function, s.Prediction?.Function }).OfType<Function>().Select(f => IrPrinter.Print(f)));

        public (CompiledVariant Variant, ImmutableArray<ManifestSize> Sizes) CompileFor(TargetInfo target, bool withText)
        {
            List<(string Symbol, LoopProgram Program)> programs = [];
            // Level last, so that no symbol is a function of another model: `a_native` has an a_native_predict.
            (ManifestEntry Entry, ImmutableArray<ManifestBuffer> Buffers) Add(string program, SizedPlan size, Plan plan)
            {
                var sized = size.Rows == 0 ? program : $"{program}_{size.Rows}";
                var symbol = $"{Name}_{sized}_{target.Name.Replace('-', '_')}";
                var context = PassContext.FromEnvironment(Logger);
                var (code, layout) = Compiler.Lower(plan, target, Threads, context, size.Precision, tunes: Tunes);
                programs.Add((symbol, code));
                return (new(symbol, layout.ArenaBytes, layout.Parallel, layout.UpdatesStates), Buffers(layout));
            }
            List<ManifestEntries> entries = [];
            List<ManifestSize> sizes = [];
            foreach (var size in Sizes)
            {
                var training = Add(size.Plan is FunctionPlan ? "run" : "train", size, size.Plan);
                (ManifestEntry? Entry, ImmutableArray<ManifestBuffer> Buffers) prediction =
                    size.Prediction is { } plan ? Add("predict", size, plan) : (null, []);
                entries.Add(new(training.Entry, prediction.Entry));
                sizes.Add(new(size.Rows, training.Buffers, prediction.Buffers));
            }
            var (binary, ir, assembly) = StepCompiler.Compile(programs, target, withText);
            Logger?.LogInformation("compiled for {Target}: {Bytes} bytes", target.Name, binary.Length);
            var features = CpuFeatures.Of(target.Name, target.Features);
            var (hash, first) = (ModelManifest.Hash(binary), entries[0]);
            var manifest = new ManifestVariant(target.Name, features, hash, first.Training, first.Prediction)
            {
                OtherSizes = [.. entries[1..]],
            };
            return (new CompiledVariant(manifest, binary, ir, assembly), [.. sizes]);
        }
    }
}
