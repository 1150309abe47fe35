using System.Collections.Immutable;
using System.Runtime.InteropServices;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.IR;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;

namespace GraphCompiler.Tests.Shared;

/// <summary>Compiles a function through the whole pipeline and runs it on literals, on any number of workers.</summary>
internal static unsafe class CompiledFunction
{
    public static Literal[] Run(Function function, ReadOnlySpan<Literal> arguments, int workers = 1, bool optimize = true, double? parallelWork = null)
    {
        var passes = optimize ? Pipeline.Training : [.. Pipeline.Training.Where(p => p.Required)];
        var optimized = new PassRunner(passes).Run(function, new PassContext { VerifyEach = true });
        return RunFused(optimized, arguments, workers, parallelWork);
    }

    /// <summary>Lowers and runs a function that the fuse pass has already seen.</summary>
    public static Literal[] RunFused(Function function, ReadOnlySpan<Literal> arguments, int workers = 1, double? parallelWork = null)
    {
        var target = TargetInfo.Create();
        var traits = new TargetTraits(target.VectorBytes, target.VectorRegisters, target.Caches.L1, target.Caches.L2, workers);
        var donated = ImmutableArray.CreateRange(Enumerable.Repeat(-1, function.Results.Length));
        var program = LowerToLoops.Lower(function, donated, traits, parallelWork ?? 0);
        using var code = Jit.Load(StepCompiler.Compile(program, target, PassContext.FromEnvironment().DumpDirectory));
        var step = (delegate* unmanaged<void**, byte*, long, long, void*, void>)code.Symbol(StepCompiler.EntryName);
        using var running = new RunningCase(function);
        var (atEnd, atStart) = (Call(step, function, arguments, program.ArenaBytes, workers, Placement.End), Call(step, function, arguments, program.ArenaBytes, workers, Placement.Start));
        for (var r = 0; r < atEnd.Length; r++)
            if (!atEnd[r].AsSpan().SequenceEqual(atStart[r])) throw new InvalidOperationException($"result {r} depends on where buffers are\n{function}");
        return [.. function.Results.Select((r, i) => { fixed (byte* memory = atEnd[i]) return Read(r.Type, memory); })];
    }

    // Inputs are aligned to their elements and results to a cache line, as the ABI promises; everything but the inputs is NaN at first.
    private static byte[][] Call(delegate* unmanaged<void**, byte*, long, long, void*, void> step, Function function, ReadOnlySpan<Literal> arguments,
        long arenaBytes, int workers, Placement placement)
    {
        GuardedMemory[] inputs = [.. function.Parameters.Select(p => new GuardedMemory(Math.Max(p.Type.Bytes, p.DType.Bytes), p.DType.Bytes, placement))];
        GuardedMemory[] results = [.. function.Results.Select(r => new GuardedMemory(Math.Max(r.Type.Bytes, r.DType.Bytes), KernelAbi.Alignment, placement))];
        using var arena = new GuardedMemory(arenaBytes, KernelAbi.Alignment, placement);
        for (var i = 0; i < inputs.Length; i++) Write(arguments[i], inputs[i].Address);
        byte[][] before = [.. inputs.Select(b => b.Content.ToArray())];
        Run(step, [.. inputs.Concat(results).Select(b => (nint)b.Address)], arena.Address, workers);
        for (var i = 0; i < inputs.Length; i++)
            if (!inputs[i].Content.SequenceEqual(before[i])) throw new InvalidOperationException($"input {i} is written to\n{function}");
        if (!inputs.Concat(results).Append(arena).All(b => b.IsSurroundingIntact)) throw new InvalidOperationException($"memory beside a buffer is written to\n{function}");
        byte[][] contents = [.. results.Select((b, i) => b.Content[..(int)function.Results[i].Type.Bytes].ToArray())];
        foreach (var buffer in inputs.Concat(results)) buffer.Dispose();
        return contents;
    }

    private static void Run(delegate* unmanaged<void**, byte*, long, long, void*, void> step, nint[] addresses, byte* arena, int workers)
    {
        var barrier = NativeMemory.AlignedAlloc(128, 64);
        NativeMemory.Clear(barrier, 128);
        fixed (nint* pointers = addresses.Append(0).ToArray())
        {
            var buffers = (void**)pointers;
            var threads = Enumerable.Range(1, workers - 1).Select(w => new Thread(() => step(buffers, arena, w, workers, barrier))).ToArray();
            foreach (var thread in threads) thread.Start();
            step(buffers, arena, 0, workers, barrier);
            foreach (var thread in threads) thread.Join();
        }
        NativeMemory.AlignedFree(barrier);
    }

    /// <summary>A file with the function that runs, there until it has run: what is left after a crash is the case to look at.</summary>
    private sealed class RunningCase : IDisposable
    {
        private readonly string _path;

        public RunningCase(Function function)
        {
            var folder = Directory.CreateDirectory(SourceTree.PathOf("artifacts", "running")).FullName;
            _path = Path.Combine(folder, $"{Environment.ProcessId}.{Environment.CurrentManagedThreadId}.gir");
            File.WriteAllText(_path, $"// {TargetInfo.Create().Name}\n{function}");
        }

        public void Dispose() => File.Delete(_path);
    }

    private static void Write(Literal literal, byte* memory)
    {
        for (var i = 0L; i < literal.Type.Shape.ElementCount; i++)
        {
            var value = literal[i];
            switch (literal.Type.DType.Name)
            {
                case "f32": ((float*)memory)[i] = (float)value; break;
                case "f64": ((double*)memory)[i] = value; break;
                case "i32": ((int*)memory)[i] = (int)value; break;
                case "i64": ((long*)memory)[i] = (long)value; break;
                case "f16": ((Half*)memory)[i] = (Half)value; break;
                case "bf16": ((ushort*)memory)[i] = (ushort)(BitConverter.SingleToUInt32Bits((float)value) >> 16); break;
                case "u32": ((uint*)memory)[i] = (uint)value; break;
                case "i8": ((sbyte*)memory)[i] = (sbyte)value; break;
                case "u8": memory[i] = (byte)value; break;
                case "bool": memory[i] = (byte)value; break;
                default: throw new NotSupportedException(literal.Type.ToString());
            }
        }
    }

    private static Literal Read(TensorType type, byte* memory)
    {
        var values = new double[type.Shape.ElementCount];
        for (var i = 0L; i < values.Length; i++)
        {
            values[i] = type.DType.Name switch
            {
                "f32" => ((float*)memory)[i],
                "f64" => ((double*)memory)[i],
                "i32" => ((int*)memory)[i],
                "i64" => ((long*)memory)[i],
                "f16" => (double)((Half*)memory)[i],
                "bf16" => BitConverter.UInt32BitsToSingle((uint)((ushort*)memory)[i] << 16),
                "u32" => ((uint*)memory)[i],
                "i8" => ((sbyte*)memory)[i],
                "u8" or "bool" => memory[i],
                _ => throw new NotSupportedException(type.ToString()),
            };
        }
        return new Literal(type, values);
    }
}
