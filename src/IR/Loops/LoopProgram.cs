using System.Collections.Immutable;

namespace GraphCompiler.IR.Loops;

/// <summary>Which memory a program's buffer is assigned to.</summary>
public enum StorageKind
{
    /// <summary>Given by the caller: input, state or output number <see cref="Storage.Index"/>.</summary>
    External,
    /// <summary>At byte <see cref="Storage.Index"/> of the arena.</summary>
    Arena,
    /// <summary>Constant number <see cref="Storage.Index"/> of the program.</summary>
    Constant,
}

/// <summary>What a buffer is assigned to.</summary>
/// <param name="Kind">Which memory.</param>
/// <param name="Index">Number of the external buffer or constant, or byte offset in the arena.</param>
public readonly record struct Storage(StorageKind Kind, long Index);

/// <summary>One call of a kernel.</summary>
/// <param name="Kernel">What runs.</param>
/// <param name="Arguments">The storage of each of the kernel's arguments.</param>
/// <param name="IsParallel">Whether all workers take part; else the first alone does.</param>
/// <param name="NeedsBarrier">Whether a barrier precedes it, since it reads or overwrites what another worker may still use.</param>
public sealed record KernelCall(Kernel Kernel, ImmutableArray<Storage> Arguments, bool IsParallel, bool NeedsBarrier);

/// <summary>A value in the arena, for as long as it is needed.</summary>
/// <param name="Value">The <see cref="IR.Value.Id"/> that it has in the function that was lowered.</param>
/// <param name="Type">Its type.</param>
/// <param name="Offset">Of its first byte in the arena.</param>
/// <param name="First">The call that writes it.</param>
/// <param name="Last">The last call that reads it, or the first where nothing does.</param>
public sealed record BufferLifetime(int Value, TensorType Type, long Offset, int First, int Last);

/// <summary>A compiled step before code generation: kernels in order, and the storage of every buffer.</summary>
/// <param name="Name">The function's name.</param>
/// <param name="Calls">In execution order.</param>
/// <param name="Constants">Tensors with given elements.</param>
/// <param name="ExternalCount">Number of external buffers.</param>
/// <param name="ArenaBytes">Size of the arena, kernels' scratch included.</param>
/// <param name="SharedScratch">Byte offset of the scratch that kernels share between workers.</param>
/// <param name="WorkerScratch">Byte offset of the first worker's scratch.</param>
/// <param name="WorkerScratchBytes">Bytes of scratch for each worker.</param>
/// <param name="KeepAllBytes">Bytes that temporaries would take if none shared memory with another.</param>
public sealed record LoopProgram(string Name, ImmutableArray<KernelCall> Calls, ImmutableArray<Literal> Constants,
    int ExternalCount, long ArenaBytes, long SharedScratch, long WorkerScratch, long WorkerScratchBytes, long KeepAllBytes)
{
    /// <summary>Whether any call uses more than one worker.</summary>
    public bool IsParallel => Calls.Any(c => c.IsParallel);

    /// <summary>What is in the arena when, scratch aside.</summary>
    public ImmutableArray<BufferLifetime> Lifetimes { get; init; } = [];

    /// <summary>For each call the <see cref="Operation.Id"/> of what it was lowered from, or -1 for a copy.</summary>
    public ImmutableArray<int> LoweredFrom { get; init; } = [];

    /// <summary>Byte offset in the arena of one 64-bit count of clock ticks for each call, to which the step adds; null where nothing is
    /// timed.</summary>
    public long? TicksOffset { get; init; }

    /// <summary>Whether subnormal numbers keep their value. They count as zero otherwise, since many processors take some hundred cycles
    /// for an instruction with a subnormal operand or result.</summary>
    public bool KeepsSubnormals { get; init; }

    /// <summary>The same program, timed: its arena holds the ticks of each call, waiting for other workers included.</summary>
    public LoopProgram WithTicks()
    {
        var offset = LoopBuffer.Align(ArenaBytes);
        return this with { TicksOffset = offset, ArenaBytes = offset + LoopBuffer.Align(sizeof(long) * Calls.Length) };
    }
}
