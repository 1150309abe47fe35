using System.Runtime.InteropServices;

namespace GraphCompiler.Runtime;

/// <summary>Zeroed native memory, aligned for vector code, freed when disposed or unreachable.</summary>
/// <remarks>
/// Alignment is 64 bytes, or 2 MiB from 2 MiB on, where Linux is also asked for huge pages: a large arena then needs
/// few TLB entries. All native memory of the runtime comes from here, so the counters tell whether a step allocates.
/// </remarks>
public sealed unsafe partial class NativeMemoryBlock : SafeHandle
{
    private const long HugePage = 2L << 20;
    private const int AdviseHugePages = 14; // MADV_HUGEPAGE in Linux's mman-common.h

    private static long s_liveBytes;
    private static long s_allocations;

    private readonly long _allocated;

    /// <summary>Allocates zeroed memory.</summary>
    /// <param name="bytes">At least 0. A block of no bytes still has a valid pointer.</param>
    /// <exception cref="OutOfMemoryException">The memory is not to be had.</exception>
    public NativeMemoryBlock(long bytes) : base(0, ownsHandle: true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Bytes = bytes;
        var alignment = bytes >= HugePage ? HugePage : KernelAbi.Alignment;
        // Whole cache lines: no two blocks share one, and a masked vector at the end stays inside.
        _allocated = (Math.Max(bytes, 1) + KernelAbi.Alignment - 1) / KernelAbi.Alignment * KernelAbi.Alignment;
        var memory = NativeMemory.AlignedAlloc((nuint)_allocated, (nuint)alignment);
        if (alignment == HugePage && OperatingSystem.IsLinux())
            _ = Advise(memory, (nuint)(_allocated / HugePage * HugePage), AdviseHugePages); // Advice: may be refused.
        NativeMemory.Clear(memory, (nuint)_allocated);
        SetHandle((nint)memory);
        Interlocked.Add(ref s_liveBytes, _allocated);
        Interlocked.Increment(ref s_allocations);
    }

    /// <summary>Bytes of native memory that the runtime holds at this moment, in this process.</summary>
    public static long LiveBytes => Interlocked.Read(ref s_liveBytes);

    /// <summary>How many blocks have been allocated since the process started; it never falls.</summary>
    public static long Allocations => Interlocked.Read(ref s_allocations);

    /// <summary>Usable bytes, as asked for.</summary>
    public long Bytes { get; }

    /// <summary>The first byte. Valid until the block is disposed; the caller keeps the block reachable.</summary>
    /// <exception cref="RuntimeException">SGC5002: the block is disposed.</exception>
    public byte* Address => IsClosed
        ? throw new RuntimeException(RuntimeCode.Disposed, "a native memory block is used after it was disposed")
        : (byte*)handle;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        Interlocked.Add(ref s_liveBytes, -_allocated);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
