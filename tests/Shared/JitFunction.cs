using System.Collections.Immutable;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;

namespace GraphCompiler.Tests.Shared;

/// <summary>Compiles a function through the whole pipeline and runs it on literals, on any number of workers.</summary>
internal static unsafe class JitFunction
{
    public static Literal[] Run(Function function, ReadOnlySpan<Literal> arguments, int workers = 1, bool optimize = true,
        double? parallelWork = null, ConvolutionAlgorithm algorithm = ConvolutionAlgorithm.ByCost)
    {
        var passes = optimize ? Pipeline.Training : [.. Pipeline.Training.Where(p => p.Required)];
        return RunFused(Optimized(function, passes), arguments, workers, parallelWork, algorithm: algorithm);
    }

    /// <summary>Arguments between -1 and 1, as each parameter's type rounds them.</summary>
    public static Literal[] Draw(Function function, int seed)
    {
        var random = new Random(seed);
        return [.. function.Parameters.Select(p => Literal.Rounded(p.Type,
            [.. Enumerable.Range(0, (int)p.Shape.ElementCount).Select(_ => (Scalar)(2 * random.NextDouble() - 1))]))];
    }

    /// <summary>Runs some passes, each of which is verified.</summary>
    public static Function Optimized(Function function, IReadOnlyList<PassEntry> passes) =>
        new PassRunner(passes).Run(function, new PassContext { VerifyEach = true });

    /// <summary>Lowers and runs a function that the fuse pass has already seen.</summary>
    /// <param name="function">The function.</param>
    /// <param name="arguments">Its parameters' elements.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="parallelWork">Scalar operations from which a kernel is shared; none when null.</param>
    /// <param name="donated">For each result the parameter that it replaces, or -1; nothing is replaced by default.</param>
    /// <param name="choices">The ways that kernels take, by their task; the first by default.</param>
    /// <param name="algorithm">Of convolutions.</param>
    public static Literal[] RunFused(Function function, ReadOnlySpan<Literal> arguments, int workers = 1, double? parallelWork = null,
        ImmutableArray<int> donated = default, IReadOnlyDictionary<string, int>? choices = null,
        ConvolutionAlgorithm algorithm = ConvolutionAlgorithm.ByCost)
    {
        if (donated.IsDefault) donated = [.. Enumerable.Repeat(-1, function.Results.Length)];
        var program = Lower(function, donated, workers, parallelWork, choices, algorithm);
        using var code = Jit.Load(Compile(program));
        return Call(code.Symbol(StepCompiler.EntryName), function, program, arguments, workers, donated);
    }

    // The last programs that a thread compiled: another way to the same loops, or another number of threads, runs the same object.
    [ThreadStatic] private static Queue<(string Key, byte[] Code)>? t_compiled;

    private static byte[] Compile(LoopProgram program)
    {
        const int Kept = 8;
        var target = TargetInfo.Create();
        if (PassContext.FromEnvironment().DumpDirectory is { } dump) return StepCompiler.Compile(program, target, dump);
        var compiled = t_compiled ??= new();
        var key = ObjectCache.KeyOf(program, target);
        if (compiled.FirstOrDefault(c => c.Key == key).Code is { } found) return found;
        var code = StepCompiler.Compile(program, target);
        if (compiled.Count == Kept) compiled.Dequeue();
        compiled.Enqueue((key, code));
        return code;
    }

    /// <summary>Lowers a fused function; the program is verified. An odd number of workers claim chunks wherever a kernel allows it,
    /// an even number in large kernels only.</summary>
    public static LoopProgram Lower(Function function, ImmutableArray<int> donated, int workers, double? parallelWork,
        IReadOnlyDictionary<string, int>? choices = null, ConvolutionAlgorithm algorithm = ConvolutionAlgorithm.ByCost)
    {
        var target = TargetInfo.Create();
        var traits = target.Traits(workers);
        return LowerToLoops.Lower(function, donated, traits, parallelWork ?? 0, verifies: true, algorithm, choices,
            claimedWork: workers % 2 == 1 ? 0 : LowerToLoops.ClaimedWork);
    }

