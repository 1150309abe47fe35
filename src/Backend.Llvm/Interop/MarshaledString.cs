using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace LLVMSharp.Interop;

/// <summary>A zero-terminated UTF-8 copy of a string, freed on disposal.</summary>
public unsafe struct MarshaledString : IDisposable
{
    private IntPtr _owned;

    public MarshaledString(ReadOnlySpan<char> input)
    {
        if (input.IsEmpty)
        {
            // Most values are unnamed; their name is a literal in the image and costs no allocation.
            Value = (sbyte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference("\0"u8));
            return;
        }
        Length = Encoding.UTF8.GetByteCount(input);
        _owned = Marshal.AllocCoTaskMem(Length + 1);
        Value = (sbyte*)_owned;
        var bytes = new Span<byte>(Value, Length + 1);
        Encoding.UTF8.GetBytes(input, bytes);
        bytes[Length] = 0;
    }

    public int Length { get; private set; }

    public sbyte* Value { get; private set; }

    public static implicit operator sbyte*(in MarshaledString value) => value.Value;

    public void Dispose()
    {
        Marshal.FreeCoTaskMem(_owned);
        _owned = IntPtr.Zero;
        Value = null;
        Length = 0;
    }
}
