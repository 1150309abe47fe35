using CsCheck;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.IR.Tests;

/// <summary>Integers to the last bit, numbers that a type cannot hold, and tensors that no memory can.</summary>
public sealed class ExactTests
{
    private static readonly long[] s_special = [long.MinValue, long.MinValue + 1, -1, 0, 1, long.MaxValue, (1L << 53) + 1];
    private static readonly DType[] s_integers = [I8, I32, I64, U8, U32];
    private static readonly Gen<long> Longs = Gen.OneOf(Gen.Long, Gen.Int[0, s_special.Length - 1].Select(i => s_special[i]));

    [Fact]
    public void Integers_wrap_at_64_bits() => Gen.Select(Longs, Longs).Sample((x, y) =>
    {
        unchecked
        {
            Assert.Equal<Scalar>(x + y, (Scalar)x + y);
            Assert.Equal<Scalar>(x - y, (Scalar)x - y);
            Assert.Equal<Scalar>(x * y, (Scalar)x * y);
            Assert.Equal<Scalar>(-x, -(Scalar)x);
            Assert.Equal<Scalar>(y == 0 ? 0 : y == -1 ? -x : x / y, (Scalar)x / y);
            Assert.Equal((x < y, x <= y, x == y), ((Scalar)x < y, (Scalar)x <= y, (Scalar)x == y));
        }
    });

    // The product in 128 bits is the oracle.
    [Fact]
    public void Integer_ops_wrap_in_their_own_type() =>
        Gen.Select(Gen.Int[0, s_integers.Length - 1].Select(i => s_integers[i]), Longs, Longs).Sample((type, a, b) =>
        {
            var (x, y) = (new Literal(type[1], type.Round(a)), new Literal(type[1], type.Round(b)));
            var f = new FunctionBuilder("wrap");
            var (p, q) = (f.Parameter("x", x.Type), f.Parameter("y", y.Type));
            var dot = p.Emit(DotGeneral.Instance, default, new DotGeneral.Axes([], [], [0], [0]).Attributes, q);
            var results = ReferenceInterpreter.Run(f.Build(p + q, p * q, dot), x, y).Select(r => (Int128)(long)r[0]).ToArray();
            Int128 Wrapped(Int128 n)
            {
                var low = n & (((Int128)1 << type.Bits) - 1);
                return type.Kind == DTypeKind.Signed && low >= (Int128)1 << (type.Bits - 1) ? low - ((Int128)1 << type.Bits) : low;
            }
            var (i, j) = ((Int128)(long)x[0], (Int128)(long)y[0]);
            Assert.Equal([Wrapped(i + j), Wrapped(i * j), Wrapped(i * j)], results);
        });

    [Fact]
    public void Numbers_in_text_read_back_as_they_were_written() =>
        Gen.OneOf(Longs.Select(n => (Scalar)n), Gen.Double.Select(d => (Scalar)d)).Sample(value =>
            Scalar.TryParse(value.ToString(), out var read) && read.Equals(value) && read.GetHashCode() == value.GetHashCode());

    [Fact]
    public void Equality_tells_zeros_apart_and_is_exact()
    {
        Scalar zero = 0, minusZero = -0.0, big = (1L << 53) + 1;
        Assert.False(zero.Equals(minusZero));
        Assert.True(zero == minusZero);
        Assert.True(((Scalar)1).Equals(1.0));
        Assert.False(big.Equals((double)(1L << 53)));
        Assert.True(((Scalar)double.NaN).Equals(double.NaN));
        Assert.Equal(0, (Scalar)Scalar.Max(minusZero, 0.0));
        Assert.True(Scalar.Min(0.0, minusZero).IsNegative);
    }

    [Theory]
    [InlineData("9007199254740993")]
    [InlineData("-9223372036854775808")]
    [InlineData("9223372036854775807")]
    public void I64_survives_text_attributes_and_the_interpreter(string number)
    {
        var text = $"func @f() -> i64[2], i64[1] {{\n  %0 = constant {{dtype=i64, shape=[2], value=[{number},1]}} : i64[2]\n"
            + $"  %1 = constant {{dtype=i64, shape=[1], value={number}}} : i64[1]\n  return %0, %1\n}}\n";
        var function = IrParser.ParseFunction(text);
        Assert.Equal(text, IrPrinter.Print(function));
        var results = ReferenceInterpreter.Run(function);
        Assert.Equal<Scalar>([long.Parse(number, System.Globalization.CultureInfo.InvariantCulture), 1], results[0].Values);
        Assert.Equal(results[0][0], results[1][0]);
    }

    [Theory]
    [InlineData("f32", (1L << 54) + (1L << 30) + 1, (1L << 54) + (1L << 31))] // in two steps the tie would go to even
    [InlineData("bf16", (1L << 62) + (1L << 54) + 1, (1L << 62) + (1L << 55))]
    [InlineData("bf16", -(1L << 62) - (1L << 54) - 1, -(1L << 62) - (1L << 55))]
    public void Conversions_round_once(string type, long value, long expected) => Assert.Equal(expected, Find(type)!.Round(value));

    [Fact]
    public void Literals_keep_their_bytes()
    {
        foreach (var type in All)
        {
            Scalar[] values = type.IsFloating ? [1.5, -0.0, double.NegativeInfinity, 0.1] : [type.Lowest, type.Highest, 0, 1];
            var literal = new Literal(type[2, 2], values);
            Assert.Equal(literal.Values, Literal.FromBytes(literal.Type, literal.ToBytes()).Values);
            Assert.Equal(4 * type.Bytes, literal.ToBytes().Length);
        }
    }

