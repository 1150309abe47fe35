using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
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
public sealed partial class CompiledArtefact
{
    private CompiledArtefact() { }

    /// <summary>The manifest, without files.</summary>
    public required ModelManifest Manifest { get; init; }
    /// <summary>Code for each target, best first.</summary>
    public required ImmutableArray<CompiledVariant> Variants { get; init; }
    /// <summary>The source: step and prediction as IR text.</summary>
    public required string Ir { get; init; }
    /// <summary>Initial elements of all parameters, in the manifest's order.</summary>
    public required byte[] Initial { get; init; }

    /// <summary>Compiles a declared model.</summary>
    /// <param name="name">A letter, then letters, digits and '_'.</param>
    /// <param name="model">The declaration.</param>
    /// <param name="targets">native, x86-64-v2, x86-64-v3, x86-64-v4; at least one.</param>
    /// <param name="threads">Most threads that a step can be run with, from 1 to <see cref="CompileOptions.MaxThreads"/>.</param>
    /// <param name="withText">Whether LLVM IR and assembly are wanted.</param>
    /// <param name="logger">Where passes report.</param>
    /// <exception cref="AotException">SGC7105: unusable name. SGC7106: a prediction of another model.</exception>
    /// <exception cref="BackendException">SGC4001 to SGC4004.</exception>
    /// <exception cref="GraphException">SGC1011: a number of threads out of range.</exception>
    public static CompiledArtefact Compile(string name, ModelDeclaration model, IReadOnlyList<string> targets, int threads, bool withText = false, ILogger? logger = null)
    {
        if (!NamePattern().IsMatch(name))
            throw new AotException("SGC7105", $"a model named '{name}' cannot be a file and a C function: use a letter, then letters, digits and '_'");
        if (targets.Count == 0) throw new BackendException("SGC4004", "no target is named; known are native, x86-64-v2, x86-64-v3 and x86-64-v4.");
        var plan = model.Training;
        var prediction = model.Prediction is { } output ? Slice(plan, output) : null;
        var ir = IrPrinter.Print(plan.Function) + (prediction is null ? "" : "\n" + IrPrinter.Print(prediction));
        var source = new Source(name, plan, prediction, threads, logger);
        // Levels sort by number; native can run more than any of them may.
        var ordered = targets.Distinct().Select(t => TargetInfo.Create(t)).OrderByDescending(t => t.Name == "native" ? "z" : t.Name, StringComparer.Ordinal).ToList();
        var compiled = ordered.Select(t => source.CompileFor(t, withText)).ToList();
        var (first, predicted) = (compiled[0].Training, compiled[0].Prediction);
        var parameters = plan.Graph.ModelParameters.Where(p => first.Buffers.Any(b => b.Name == p.Value.Name)).ToList();
        return new CompiledArtefact
        {
            Ir = ir,
            Variants = [.. compiled.Select(c => c.Variant)],
            Initial = [.. parameters.SelectMany(p => Bytes(p, plan.Graph.Seed))],
            Manifest = new ModelManifest
            {
                Model = name,
                Abi = KernelAbi.Version,
                Compiler = typeof(CompiledArtefact).Assembly.GetName().Version!.ToString(3),
                Platform = ModelManifest.HostPlatform,
                SourceSha256 = ModelManifest.Hash(Encoding.UTF8.GetBytes(ir)),
                MaxThreads = threads,
                Training = Buffers(first),
                Prediction = predicted is null ? [] : Buffers(predicted),
                Parameters = [.. parameters.Select(p => p.Value.Name!)],
                Variants = [.. compiled.Select(c => c.Variant.Manifest)],
                Files = [],
            },
        };
    }

    private static Function Slice(TrainingPlan plan, Value output) => output.Builder == plan.Graph
        ? Prediction.Slice(plan.Graph, output)
        : throw new AotException("SGC7106", $"the prediction belongs to \"{output.Builder.Name}\", not to \"{plan.Graph.Name}\"");

    private static ImmutableArray<ManifestBuffer> Buffers(ExecutableLayout layout) =>
        [.. layout.Buffers.Select(b => new ManifestBuffer(b.Name, b.Role, b.Type, b.Dimensions))];

    private static byte[] Bytes(ModelParameter parameter, ulong seed)
    {
        var elements = parameter.InitialElements(seed);
        return parameter.Value.DType == DType.F64
            ? MemoryMarshal.AsBytes(Array.ConvertAll(elements, x => (double)x).AsSpan()).ToArray()
            : MemoryMarshal.AsBytes(elements.AsSpan()).ToArray();
    }

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_]*$")]
    private static partial Regex NamePattern();

    private sealed record Source(string Name, TrainingPlan Plan, Function? Prediction, int Threads, ILogger? Logger)
    {
        public (CompiledVariant Variant, ExecutableLayout Training, ExecutableLayout? Prediction) CompileFor(TargetInfo target, bool withText)
        {
            var level = target.Name.Replace('-', '_');
            var context = PassContext.FromEnvironment(Logger);
            var (program, layout) = Compiler.Lower(Plan.Function, Plan.Roles, Plan.Donated, Plan.ResultNames, target, Threads, context);
            var training = new ManifestEntry($"{Name}_{level}_train", layout.ArenaBytes, layout.Parallel);
            List<(string, LoopProgram)> programs = [(training.Symbol, program)];
            ExecutableLayout? predicted = null;
            ManifestEntry? entry = null;
            if (Prediction is not null)
            {
                var inputs = Plan.Graph.Inputs.Select(i => i.Name!).ToHashSet();
                (var forward, predicted) = Compiler.Lower(Prediction, Predictor.Roles(Prediction, inputs), [-1], [Predictor.OutputName], target, Threads, PassContext.FromEnvironment(Logger));
                entry = new ManifestEntry($"{Name}_{level}_predict", predicted.ArenaBytes, predicted.Parallel);
                programs.Add((entry.Symbol, forward));
            }
            var (code, ir, assembly) = StepCompiler.Compile(programs, target, withText);
            Logger?.LogInformation("compiled for {Target}: {Bytes} bytes", target.Name, code.Length);
            var manifest = new ManifestVariant(target.Name, CpuFeatures.Of(target.Name, target.Features), ModelManifest.Hash(code), training, entry);
            return (new CompiledVariant(manifest, code, ir, assembly), layout, predicted);
        }
    }
}
