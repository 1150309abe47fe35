using System.Buffers;
using System.Runtime.CompilerServices;

namespace GraphCompiler.Runtime;

// Who has entered an executable is alone in it: no other thread runs it or reads it, and disposing it waits.
public sealed unsafe partial class Executable
{
    /// <summary>Waits for nobody: refuses a second thread. Disposing the entry leaves the executable again.</summary>
    /// <exception cref="RuntimeException">SGC5002 disposed, SGC5005 entered by another thread, or its store is.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Entry Enter()
    {
        if (Interlocked.CompareExchange(ref _gate.Holder, _number, StoreGate.Free) != StoreGate.Free) throw Refusal(isInside: false);
        if (Volatile.Read(ref _isDisposed) != 0 || (_readGate is not null && !_readGate.TryEnterToRead())) throw Refusal(isInside: true);
        return new Entry(this);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private RuntimeException Refusal(bool isInside)
    {
        var isDisposed = Volatile.Read(ref _isDisposed) != 0;
        if (isInside) Leave();
        return isDisposed ? DisposedError() : StoreGate.Refusal();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Exit()
    {
        _readGate?.ExitFromReading();
        Leave();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Leave()
    {
        if (Interlocked.CompareExchange(ref _gate.Holder, StoreGate.Free, _number) != _number) FreeAfterRun();
    }

    // Dispose came during the run and left the freeing to it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void FreeAfterRun()
    {
        Free();
        _gate.ExitAlone();
    }

    /// <summary>The right to run an executable and to read what the run gave, without another thread's run in between.</summary>
    internal readonly ref partial struct Entry(Executable executable)
    {
        /// <inheritdoc cref="Executable.Run(ReadOnlySpan{ReadOnlyMemory{byte}})"/>
        public void Run(ReadOnlySpan<ReadOnlyMemory<byte>> inputs)
        {
            executable.CheckCount(inputs.Length);
            var pins = executable._pins ??= new MemoryHandle[inputs.Length];
            try
            {
                for (var i = 0; i < inputs.Length; i++)
                {
                    ref readonly var argument = ref executable._inputs[i];
                    var size = argument.Layout.Type.SizeOf();
                    if (inputs[i].Length != argument.Elements * (long)size)
                        throw LengthError(argument.Layout, argument.Elements * (long)size, inputs[i].Length, "bytes");
                    pins[i] = inputs[i].Pin();
                    executable.SetInput(i, pins[i].Pointer, size);
                }
                executable.Step();
            }
            finally
            {
                foreach (ref var pin in pins.AsSpan())
                    pin.Dispose();
            }
        }

        /// <summary>Gives an input whose memory is pinned, of the input's element type.</summary>
        /// <exception cref="RuntimeException">SGC5001 wrong length.</exception>
        public void Bind(int input, void* pointer, int length)
        {
            ref readonly var argument = ref executable._inputs[input];
            if (length != argument.Elements) throw LengthError(argument.Layout, argument.Elements, length, "elements");
            executable.SetInput(input, pointer, argument.Type.SizeOf());
        }

        /// <summary>An output's elements, for as long as the executable is entered.</summary>
        /// <exception cref="RuntimeException">SGC5003 wrong type, SGC5004 no such output.</exception>
        public ReadOnlySpan<T> Read<T>(string name) where T : unmanaged => executable.Elements<T>(executable.Find(name, BufferRole.Output));

        /// <summary>An output's elements, which no other thread's run changes: it is given outputs of its own.</summary>
        /// <exception cref="RuntimeException">SGC5003 wrong type, SGC5004 no such output.</exception>
        public ReadOnlySpan<T> HandOut<T>(string name) where T : unmanaged
        {
            var elements = Read<T>(name);
            // A span stays on its thread's stack, so that the thread's number tells all who may hold one.
            var thread = Environment.CurrentManagedThreadId;
            ref var holder = ref executable._holder;
            holder = holder == Holder.None || holder == thread ? thread : Holder.Several;
            return elements;
        }

        /// <summary>Copies an output into the caller's memory.</summary>
        /// <exception cref="RuntimeException">SGC5001 wrong length, SGC5003 wrong type, SGC5004 no such output.</exception>
        public void Copy<T>(string name, Span<T> to) where T : unmanaged
        {
            var elements = Read<T>(name);
            if (to.Length != elements.Length) throw executable.OutputLengthError(name, to.Length);
            elements.CopyTo(to);
        }

        /// <summary>A part of the arena, for what a step leaves there beside its scratch values.</summary>
        /// <remarks>For as long as the executable is entered: this is native memory.</remarks>
        /// <param name="offset">Byte offset, a multiple of the element size.</param>
        /// <param name="count">Number of elements.</param>
        public Span<T> Arena<T>(long offset, int count) where T : unmanaged
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + (long)count * sizeof(T), executable.Layout.ArenaBytes);
            return new Span<T>(executable._arenaStart + offset, count);
        }

        /// <summary>Leaves the executable.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Dispose() => executable.Exit();
    }

    private void CheckCount(int inputs)
    {
        if (inputs != _inputs.Length) throw CountError(inputs);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private RuntimeException OutputLengthError(string name, int given)
    {
        var buffer = Layout.Buffers[Find(name, BufferRole.Output)];
        return new(RuntimeCode.WrongLength, $"output '{name}' is {buffer.TypeText}: {buffer.Elements} elements expected, {given} given");
    }
}
