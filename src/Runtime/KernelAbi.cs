namespace GraphCompiler.Runtime;

/// <summary>What generated code and the runtime agree on.</summary>
/// <remarks>
/// <para>The native entry of a compiled step has the C signature
/// <c>void step(void** buffers, uint8_t* arena, int64_t worker, int64_t workers, void* barrier)</c>.</para>
/// <para><c>buffers</c> holds one pointer per <see cref="ExecutableLayout.Buffers"/> entry, in that order. Every worker
/// calls the entry with the same arguments but its own <c>worker</c> in [0, workers). Generated code splits the work by it
/// and synchronizes at barriers on the control block <c>barrier</c>, a <see cref="BarrierBlock"/>.</para>
/// <para>The control block is zero except for two functions that the runtime supplies, of the C signatures
/// <c>void wait(void* barrier, int64_t generation, int64_t workers)</c> and <c>void wake(void* barrier)</c>. A worker that has
/// looked <see cref="BarrierSpins"/> times for a new generation calls the first, which returns when there is one and sets
/// <see cref="BarrierSleeps"/> in the count before it sleeps. The last to arrive, where it finds that bit in the count, calls the second
/// after it has set the count to zero and begun a new generation.</para>
/// <para>Where workers claim chunks of one another's ranges of a loop, each adds 1 to the count of a range for every chunk that it
/// claims, and once more where none is left: the last of all workers to find none sets the count to zero again.</para>
/// <para>Inputs are aligned to their element size; states, outputs, the arena and the control block to
/// <see cref="Alignment"/> bytes. The entry must not throw or unwind.</para>
/// </remarks>
public static class KernelAbi
{
    /// <summary>Changes whenever a compiled step or a facade of an older runtime could no longer be called.</summary>
    public const int Version = 4;

    /// <summary>Bytes that states, outputs, the arena and the barrier block are aligned to: one cache line.</summary>
    public const int Alignment = 64;

    /// <summary>Bytes of the control block of a step that so many workers may run.</summary>
    public static int BarrierBytes(int workers) => ClaimsOffset + workers * ClaimBytes;

    /// <summary>Offset in bytes of the i64 that counts, in its low 32 bits, the workers that have arrived.</summary>
    public const int BarrierCountOffset = 0;

    /// <summary>The bit of the count that says that a worker sleeps, or is about to.</summary>
    public const long BarrierSleeps = 1L << 32;

    /// <summary>Offset in bytes of the i64 generation that waiting workers watch, on a cache line of its own.</summary>
    public const int BarrierGenerationOffset = 64;

    /// <summary>Offset in bytes of the address of <c>wait</c>.</summary>
    public const int BarrierWaitOffset = 72;

    /// <summary>Offset in bytes of the address of <c>wake</c>.</summary>
    public const int BarrierWakeOffset = 80;

    /// <summary>Offset in bytes of the first worker's i64 that counts the chunks of its range of a loop that have been claimed.</summary>
    public const int ClaimsOffset = 128;

    /// <summary>Bytes from a worker's count of claims to the next worker's: each has a cache line of its own.</summary>
    public const int ClaimBytes = 64;

    /// <summary>How often a worker looks for a new generation, a pause before each look, before it calls <c>wait</c>: for 10 to 50 µs, as
    /// processors differ in the length of a pause.</summary>
    public const int BarrierSpins = 1024;
}
