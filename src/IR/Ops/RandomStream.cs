using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>The random words of one draw in one step: element i has the words of the <see cref="Philox"/> block of counter (i, Counter) and
/// key Key, which depend on step, seed and stream as <see cref="RandomBits"/> says.</summary>
internal readonly record struct RandomStream(uint Counter, uint Key)
{
    /// <summary>Of a step, by the reference meaning.</summary>
    public static RandomStream Of(ulong step, ulong seed, uint stream)
    {
        var (half0, half1) = Philox.Block((uint)step, (uint)(step >> 32), (uint)seed);
        var (key, counter) = Philox.Block(half0, half1, (uint)(seed >> 32));
        return new(counter ^ stream, key);
    }

    /// <summary>Both words of an element.</summary>
    public (uint Word0, uint Word1) Words(uint element) => Philox.Block(element, Counter, Key);

    /// <summary>Counter and key of a step, i64, computed by a kernel.</summary>
    public static (ScalarExpr Counter, ScalarExpr Key) Lower(ScalarExpr step, ulong seed, uint stream)
    {
        static ScalarExpr Word(ulong value) => ScalarExpr.Constant(DType.U32, (uint)value);
        var low = step.ConvertTo(DType.U32);
        var high = ScalarExpr.Binary(BinaryKind.ShiftRightLogical, step, ScalarExpr.Constant(DType.I64, 32)).ConvertTo(DType.U32);
        var (half0, half1) = Philox.Block(low, high, Word(seed));
        var (key, counter) = Philox.Block(half0, half1, Word(seed >> 32));
        return (ScalarExpr.Binary(BinaryKind.Xor, counter, Word(stream)), key);
    }
}
