using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace GraphCompiler.Runtime;

// Running a step. The overloads differ in the number of inputs only; each pins the caller's memory and passes it on.
public sealed unsafe partial class Executable
{
    /// <summary>Runs a step that has no inputs.</summary>
    /// <exception cref="RuntimeException">SGC5002 disposed, SGC5005 entered by two threads, SGC5007 wrong number of
    /// inputs.</exception>
    public void Run()
    {
        Enter(0);
        try
        {
            Step();
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Runs a step with one input. Inputs are in the layout's order, dense and row-major, not copied.</summary>
    /// <exception cref="RuntimeException">SGC5001 wrong length, SGC5003 wrong element type, SGC5002 disposed, SGC5005
    /// entered by two threads, SGC5007 wrong number of inputs. Nothing has run then.</exception>
    public void Run<T0>(ReadOnlySpan<T0> input0) where T0 : unmanaged
    {
        Enter(1);
        try
        {
            fixed (T0* pointer0 = input0)
            {
                Place(0, pointer0, input0.Length);
                Step();
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Runs a step with two inputs; see the overload for one.</summary>
    /// <exception cref="RuntimeException">As for one input.</exception>
    public void Run<T0, T1>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1)
        where T0 : unmanaged where T1 : unmanaged
    {
        Enter(2);
        try
        {
            fixed (T0* pointer0 = input0)
            fixed (T1* pointer1 = input1)
            {
                Place(0, pointer0, input0.Length);
                Place(1, pointer1, input1.Length);
                Step();
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Runs a step with three inputs; see the overload for one.</summary>
    /// <exception cref="RuntimeException">As for one input.</exception>
    public void Run<T0, T1, T2>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged
    {
        Enter(3);
        try
        {
            fixed (T0* pointer0 = input0)
            fixed (T1* pointer1 = input1)
            fixed (T2* pointer2 = input2)
            {
                Place(0, pointer0, input0.Length);
                Place(1, pointer1, input1.Length);
                Place(2, pointer2, input2.Length);
                Step();
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Runs a step with four inputs; see the overload for one.</summary>
    /// <exception cref="RuntimeException">As for one input.</exception>
    public void Run<T0, T1, T2, T3>(
        ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2, ReadOnlySpan<T3> input3)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged
    {
        Enter(4);
        try
        {
            fixed (T0* pointer0 = input0)
            fixed (T1* pointer1 = input1)
            fixed (T2* pointer2 = input2)
            fixed (T3* pointer3 = input3)
            {
                Place(0, pointer0, input0.Length);
                Place(1, pointer1, input1.Length);
                Place(2, pointer2, input2.Length);
                Place(3, pointer3, input3.Length);
                Step();
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Runs a step with any number of inputs, given as the bytes of their elements.</summary>
    /// <remarks>Slower by the pinning of each input, some tens of nanoseconds; element types are not checked.</remarks>
    /// <param name="inputs">One memory per input, in the layout's order, of exactly the input's bytes.</param>
    /// <exception cref="RuntimeException">SGC5001 wrong length in bytes; else as for one input.</exception>
    public void Run(ReadOnlySpan<ReadOnlyMemory<byte>> inputs)
    {
        Enter(inputs.Length);
        var pins = _pins ??= new MemoryHandle[_inputs.Length];
        try
        {
            for (var i = 0; i < inputs.Length; i++)
            {
                ref readonly var argument = ref _inputs[i];
                var size = argument.Layout.Type.SizeOf();
                if (inputs[i].Length != argument.Elements * (long)size)
                    throw LengthError(argument.Layout, argument.Elements * (long)size, inputs[i].Length, "bytes");
                pins[i] = inputs[i].Pin();
                SetInput(i, pins[i].Pointer, size);
            }
            Step();
        }
        finally
        {
            foreach (ref var pin in pins.AsSpan())
                pin.Dispose();
            Exit();
        }
    }

    private MemoryHandle[]? _pins;

    private void Enter(int inputs)
    {
        var use = Interlocked.CompareExchange(ref _use, Use.Running, Use.Idle);
        if (use != Use.Idle) throw EntryError(use);
        if (inputs == _inputs.Length) return;
        Exit();
        throw CountError(inputs);
    }

    private void Exit()
    {
        if (Interlocked.CompareExchange(ref _use, Use.Idle, Use.Running) == Use.Running) return;
        // Dispose came during the run and left the freeing to it.
        Volatile.Write(ref _use, Use.Disposed);
        Free();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Place<T>(int input, T* pointer, int length) where T : unmanaged
    {
        ref readonly var argument = ref _inputs[input];
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
            Unsafe.CopyBlockUnaligned(argument.Staging.Address, pointer, checked((uint)argument.Layout.Bytes));
            pointer = argument.Staging.Address;
        }
        _buffers[argument.Index] = pointer;
    }

    private void Step()
    {
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

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static RuntimeException EntryError(int use) => use == Use.Running
        ? new RuntimeException(RuntimeCode.ConcurrentRun,
            "an executable is entered while another thread runs it; give each thread an executable of its own")
        : DisposedError();

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
