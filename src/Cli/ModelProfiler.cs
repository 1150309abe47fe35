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
        using var step = plan.Compile(new CompileOptions { Threads = threads, Precision = model.Precision, Profile = true });
        var inputs = plan.Graph.Inputs.Select((input, i) => Create(input.Type, (ulong)i)).ToArray();
        return step.Profile(steps, () => step.Run(inputs));
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
