using System.Numerics;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Bit operations and the high multiply, compiled for each integer type, scalar and by lanes, with an operand that is known and
/// one that is not, against arithmetic of any size.</summary>
[Trait("Category", "Target")]
public sealed unsafe class BitKindTests
{
    // No multiple of the lanes, so that the last vector is masked.
    private const int Count = 61;

    public static TheoryData<string, int> Cases()
    {
        var data = new TheoryData<string, int>();
        foreach (var type in DType.All.Where(t => t.IsInteger))
            foreach (var lanes in (int[])[1, 4, 16]) data.Add(type.Name, lanes);
        return data;
    }

    [Theory, MemberData(nameof(Cases))]
    public void Compiled_bits_are_those_of_exact_arithmetic(string name, int lanes)
    {
        var type = DType.Find(name)!;
        var random = new Random(5);
        Scalar[] edges = [0, 1, -1, type.Lowest, type.Highest, type.Bits - 1, type.Bits, 7];
        Scalar Draw(int i) =>
            type.Round(i % 3 != 0 ? edges[(i * 5 + i / 8) % 8] : (Scalar)random.NextInt64(long.MinValue, long.MaxValue));
        Scalar[] x = [.. Enumerable.Range(0, Count).Select(Draw)], y = [.. Enumerable.Range(0, Count).Select(i => Draw(i * 7 + 1))];
        // Counts within the type, which random numbers seldom are.
        for (var i = 0; i < Count; i += 2) y[i] = random.Next(type.Bits);
        foreach (var kind in (BinaryKind[])[BinaryKind.And, BinaryKind.Or, BinaryKind.Xor, BinaryKind.ShiftLeft,
            BinaryKind.ShiftRightLogical, BinaryKind.ShiftRightArithmetic, BinaryKind.MultiplyHigh])
        {
            AssertEqual(kind, type, x, y, Run(kind, type, x, y, known: null, lanes));
            foreach (var known in edges.Select(type.Round).Distinct())
                AssertEqual(kind, type, x, [.. x.Select(_ => known)], Run(kind, type, x, y, known, lanes));
        }
    }

    private static void AssertEqual(BinaryKind kind, DType type, Scalar[] x, Scalar[] y, Scalar[] actual)
    {
        for (var i = 0; i < x.Length; i++)
            Assert.True(Expected(kind, type, (long)x[i], (long)y[i]) == actual[i], $"{type} {x[i]} {kind} {y[i]}: {actual[i]}");
    }

    private static Scalar Expected(BinaryKind kind, DType type, BigInteger x, BigInteger y)
    {
        var size = BigInteger.One << type.Bits;
        BigInteger Unsigned(BigInteger v) => ((v % size) + size) % size;
        BigInteger Signed(BigInteger v) => Unsigned(v) is var u && u >= size / 2 ? u - size : u;
        var count = (int)BigInteger.Min(Unsigned(y), 1000);
        var exact = kind switch
        {
            BinaryKind.And => x & y,
            BinaryKind.Or => x | y,
            BinaryKind.Xor => x ^ y,
            BinaryKind.ShiftLeft => x << count,
            BinaryKind.ShiftRightLogical => Unsigned(x) >> count,
            BinaryKind.ShiftRightArithmetic => Signed(x) >> count,
            _ => (x * y) >> type.Bits,
        };
        return (Scalar)(long)(type.Kind == DTypeKind.Signed ? Signed(exact) : Unsigned(exact));
    }

    private static Scalar[] Run(BinaryKind kind, DType type, Scalar[] x, Scalar[] y, Scalar? known, int lanes)
    {
        LlvmLibrary.Load();
        LoopBuffer Buffer(string name, bool isWritten = false) => new(name, type, Count, BufferScope.Argument, isWritten);
        var (a, b, to, i) = (Buffer("x"), Buffer("y"), Buffer("to", isWritten: true), new LoopVariable("i"));
        var right = known is { } number ? ScalarExpr.Constant(type, number) : new LoadExpr(b, i.Value);
        var value = ScalarExpr.Binary(kind, new LoadExpr(a, i.Value), right);
        var loop = new ForStatement(i, Count, LoopKind.Vector, lanes, [new StoreStatement(to, i.Value, value)]);
        using var module = new ModuleEmitter("bits", TargetInfo.Create());
        LoopEmitter.Emit(module, new Kernel("bits", [a, b, to], [], [loop], [], 1), "bits", isPublic: true);
        using var code = Jit.Load(Jit.CompileToObject(module.Module, module.Target));
        var (left, other, result) = (Bytes(type, x), Bytes(type, y), new byte[Count * type.Bytes]);
        fixed (byte* p = left, q = other, r = result)
            ((delegate* unmanaged<byte*, byte*, byte*, long, long, void*, void>)code.Symbol("bits"))(p, q, r, 0, 1, null);
        return [.. Enumerable.Range(0, Count).Select(n => type.Read(result.AsSpan(n * type.Bytes, type.Bytes)))];
    }

    private static byte[] Bytes(DType type, Scalar[] values) => new Literal(type[Count], values).ToBytes();
}
