using System.Collections.Immutable;
using System.Runtime.InteropServices;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.IR;
using GraphCompiler.Passes;

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

        TensorType[] types = [.. function.Parameters.Select(p => p.Type), .. function.Results.Select(r => r.Type)];
        var buffers = (void**)NativeMemory.AllocZeroed((nuint)types.Length, (nuint)sizeof(void*));
        var arena = NativeMemory.AlignedAlloc((nuint)program.ArenaBytes + 64, 64);
        var barrier = NativeMemory.AlignedAlloc(128, 64);
        NativeMemory.Clear(barrier, 128);
        for (var i = 0; i < types.Length; i++)
        {
            buffers[i] = NativeMemory.AlignedAlloc((nuint)Math.Max(types[i].Bytes, 64), 64);
            if (i < arguments.Length) Write(arguments[i], (byte*)buffers[i]);
        }
        var threads = Enumerable.Range(1, workers - 1).Select(w => new Thread(() => step(buffers, (byte*)arena, w, workers, barrier))).ToArray();
        foreach (var thread in threads) thread.Start();
        step(buffers, (byte*)arena, 0, workers, barrier);
        foreach (var thread in threads) thread.Join();
        var results = function.Results.Select((r, i) => Read(r.Type, (byte*)buffers[function.Parameters.Length + i])).ToArray();
        for (var i = 0; i < types.Length; i++) NativeMemory.AlignedFree(buffers[i]);
        NativeMemory.Free(buffers);
        NativeMemory.AlignedFree(arena);
        NativeMemory.AlignedFree(barrier);
        return results;
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
