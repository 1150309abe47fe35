using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GraphCompiler.Runtime;

// Running a step: the public overloads, and what pins or stages the caller's memory.
public sealed unsafe partial class Executable
{
    /// <summary>Runs a step that has no inputs.</summary>
    /// <exception cref="RuntimeException">SGC5002 disposed, SGC5005 entered by two threads, SGC5007 wrong number of
    /// inputs.</exception>
    public void Run()
    {
        using var entry = Enter();
        entry.Run();
    }

    /// <summary>Runs a step with one input. Inputs are in the layout's order, dense and row-major, not copied.</summary>
    /// <exception cref="RuntimeException">SGC5001 wrong length, SGC5003 wrong element type, SGC5002 disposed, SGC5005
    /// entered by two threads, SGC5007 wrong number of inputs. Nothing has run then.</exception>
    public void Run<T0>(ReadOnlySpan<T0> input0) where T0 : unmanaged
    {
        using var entry = Enter();
        entry.Run(input0);
    }

    /// <summary>Runs a step with two inputs; see the overload for one.</summary>
    /// <exception cref="RuntimeException">As for one input.</exception>
    public void Run<T0, T1>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1)
        where T0 : unmanaged where T1 : unmanaged
    {
        using var entry = Enter();
        entry.Run(input0, input1);
    }

    /// <summary>Runs a step with three inputs; see the overload for one.</summary>
    /// <exception cref="RuntimeException">As for one input.</exception>
    public void Run<T0, T1, T2>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged
    {
        using var entry = Enter();
        entry.Run(input0, input1, input2);
    }

    /// <summary>Runs a step with four inputs; see the overload for one.</summary>
    /// <exception cref="RuntimeException">As for one input.</exception>
    public void Run<T0, T1, T2, T3>(
        ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2, ReadOnlySpan<T3> input3)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged
    {
        using var entry = Enter();
        entry.Run(input0, input1, input2, input3);
    }

    /// <summary>Runs a step with any number of inputs, given as the bytes of their elements.</summary>
    /// <remarks>Slower by the pinning of each input, some tens of nanoseconds; element types are not checked.</remarks>
    /// <param name="inputs">One memory per input, in the layout's order, of exactly the input's bytes.</param>
    /// <exception cref="RuntimeException">SGC5001 wrong length in bytes; else as for one input.</exception>
    public void Run(ReadOnlySpan<ReadOnlyMemory<byte>> inputs)
    {
        using var entry = Enter();
        entry.Run(inputs);
    }

    private MemoryHandle[]? _pins;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Bind<T>(int input, T* pointer, int length) where T : unmanaged
    {
        var inputs = _inputs;
        if ((uint)input >= (uint)inputs.Length) return; // Counted when all are bound.
        ref readonly var argument = ref inputs[input];
        if (!ElementTypes.Holds<T>(argument.Type)) throw TypeError(argument.Layout, typeof(T));
        if (length != argument.Elements) throw LengthError(argument.Layout, argument.Elements, length, "elements");
        SetInput(input, pointer, sizeof(T));
    }

    // Generated code assumes element alignment, which every ordinary span has; only bytes that were cast may lack it.
    private void SetInput(int input, void* pointer, int elementSize)
    {
        ref var argument = ref _inputs[input];
        if (((nuint)pointer & (nuint)(elementSize - 1)) != 0)
        {
            argument.Staging ??= new NativeMemoryBlock(argument.Layout.Bytes);
            var bytes = argument.Elements * (long)elementSize;
            Buffer.MemoryCopy(pointer, argument.Staging.Address, bytes, bytes);
            pointer = argument.Staging.Address;
        }
        _buffers[argument.Index] = pointer;
    }

    /// <summary>Called after each run, while its inputs are where they were.</summary>
    internal Action? Ran { get; set; }

    /// <summary>The bytes of an input of the run that is ending.</summary>
    internal ReadOnlySpan<byte> BytesOfInput(int input) =>
        new(_buffers[_inputs[input].Index], checked((int)_inputs[input].Layout.Bytes));

    private void Step()
    {
        Execute();
        Ran?.Invoke();
    }

    private void Execute()
    {
        if (_holder != Holder.None && _holder != Environment.CurrentManagedThreadId) ReplaceOutputs();
        if (_pool is null)
        {
            _entry(_buffers, _arenaStart, 0, 1, _barrierStart);
            return;
        }
        var start = _tuner.Times ? Stopwatch.GetTimestamp() : 0;
        if (_tuner.UsesAllThreads) _pool.Run(_entry, _buffers, _arenaStart, _barrierStart);
        else _entry(_buffers, _arenaStart, 0, 1, _barrierStart);
        _tuner.Ran(_tuner.Times ? Stopwatch.GetTimestamp() - start : 0);
    }

    // Another thread holds spans of the outputs, which keep their memory for themselves.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ReplaceOutputs()
    {
        AllocateOutputs();
        _holder = Holder.None;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private RuntimeException CountError(int given)
    {
        var inputs = string.Join(", ", _inputs.Select(i => $"'{i.Layout.Name}' {i.Layout.TypeText}"));
        return new RuntimeException(RuntimeCode.WrongInputCount,
            $"the step has {_inputs.Length} inputs ({inputs}), and {given} are given");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static RuntimeException LengthError(BufferLayout buffer, long expected, long given, string unit) =>
        new(RuntimeCode.WrongLength,
            $"input '{buffer.Name}' is {buffer.TypeText}: {expected} {unit} expected, {given} given");

    // What a run needs to know of an input, in one place for the cache.
    private struct Argument(BufferLayout layout, int index)
    {
        public readonly BufferLayout Layout = layout;
        public readonly ElementType Type = layout.Type;
        public readonly int Elements = (int)layout.Elements;
        public readonly int Index = index;
        public NativeMemoryBlock? Staging;
    }
}
