using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace GraphCompiler.Runtime;

/// <summary>Zeroed memory that spans are handed out of: a pinned array of the garbage collector's, aligned for vector code.</summary>
/// <remarks>
/// A span refers into the array and so keeps it alive, whatever else is disposed or collected; native memory cannot be held that way
/// (docs/adr/0011). The array holds no references, so the collector never looks into it, and pinned, so that it never copies it.
/// Alignment is that of <see cref="NativeMemoryBlock"/>: 64 bytes, or 2 MiB with the advice to use huge pages from 2 MiB on.
/// </remarks>
internal sealed unsafe class PinnedMemory
{
    private readonly CacheLine[] _lines;
    private readonly nuint _offset; // Of the first aligned byte, from the array's first.

    /// <summary>Allocates zeroed memory.</summary>
    /// <param name="bytes">At least 0. Memory of no bytes still has a valid pointer.</param>
    /// <exception cref="RuntimeException">SGC5010: the memory cannot be allocated.</exception>
    public PinnedMemory(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Bytes = bytes;
        var alignment = NativeMemoryBlock.AlignmentOf(bytes);
        // Whole cache lines, and room to move the first byte to the alignment.
        var lines = (bytes - 1) / KernelAbi.Alignment + 1 + alignment / KernelAbi.Alignment;
        try
        {
            if (lines > Array.MaxLength) throw new InsufficientMemoryException();
            _lines = GC.AllocateArray<CacheLine>((int)lines, pinned: true);
        }
        catch (OutOfMemoryException e)
        {
            throw NativeMemoryBlock.OutOfMemoryError(bytes, e);
        }
        var start = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_lines));
        var aligned = (start + (nuint)alignment - 1) / (nuint)alignment * (nuint)alignment;
        _offset = aligned - start;
        Address = (byte*)aligned;
        NativeMemoryBlock.AdviseHugePages(Address, bytes);
    }

    /// <summary>Usable bytes, as asked for.</summary>
    public long Bytes { get; }

    /// <summary>The first byte. Valid while this object is reachable.</summary>
    public byte* Address { get; }

    /// <summary>The first elements, in a span that keeps them alive.</summary>
    /// <param name="count">At least 0; all of them must be within <see cref="Bytes"/>.</param>
    public Span<T> Elements<T>(int count) where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)count * sizeof(T), Bytes, nameof(count));
        ref var first = ref Unsafe.AddByteOffset(ref MemoryMarshal.GetArrayDataReference(_lines), _offset);
        return MemoryMarshal.CreateSpan(ref Unsafe.As<CacheLine, T>(ref first), count);
    }

    /// <summary>Some bytes, in a span that keeps them alive.</summary>
    /// <param name="start">The first; at least 0.</param>
    /// <param name="count">At least 0; all of them must lie within <see cref="Bytes"/>.</param>
    public Span<byte> Slice(long start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + count, Bytes, nameof(count));
        ref var first = ref Unsafe.AddByteOffset(ref MemoryMarshal.GetArrayDataReference(_lines), _offset + (nuint)start);
        return MemoryMarshal.CreateSpan(ref Unsafe.As<CacheLine, byte>(ref first), count);
    }

    // The element of the array: with it an array holds up to 2³¹ elements of any type that steps have.
    [StructLayout(LayoutKind.Sequential, Size = KernelAbi.Alignment)]
    private readonly struct CacheLine;
}