    public static TheoryData<string, string> Refused() => new()
    {
        { "half", "SGC1001" }, { "plus", "SGC1001" }, { "left", "SGC1001" }, { "nan", "SGC1001" }, { "mean", "SGC1001" },
        { "clamp", "SGC1001" }, { "pad", "SGC1001" }, { "less", "SGC1001" }, { "equal", "SGC1001" }, { "maximum", "SGC1001" },
        { "minimum", "SGC1001" }, { "root", "SGC1001" }, { "variance", "SGC1001" }, { "inverse", "SGC1005" }, { "above", "SGC1005" },
        { "range", "SGC1005" }, { "negative", "SGC1005" }, { "literal", "SGC1005" }, { "bound", "SGC1005" }, { "attribute", "SGC1005" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Numbers_that_a_type_cannot_hold_are_errors_at_the_call(string name, string code)
    {
        var b = new FunctionBuilder("refused");
        var (x, u) = (b.Parameter("x", I32[3]), b.Parameter("u", U8[3]));
        var before = b.Operations.Count;
        var e = Assert.Throws<GraphException>(() => name switch
        {
            "half" => x * 0.5,
            "plus" => x + 0.5,
            "left" => 0.5 / x,
            "nan" => x.Constant(double.NaN),
            "mean" => x.Mean(),
            "clamp" => x.Clip(0.5, 3),
            "pad" => x.Pad([1], [0], 0.5),
            "less" => 0.5 < x,
            "equal" => x.Equal(0.5),
            "maximum" => x.Maximum(0.5),
            "minimum" => x.Minimum(double.PositiveInfinity),
            "root" => x.Pow(0.5),
            "variance" => x.Variance(),
            "inverse" => x.Pow(-1),
            "above" => u > 255 + 1,
            "range" => u + 300,
            "negative" => u.Constant(-1),
            "literal" => b.Constant(new Literal(U8[2], 300, 5)),
            "bound" => u.Clip(0, 300),
            _ => b.Emit(Constant.Instance, [], AttributeMap.Empty.With("dtype", "u8").With("shape", (int[])[2]).With("value", 256)),
        });
        Assert.Equal(code, e.Code);
        if (code == "SGC1001") Assert.Contains("ConvertTo", e.Message, StringComparison.Ordinal);
        if (name is "half" or "plus" or "left" or "mean" or "range" or "less" or "root" or "inverse" or "above")
            Assert.EndsWith("ExactTests.cs", e.Diagnostics[0].Location.File, StringComparison.Ordinal);
        Assert.Equal(before, b.Operations.Count);
    }

    [Fact]
    public void Whole_numbers_are_constants_of_integers_however_they_are_written()
    {
        var b = new FunctionBuilder("whole");
        var x = b.Parameter("x", I32[1]);
        var results = ReferenceInterpreter.Run(b.Build(x * 2.0, x.Clip(double.NegativeInfinity, 3), x.Clip(6, double.PositiveInfinity)),
            new Literal(I32[1], 5));
        Assert.Equal<Scalar>([10, 3, 6], results.Select(r => r[0]));
    }

    public static TheoryData<string> Large() =>
        ["product", "bytes", "pad", "interior", "concatenate", "broadcast", "gather", "dot", "reshape", "iota", "text"];

    [Theory]
    [MemberData(nameof(Large))]
    public void Tensors_that_no_memory_holds_are_refused_where_they_are_declared(string name)
    {
        const int Max = int.MaxValue;
        var b = new FunctionBuilder("large");
        var (u, row, column) = (b.Parameter("u", U8[2_000_000_000]), b.Parameter("row", F32[1, 2_000_000_000]),
            b.Parameter("column", F32[2_000_000_000, 1]));
        var e = Assert.Throws<GraphException>(object? () => name switch
        {
            "product" => F32[Max, Max, 4],
            "bytes" => F64[1 << 30, 1 << 12],
            "pad" => u.Pad([2_000_000_000], [500_000_000]),
            "interior" => u.Pad([0], [0], interior: [Max]),
            "concatenate" => u.Concat([u]),
            "broadcast" => row + column,
            "gather" => row.Take(b.Parameter("i", I32[Max])),
            "dot" => column.MatMul(row),
            "reshape" => row.Emit(Reshape.Instance, default, AttributeMap.Empty.With("shape", (int[])[Max, Max, Max])),
            "iota" => b.Emit(Iota.Instance, [],
                AttributeMap.Empty.With("dtype", "f32").With("shape", (int[])[Max, Max, Max, 0]).With("dimension", 0)),
            _ => IrParser.ParseFunction("func @f(%x: u8[2000000000]) -> u8[205032704] {\n"
                + "  %0 = pad %x {high=[500000000], interior=[0], low=[2000000000], value=0} : u8[205032704]\n  return %0\n}\n"),
        });
        Assert.Equal("SGC1012", e.Code);
    }

    [Fact]
    public void Sizes_are_computed_beyond_32_bits()
    {
        var b = new FunctionBuilder("sizes");
        var x = b.Parameter("x", U8[2_000_000_000]);
        Assert.Equal(U8[1], x.Slice([0], [2_000_000_000], [int.MaxValue]).Type);
        Assert.Equal("SGC1005", Assert.Throws<GraphException>(() => b.Parameter("y", U8[2_000_000_000, 2000]).Reshape([-1])).Code);
        Assert.Equal("SGC1012",
            Assert.Throws<GraphException>(() => x.Reshape([int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue, -1])).Code);
        Assert.Equal(F32[1], b.Parameter("z", F32[1]).Pad([0], [0], interior: [int.MaxValue]).Type);
    }
}
