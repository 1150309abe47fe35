using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GraphCompiler.Runtime;

/// <summary>Loops that go through memory and do little else: the second limit of a <see cref="Roofline"/>.</summary>
internal static unsafe class StreamLoops
{
    /// <summary>Goes some times through bytes, a multiple of 192, from an address on.</summary>
    public delegate void Stream(nint start, long bytes, long times);

    /// <summary>A copy, which may bypass the caches; z = x + y, which has most loads and stores side by side; and a sum, which only
    /// reads.</summary>
    public static IReadOnlyList<Stream> All { get; } = [Copy, Add, Sum];

    private static void Copy(nint start, long bytes, long times)
    {
        var half = (int)(bytes / 2);
        for (var t = 0L; t < times; t++) new ReadOnlySpan<byte>((void*)start, half).CopyTo(new Span<byte>((byte*)start + half, half));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(nint start, long bytes, long times)
    {
        var third = (nint)(bytes / 3);
        byte* x = (byte*)start, y = x + third, z = y + third;
        for (var t = 0L; t < times; t++)
            for (nint i = 0; i < third; i += 64)
                Vector512.Store(Vector512.Load((float*)(x + i)) + Vector512.Load((float*)(y + i)), (float*)(z + i));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sum(nint start, long bytes, long times)
    {
        Vector512<int> a = default, b = default, c = default;
        for (var t = 0L; t < times; t++)
            for (byte* x = (byte*)start, end = x + bytes; x < end; x += 192)
            {
                a ^= Vector512.Load((int*)x);
                b ^= Vector512.Load((int*)(x + 64));
                c ^= Vector512.Load((int*)(x + 128));
            }
        FmaLoop.Sink((a ^ b ^ c)[0]);
    }
}
