using System.Runtime.InteropServices;

namespace GraphCompiler.Runtime;

/// <summary>Zeroed native memory, aligned for vector code, freed when disposed or unreachable.</summary>
/// <remarks>
/// Alignment is 64 bytes, or 2 MiB from 2 MiB on, where Linux is also asked for huge pages: a large arena then needs
/// few TLB entries. All native memory of the runtime comes from here, so the counters tell whether a step allocates.
/// No span of it leaves the runtime: what is handed out is in <see cref="PinnedMemory"/>.
/// </remarks>
public sealed unsafe partial class NativeMemoryBlock : SafeHandle
{
    private const int HugePage = 2 << 20;
    private const int SmallPage = 4096;
    private const long AddressSpace = 1L << 47; // Of a process on x86-64.
    // Of Linux's mman.h: MADV_HUGEPAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS.
    private const int AdviseHuge = 14, ReadWrite = 1 | 2, PrivateAnonymous = 2 | 0x20;

    private static long s_liveBytes;
    [ThreadStatic] private static long t_allocations;

    private readonly long _allocated;
    private readonly bool _isMapped;

    /// <summary>Allocates zeroed memory.</summary>
    /// <param name="bytes">At least 0. A block of no bytes still has a valid pointer.</param>
    /// <exception cref="RuntimeException">SGC5010: the memory cannot be allocated.</exception>
    public NativeMemoryBlock(long bytes) : base(0, ownsHandle: true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (bytes > AddressSpace) throw OutOfMemoryError(bytes);
        Bytes = bytes;
        // Whole cache lines: no two blocks share one, and a masked vector at the end stays inside.
        _allocated = (Math.Max(bytes, 1) + KernelAbi.Alignment - 1) / KernelAbi.Alignment * KernelAbi.Alignment;
        _isMapped = bytes >= HugePage && OperatingSystem.IsLinux();
        try
        {
            SetHandle((nint)(_isMapped ? MapPages((nuint)_allocated) : AllocateCleared((nuint)_allocated, (nuint)AlignmentOf(bytes))));
        }
        catch (OutOfMemoryException e)
        {
            throw OutOfMemoryError(bytes, e);
        }
        Interlocked.Add(ref s_liveBytes, _allocated);
        t_allocations++;
    }

    /// <summary>Bytes of native memory that the runtime holds at this moment, in this process.</summary>
    public static long LiveBytes => Interlocked.Read(ref s_liveBytes);

    /// <summary>How many blocks the calling thread has allocated; it never falls.</summary>
    public static long AllocationsForCurrentThread => t_allocations;

    /// <summary>Usable bytes, as asked for.</summary>
    public long Bytes { get; }

    /// <summary>The first byte. Valid until the block is disposed; the caller keeps the block reachable.</summary>
    /// <exception cref="RuntimeException">SGC5002: the block is disposed.</exception>
    internal byte* Address => IsClosed
        ? throw new RuntimeException(RuntimeCode.Disposed, "a native memory block is used after it was disposed")
        : (byte*)handle;

    internal nint Start => (nint)Address;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        if (_isMapped) _ = Unmap((void*)handle, (nuint)_allocated);
        else NativeMemory.AlignedFree((void*)handle);
        Interlocked.Add(ref s_liveBytes, -_allocated);
        return true;
    }

    /// <summary>The alignment of a block of so many bytes.</summary>
    internal static int AlignmentOf(long bytes) => bytes >= HugePage ? HugePage : KernelAbi.Alignment;

    /// <summary>Asks Linux for huge pages under memory that is not yet touched and has its <see cref="AlignmentOf"/>.</summary>
    internal static void AdviseHugePages(void* start, long bytes)
    {
        // Advice: may be refused.
        if (bytes >= HugePage && OperatingSystem.IsLinux()) _ = Advise(start, (nuint)bytes / HugePage * HugePage, AdviseHuge);
    }

    internal static RuntimeException OutOfMemoryError(long bytes, Exception? cause = null) =>
        new(RuntimeCode.OutOfMemory, $"{bytes} bytes of memory are not to be had", cause);

    private static void* AllocateCleared(nuint bytes, nuint alignment)
    {
        var memory = NativeMemory.AlignedAlloc(bytes, alignment);
        NativeMemory.Clear(memory, bytes);
        return memory;
    }

    // Pages of the kernel are zero when they are first touched, so nothing is cleared here, nor touched that is never used.
    private static void* MapPages(nuint bytes)
    {
        var mapped = bytes + HugePage;
        var start = (byte*)Map(null, mapped, ReadWrite, PrivateAnonymous, -1, 0);
        if ((nint)start == -1) throw new InsufficientMemoryException();
        var aligned = (byte*)(((nuint)start + HugePage - 1) / HugePage * HugePage);
        var pages = (bytes + SmallPage - 1) / SmallPage * SmallPage;
        if (aligned > start) _ = Unmap(start, (nuint)(aligned - start));
        _ = Unmap(aligned + pages, (nuint)(start + mapped - (aligned + pages)));
        AdviseHugePages(aligned, (long)bytes);
        return aligned;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
