namespace GraphCompiler.Runtime;

/// <summary>What generated code and the runtime agree on.</summary>
/// <remarks>
/// <para>The native entry of a compiled step has the C signature
/// <c>void step(void** buffers, uint8_t* arena, int64_t worker, int64_t workers, void* barrier)</c>.</para>
/// <para><c>buffers</c> holds one pointer per <see cref="ExecutableLayout.Buffers"/> entry, in that order. Every worker
/// of the team calls the entry with the same arguments but its own <c>worker</c> in [0, workers). Generated code splits
/// the work by it and meets at barriers on the control block <c>barrier</c>, which is zero before the first run and
/// belongs to generated code from then on.</para>
/// <para>Inputs are aligned to their element size; states, outputs, the arena and the control block to
/// <see cref="Alignment"/> bytes. The entry must not throw or unwind.</para>
/// </remarks>
public static class KernelAbi
{
    /// <summary>Changes whenever a compiled step of an older runtime could no longer be called.</summary>
    public const int Version = 2;

    /// <summary>Bytes that states, outputs, the arena and the barrier block are aligned to: one cache line.</summary>
    public const int Alignment = 64;

    /// <summary>Bytes of the barrier's control block.</summary>
    public const int BarrierBytes = 128;

    /// <summary>Offset in bytes of the count of workers that have arrived.</summary>
    public const int BarrierCountOffset = 0;

    /// <summary>Offset in bytes of the generation that waiting workers watch, on a cache line of its own.</summary>
    public const int BarrierGenerationOffset = 64;
}
