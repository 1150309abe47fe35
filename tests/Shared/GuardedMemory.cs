using System.Runtime.InteropServices;

namespace GraphCompiler.Tests.Shared;

/// <summary>Which end of a buffer touches a page that must not be accessed.</summary>
internal enum Placement
{
    /// <summary>What is read or written before the first byte ends the process.</summary>
    Start,
    /// <summary>What is read or written beyond the last byte ends the process.</summary>
    End,
}

/// <summary>Memory between two pages that cannot be accessed, filled with a pattern that is a NaN in every floating type.</summary>
/// <remarks>Where there are no such pages (not Linux) it is plain memory with the same pattern around it.</remarks>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    public const byte Poison = 0xFF;
    // Of Linux's mman.h: PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS.
    private const int ReadWrite = 1 | 2, PrivateAnonymous = 2 | 0x20;

    private readonly byte* _mapped;
    private readonly nuint _length;
    private readonly byte* _usable;
    private readonly nuint _usableBytes;

    /// <summary>Maps memory for <paramref name="bytes"/> bytes whose address is a multiple of <paramref name="alignment"/>.</summary>
    public GuardedMemory(long bytes, int alignment, Placement placement)
    {
        Bytes = bytes;
        var page = (nuint)Environment.SystemPageSize;
        _usableBytes = ((nuint)Math.Max(bytes, 1) + page - 1) / page * page;
        _length = _usableBytes + 2 * page;
        _mapped = OperatingSystem.IsLinux() ? Map(null, _length, ReadWrite, PrivateAnonymous, -1, 0)
            : (byte*)NativeMemory.AlignedAlloc(_length, page);
        if ((nint)_mapped == -1) throw new InvalidOperationException($"no {_length} bytes of guarded memory");
        _usable = _mapped + page;
        NativeMemory.Fill(_usable, _usableBytes, Poison);
        Address = placement == Placement.Start ? _usable : _usable + (_usableBytes - (nuint)bytes) / (nuint)alignment * (nuint)alignment;
        if (OperatingSystem.IsLinux() && (Protect(_mapped, page, 0) != 0 || Protect(_usable + _usableBytes, page, 0) != 0))
            throw new InvalidOperationException($"mprotect: error {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>The first byte.</summary>
    public byte* Address { get; }

    /// <summary>Usable bytes, as asked for.</summary>
    public long Bytes { get; }

    public Span<byte> Content => new(Address, checked((int)Bytes));

    /// <summary>Whether the bytes around the buffer, within its pages, still hold the pattern.</summary>
    public bool IsSurroundingIntact
    {
        get
        {
            var before = (int)(Address - _usable);
            return !new ReadOnlySpan<byte>(_usable, before).ContainsAnyExcept(Poison)
                && !new ReadOnlySpan<byte>(Address + Bytes, (int)((long)_usableBytes - before - Bytes)).ContainsAnyExcept(Poison);
        }
    }

    public void Dispose()
    {
        if (OperatingSystem.IsLinux()) _ = Unmap(_mapped, _length);
        else NativeMemory.AlignedFree(_mapped);
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial byte* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);
}
