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
            if (i < arguments.Length) arguments[i].ToBytes().CopyTo(new Span<byte>(buffers[i], (int)types[i].Bytes));
        }
        var threads = Enumerable.Range(1, workers - 1).Select(w => new Thread(() => step(buffers, (byte*)arena, w, workers, barrier))).ToArray();
        foreach (var thread in threads) thread.Start();
        step(buffers, (byte*)arena, 0, workers, barrier);
        foreach (var thread in threads) thread.Join();
        var results = function.Results.Select((r, i) => Literal.FromBytes(r.Type, new ReadOnlySpan<byte>(buffers[function.Parameters.Length + i], (int)r.Type.Bytes))).ToArray();
        for (var i = 0; i < types.Length; i++) NativeMemory.AlignedFree(buffers[i]);
        NativeMemory.Free(buffers);
        NativeMemory.AlignedFree(arena);
        NativeMemory.AlignedFree(barrier);
        return results;
    }
}
