using System.ComponentModel;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GraphCompiler.Runtime.Deployment;

// What generated facades call.
public abstract unsafe partial class CompiledModel
{
    /// <summary>For generated code: where pinned memory of an input is.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    protected readonly struct PinnedInput
    {
        internal void* Address { get; init; }

        internal int Length { get; init; }
    }

    /// <summary>For generated code: what it pins before <see cref="PassInput"/>, an input's first element.</summary>
    protected static ref T PinInput<T>(ReadOnlySpan<T> input) where T : unmanaged => ref MemoryMarshal.GetReference(input);

    /// <summary>For generated code: notes an input that is pinned, of the element type that the manifest says.</summary>
    protected static void PassInput<T>(PinnedInput* inputs, int at, ReadOnlySpan<T> input) where T : unmanaged =>
        inputs[at] = new() { Address = Unsafe.AsPointer(ref MemoryMarshal.GetReference(input)), Length = input.Length };

    /// <summary>For generated code: one run of a function.</summary>
    /// <exception cref="RuntimeException">SGC5001: wrong length. SGC5002: disposed. SGC5005: run by another thread.
    /// SGC7209: no code for this number of rows.</exception>
    protected void Run(PinnedInput* inputs, int count)
    {
        using var entry = Enter(_training, inputs);
        Run(entry, inputs, count);
    }

    /// <summary>For generated code: one training step; gives the loss before its update.</summary>
    /// <exception cref="RuntimeException">SGC5001: wrong length. SGC5002: disposed. SGC5005: run by another thread.
    /// SGC7209: no code for this number of rows.</exception>
    protected float Train(PinnedInput* inputs, int count)
    {
        using var entry = Enter(_training, inputs);
        Run(entry, inputs, count);
        return ReadLoss(entry);
    }

    /// <summary>For generated code: a prediction. The span changes by this thread's next one, never by another thread's.</summary>
    /// <exception cref="RuntimeException">SGC5001: wrong length. SGC5002: disposed. SGC5005: run by another thread.
    /// SGC7209: no code for this number of rows.</exception>
    protected ReadOnlySpan<TOut> Infer<TOut>(PinnedInput* inputs, int count) where TOut : unmanaged
    {
        using var entry = Enter(_prediction!, inputs);
        Run(entry, inputs, count);
        return entry.HandOut<TOut>("output");
    }

    /// <summary>For generated code: an output of the last step or run. Changed by this thread's next one.</summary>
    protected ReadOnlySpan<T> Metric<T>(string name) where T : unmanaged => _training.Last.Output<T>(name);

    // Read as its bits where C# has no such type.
    private float ReadLoss(Executable.Entry entry) => _lossType switch
    {
        ElementType.F64 => (float)entry.Read<double>("loss")[0],
        ElementType.F16 => (float)entry.Read<Half>("loss")[0],
        ElementType.BF16 => BitConverter.UInt32BitsToSingle((uint)entry.Read<ushort>("loss")[0] << 16),
        _ => entry.Read<float>("loss")[0],
    };

    private static Executable.Entry Enter(SizedProgram program, PinnedInput* inputs)
    {
        var executable = program.Input < 0 ? program.Last : program.For(inputs[program.Input].Length);
        var entry = executable.Enter();
        program.Last = executable;
        return entry;
    }

    private static void Run(Executable.Entry entry, PinnedInput* inputs, int count)
    {
        for (var i = 0; i < count; i++) entry.Bind(i, inputs[i].Address, inputs[i].Length);
        entry.Run(count);
    }
}
