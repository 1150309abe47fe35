namespace GraphCompiler.Runtime;

/// <summary>Who is inside of a store of variables: one function that replaces them, or any number of functions that read them.</summary>
/// <remarks>Nobody waits: who finds the gate held is refused. A writer enters and leaves by one compare-exchange each, which its executable
/// makes itself (docs/adr/0013).</remarks>
internal sealed class StoreGate
{
    /// <summary>Nobody is inside.</summary>
    public const int Free = 0;

    /// <summary>Beside the number of who is inside: it was disposed meanwhile, and frees its memory when it leaves.</summary>
    public const int DisposeWhenDone = 1 << 30;

    /// <summary><see cref="Free"/>, the number of who is inside alone, or minus the count of readers.</summary>
    public int Holder;

    // Of the store itself, which nobody disposes while it is inside.
    private const int Store = 1;

    private int _numbers = Store;

    /// <summary>A number for who may enter alone; no two get the same.</summary>
    public int NextNumber() => Interlocked.Increment(ref _numbers);

    /// <summary>Lets a reader in, unless somebody is inside alone.</summary>
    public bool TryEnterToRead()
    {
        var found = Volatile.Read(ref Holder);
        while (found <= Free)
        {
            var before = Interlocked.CompareExchange(ref Holder, found - 1, found);
            if (before == found) return true;
            found = before;
        }
        return false;
    }

    /// <summary>Lets a reader out.</summary>
    public void ExitFromReading() => Interlocked.Increment(ref Holder);

    /// <summary>Lets the store itself in to replace variables, if nobody is inside.</summary>
    public bool TryEnterAlone() => Interlocked.CompareExchange(ref Holder, Store, Free) == Free;

    /// <summary>Lets the store itself out.</summary>
    public void ExitAlone() => Volatile.Write(ref Holder, Free);

    /// <summary>What who comes second is told.</summary>
    public static RuntimeException Refusal() => new(RuntimeCode.ConcurrentRun,
        "a compiled function or model is used while another thread runs it, or runs a function that shares its variables;"
            + " let the threads take turns, or give each its own function and store");
}
