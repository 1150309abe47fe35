using System.Runtime.InteropServices;
using GraphCompiler.IR;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;
using GraphCompiler.Tests.Shared;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>A compiled function of one f32 vector, run on one worker by any number of threads at once, without literals between.</summary>
internal sealed unsafe class SweptFunction : IDisposable
{
    private readonly Function _function;
    private readonly long _arenaBytes;
    private readonly LoadedCode _code;
    private readonly delegate* unmanaged<void**, byte*, long, long, void*, void> _step;

    public SweptFunction(Function function)
    {
        _function = JitFunction.Optimized(function, Pipeline.Training);
        var program = JitFunction.Lower(_function, [.. _function.Results.Select(_ => -1)], 1, null);
        _arenaBytes = program.ArenaBytes;
        _code = Jit.Load(StepCompiler.Compile(program, TargetInfo.Create()));
        _step = (delegate* unmanaged<void**, byte*, long, long, void*, void>)_code.Symbol(StepCompiler.EntryName);
    }

    /// <summary>The results' elements.</summary>
    public float[][] Run(ReadOnlySpan<float> x)
    {
        using var block = new BarrierBlock(workers: 1);
        GuardedMemory[] buffers = [.. _function.Parameters.Concat(_function.Results).Select(v => v.Type.Bytes).Append(_arenaBytes)
            .Select(bytes => new GuardedMemory(bytes, KernelAbi.Alignment, Placement.Start))];
        try
        {
            MemoryMarshal.AsBytes(x).CopyTo(buffers[0].Content);
            fixed (nint* pointers = (nint[])[.. buffers[..^1].Select(b => (nint)b.Address)])
                _step((void**)pointers, buffers[^1].Address, 0, 1, (void*)block.Address);
            return [.. buffers[1..^1].Select(b => MemoryMarshal.Cast<byte, float>(b.Content).ToArray())];
        }
        finally
        {
            foreach (var buffer in buffers) buffer.Dispose();
        }
    }

    public void Dispose() => _code.Dispose();
}
