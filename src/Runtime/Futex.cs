using System.Runtime.InteropServices;

namespace GraphCompiler.Runtime;

/// <summary>Sleeping until a word of memory changes: Linux's futex(2), Windows's WaitOnAddress; elsewhere naps of a millisecond.</summary>
/// <remarks>
/// Unlike .NET's own waits these are not ended by <see cref="Thread.Interrupt"/>, whose exception must neither pass through native code
/// nor release a caller while workers still use its memory. A wait may also end early, so callers look at the word again.
/// </remarks>
internal static unsafe partial class Futex
{
    // Of Linux's futex.h: FUTEX_WAIT and FUTEX_WAKE, with FUTEX_PRIVATE_FLAG.
    private const int WaitPrivate = 0 | 128, WakePrivate = 1 | 128;
    private const uint Forever = uint.MaxValue;
    private const uint NapMicroseconds = 1000;

    private static readonly nint s_systemCall = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 202 : 98;

    /// <summary>Sleeps until <see cref="WakeAll"/>; returns at once if the word is not as expected.</summary>
    /// <param name="word">In memory that does not move.</param>
    /// <param name="expected">What the word was.</param>
    public static void Wait(int* word, int expected)
    {
        if (OperatingSystem.IsLinux()) _ = SystemCall(s_systemCall, word, WaitPrivate, expected, 0, 0, 0);
        else if (OperatingSystem.IsWindows()) _ = WaitOnAddress(word, &expected, sizeof(int), Forever);
        else _ = Nap(NapMicroseconds);
    }

    /// <summary>Wakes all that sleep on a word; the caller has changed it before.</summary>
    public static void WakeAll(int* word)
    {
        if (OperatingSystem.IsLinux()) _ = SystemCall(s_systemCall, word, WakePrivate, int.MaxValue, 0, 0, 0);
        else if (OperatingSystem.IsWindows()) WakeByAddressAll(word);
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, int* word, int operation, int value, nint timeout, nint word2, int value3);

    [LibraryImport("libc", EntryPoint = "usleep")]
    private static partial int Nap(uint microseconds);

    [LibraryImport("api-ms-win-core-synch-l1-2-0.dll")]
    private static partial int WaitOnAddress(void* address, void* compared, nuint bytes, uint milliseconds);

    [LibraryImport("api-ms-win-core-synch-l1-2-0.dll")]
    private static partial void WakeByAddressAll(void* address);
}