    /// <summary>Runs the compiled step of a function.</summary>
    public static Literal[] Call(nint address, Function function, LoopProgram program,
        ReadOnlySpan<Literal> arguments, int workers, ImmutableArray<int> donated)
    {
        var step = (delegate* unmanaged<void**, byte*, long, long, void*, void>)address;
        using var running = new RunningCase(function);
        var call = new GuardedCall(function, donated, program.ArenaBytes);
        var (atEnd, atStart) = (call.Run(step, arguments, workers, Placement.End), call.Run(step, arguments, workers, Placement.Start));
        for (var r = 0; r < atEnd.Length; r++)
            if (!atEnd[r].AsSpan().SequenceEqual(atStart[r]))
                throw new InvalidOperationException($"result {r} depends on where buffers are\n{function}");
        return [.. function.Results.Select((r, i) => Literal.FromBytes(r.Type, atEnd[i]))];
    }

    /// <summary>A call whose buffers are surrounded by guard pages. Inputs are aligned to their elements, state and results to a cache
    /// line, as the ABI promises; everything but inputs and state is NaN at first.</summary>
    private sealed class GuardedCall(Function function, ImmutableArray<int> donated, long arenaBytes)
    {
        public byte[][] Run(delegate* unmanaged<void**, byte*, long, long, void*, void> step,
            ReadOnlySpan<Literal> arguments, int workers, Placement placement)
        {
            GuardedMemory[] inputs = [.. function.Parameters.Select((p, i) =>
                Allocate(p.Type, donated.Contains(i) ? KernelAbi.Alignment : p.DType.Bytes, placement))];
            GuardedMemory[] results = [.. function.Results.Where((_, i) => donated[i] < 0)
                .Select(r => Allocate(r.Type, KernelAbi.Alignment, placement))];
            using var arena = new GuardedMemory(arenaBytes, KernelAbi.Alignment, placement);
            for (var i = 0; i < inputs.Length; i++) arguments[i].ToBytes().CopyTo(inputs[i].Content);
            byte[][] before = [.. inputs.Select(b => b.Content.ToArray())];
            JitFunction.Run(step, [.. inputs.Concat(results).Select(b => (nint)b.Address)], arena.Address, workers);
            for (var i = 0; i < inputs.Length; i++)
                if (!donated.Contains(i) && !inputs[i].Content.SequenceEqual(before[i]))
                    throw new InvalidOperationException($"input {i} is written to\n{function}");
            if (!inputs.Concat(results).Append(arena).All(b => b.IsSurroundingIntact))
                throw new InvalidOperationException($"memory beside a buffer is written to\n{function}");
            var output = 0;
            byte[][] contents = [.. function.Results.Select((r, i) =>
                (donated[i] >= 0 ? inputs[donated[i]] : results[output++]).Content[..(int)r.Type.Bytes].ToArray())];
            foreach (var buffer in inputs.Concat(results)) buffer.Dispose();
            return contents;
        }

        private static GuardedMemory Allocate(TensorType type, int alignment, Placement placement) =>
            new(Math.Max(type.Bytes, type.DType.Bytes), alignment, placement);
    }

    private static void Run(delegate* unmanaged<void**, byte*, long, long, void*, void> step, nint[] addresses, byte* arena, int workers)
    {
        using var block = new BarrierBlock(workers);
        var barrier = (void*)block.Address;
        fixed (nint* pointers = addresses.Append(0).ToArray())
        {
            var buffers = (void**)pointers;
            var threads = Enumerable.Range(1, workers - 1)
                .Select(w => new Thread(() => step(buffers, arena, w, workers, barrier))).ToArray();
            foreach (var thread in threads) thread.Start();
            step(buffers, arena, 0, workers, barrier);
            foreach (var thread in threads) thread.Join();
        }
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
}
