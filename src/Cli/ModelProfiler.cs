using System.Runtime.InteropServices;
using GraphCompiler.Frontend;
using GraphCompiler.IR;
using GraphCompiler.Runtime;

namespace GraphCompiler.Cli;

/// <summary>Profiles a declared model on inputs that it makes up: floating-point numbers between -1 and 1, and zeros of integers,
/// which every label and index may be.</summary>
internal static class ModelProfiler
{
    private const ulong Seed = 1;

    public static StepProfile Profile(ModelDeclaration model, int threads, int steps)
    {
        var plan = model.Training;
        using var step = plan.Compile(OptionsOf(model, threads));
        return Profile(step, plan, steps);
    }

    /// <summary>Writes the page of a model's step or function.</summary>
    /// <param name="path">The page.</param>
    /// <param name="steps">Runs to measure; 0 for none.</param>
    public static void WriteView(ModelDeclaration model, string path, int threads, int steps)
    {
        var options = OptionsOf(model, threads);
        using var function = model.Plan is FunctionPlan plan ? plan.Compile(options) : model.Training.Compile(options);
        function.ToHtml(path, steps > 0 ? Profile(function, model.Plan, steps) : null);
    }

    private static CompileOptions OptionsOf(ModelDeclaration model, int threads) =>
        new() { Threads = threads, Precision = model.Precision, Profile = true };

    private static StepProfile Profile(CompiledFunction function, Plan plan, int steps)
    {
        var types = plan.Function.Parameters.ToDictionary(p => p.Name!, p => p.Type);
        var inputs = function.Inputs.Select((name, i) => Create(types[name], (ulong)i)).ToArray();
        return function.Profile(steps, () => function.Run(inputs));
    }

    private static ReadOnlyMemory<byte> Create(TensorType type, ulong stream)
    {
        var bytes = new byte[type.Bytes];
        var random = new CounterRandom(Seed, stream);
        if (type.DType == DType.F32) foreach (ref var x in MemoryMarshal.Cast<byte, float>(bytes.AsSpan())) x = 2 * random.NextSingle() - 1;
        if (type.DType == DType.F64)
            foreach (ref var x in MemoryMarshal.Cast<byte, double>(bytes.AsSpan())) x = 2 * random.NextSingle() - 1;
        return bytes;
    }
}
