using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.IR.Tests;

/// <summary>Fluent calls: values derived by hand at awkward shapes, index maps of lowering, and what is refused.</summary>
public sealed class OpTests
{
    private static double[] Run(TensorType type, double[] x, Func<Value, Value> apply)
    {
        var builder = new FunctionBuilder("f");
        var f = builder.Build(apply(builder.Parameter("x", type)));
        return ReferenceInterpreter.Run(f, new Literal(type, x))[0].ToArray();
    }

    [Fact]
    public void Values_at_the_edges()
    {
        Assert.Equal([4.0], Run(F64.Scalar, [2], x => x.Pow(2)));
        Assert.Equal([1, double.NaN, -1], Run(F64[3], [5, double.NaN, -0.1], x => x.Sign()));
        Assert.Equal([0.0, 2, 2, -2], Run(F64[4], [0.5, 1.5, 2.5, -1.5], x => x.Round()));
        Assert.Equal([], Run(F64[0, 3], [], x => x.Softmax()));
        Assert.Equal([0.0, 0], Run(F64[2, 0], [], x => x.Sum([1])));
        Assert.Equal([1.0, 1], Run(F64[2, 0], [], x => x.Prod([1])));
        Assert.Equal([double.NaN, double.NaN], Run(F64[2, 0], [], x => x.Mean([1])));
        Assert.Equal([], Run(F64[0, 2], [], x => x.Max([1])));
        foreach (var nothing in (Action[])[() => Run(F64[0], [], x => x.Max()), () => Run(I32[0], [], x => x.Max()),
                () => Run(U8[0], [], x => x.Min())])
            Assert.Equal("SGC1002", Assert.Throws<GraphException>(nothing).Code);
        Assert.Equal([5.0, 1, 5, 5, 2, 5], Run(F64[2], [1, 2], x => x.Pad([1], [1], 5, [2])));
        Assert.Equal([2.0, 2, 0, 2, 2, 2], Run(F64[1, 2], [0, 7], x =>
            x.Less(x.Constant(1)).Select(x, x.Constant(2, Shape.Scalar)).Concat([x.Constant(2)], 1).Reshape([-1])
                .Take(x.Builder.Constant(new Literal(I64[6], 1, 3, -4, 2, 9, 1)))));
    }

    [Theory]
    [InlineData(1e-10)]
    [InlineData(3e-5)]
    [InlineData(-1e-3)]
    public void Expm1_and_log1p_keep_their_digits_near_zero(double x)
    {
        // Five terms of the Maclaurin series leave less than 1e-15 of the value here.
        var power = x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4 * (1 + x / 5))));
        Assert.Equal(1, Run(F64.Scalar, [x], v => v.Expm1())[0] / power, 2e-15);
        Assert.Equal(1, Run(F64.Scalar, [power], v => v.Log1p())[0] / x, 2e-15);
    }

    [Theory]
    [InlineData(new[] { 2, 12, 5 }, new[] { 2, 3, 4, 5 }, 0)]
    [InlineData(new[] { 2, 3, 4, 5 }, new[] { 2, 12, 5 }, 2)]
    [InlineData(new[] { 1, 6, 1 }, new[] { 6 }, 0)]
    [InlineData(new[] { 4, 6 }, new[] { 3, 8 }, 2)]
    [InlineData(new[] { 1, 1 }, new int[0], 0)]
    [InlineData(new[] { 3, 2, 1 }, new[] { 1, 2, 3, 1 }, 2)]
    public void Reshape_reads_the_same_row_major_element_and_divides_only_merged_axes(int[] from, int[] to, int divisions)
    {
        var builder = new FunctionBuilder("f");
        var x = builder.Parameter("x", F32[from]);
        var operation = x.Reshape(to).Definition!;
        var index = new int[to.Length];
        for (var i = 0L; i < x.Shape.ElementCount; i++)
        {
            operation.Result.Shape.Unravel(i, index);
            var position = 0L;
            Reshape.Instance.Lower(operation, [.. index.Select(k => ScalarExpr.Index(k))], (_, mapped, _) =>
            {
                position = x.Shape.Ravel([.. mapped.ToArray().Select(e => (int)Fold(e))]);
                return ScalarExpr.Index(0);
            });
            Assert.Equal(i, position);
        }
        var count = 0;
        Reshape.Instance.Lower(operation, [.. to.Select((_, k) => new LoopVariable($"i{k}").Value)], (_, mapped, _) =>
        {
            foreach (var e in mapped) count += Divisions(e);
            return ScalarExpr.Index(0);
        });
        Assert.Equal(divisions, count);
    }

    private static long Fold(ScalarExpr e) => e switch
    {
        ConstantExpr c => (long)c.Value,
        BinaryExpr { Kind: BinaryKind.Div } b => Fold(b.X) / Fold(b.Y),
        BinaryExpr { Kind: BinaryKind.Rem } b => Fold(b.X) % Fold(b.Y),
        _ => throw new ArgumentException($"{e}", nameof(e)),
    };

    private static int Divisions(ScalarExpr e) =>
        e is BinaryExpr b ? Divisions(b.X) + Divisions(b.Y) + (b.Kind is BinaryKind.Div or BinaryKind.Rem ? 1 : 0) : 0;

    public static TheoryData<string, string, string> Refused => new()
    {
        { "add", "SGC1002", "f32[2,3]|f32[4]" },
        { "add_types", "SGC1001", "f32[2,3]|f64[3]" },
        { "select", "SGC1002", "f32[2,3]|f32[4]" },
        { "select_types", "SGC1001", "bool|f32[2,3]" },
        { "logical", "SGC1001", "needs bool|f32[2,3]" },
        { "tanh", "SGC1001", "needs floating point|i32[3]" },
        { "matmul", "SGC1007", "f32[2,3]" },
        { "concatenate", "SGC1002", "f32[2,3]|f32[4,1]" },
        { "reshape", "SGC1002", "f32[2,3]|[4,2]" },
        { "reshape_twice", "SGC1005", "negative|f32[2,3]" },
        { "reshape_negative", "SGC1005", "-3|f32[2,3]" },
        { "transpose", "SGC1004", "[0,0]|f32[2,3]" },
        { "slice", "SGC1005", "from 1 to 4|f32[2,3]" },
        { "pad", "SGC1005", "negative|f32[2,3]" },
        { "reverse", "SGC1004", "axis 2" },
        { "window", "SGC1002", "2 taps, 3 apart, spans 4 elements|axis 1|f32[2,3]" },
        { "window_axes", "SGC1004", "[1,0]|f32[2,3]" },
        { "window_stride", "SGC1005", "stride=[0]|f32[2,3]" },
        { "window_size", "SGC1005", "size=[2,2]|1 axes" },
        { "clamp", "SGC1005", "low = 2|high = 1" },
        { "sum", "SGC1004", "axis 2" },
        { "softmax", "SGC1004", "f32[2,3] has no axis 5" },
        { "take", "SGC1001", "indices|f32[4]" },
    };

    [Theory, MemberData(nameof(Refused))]
    public void A_refused_call_names_code_place_and_shapes_and_appends_nothing(string name, string code, string parts)
    {
        var b = new FunctionBuilder("f");
        var (x, four, wide, count) =
            (b.Parameter("x", F32[2, 3]), b.Parameter("y", F32[4]), b.Parameter("z", F64[3]), b.Parameter("n", I32[3]));
        var (flag, column) = (b.Parameter("p", Bool[2, 3]), b.Parameter("c", F32[4, 1]));
        Func<Value> call = name switch
        {
            "add" => () => x + four,
            "add_types" => () => x + wide,
            "select" => () => flag.Select(x, four),
            "select_types" => () => x.Select(x, four),
            "logical" => () => x.And(x),
            "tanh" => () => count.Tanh(),
            "matmul" => () => x.MatMul(x),
            "concatenate" => () => x.Concat([column]),
            "reshape" => () => x.Reshape([4, 2]),
            "reshape_twice" => () => x.Reshape([-1, -1]),
            "reshape_negative" => () => x.Reshape([-3, -2]),
            "transpose" => () => x.Transpose([0, 0]),
            "slice" => () => x.Slice([0, 1], [2, 4]),
            "pad" => () => x.Pad([0, -1], [0, 0]),
            "reverse" => () => x.Reverse([2]),
            "window" => () => x.Window([1], [2], dilation: [3]),
            "window_axes" => () => x.Window([1, 0], [1, 1]),
            "window_stride" => () => x.Window([1], [2], [0]),
            "window_size" => () => x.Window([1], [2, 2]),
            "clamp" => () => x.Clip(2, 1),
            "sum" => () => x.Sum([2]),
            "softmax" => () => x.Softmax(5),
            _ => () => x.Take(four),
        };
        var error = Assert.Throws<GraphException>(call);
        Assert.Equal(code, error.Code);
        Assert.Equal("OpTests.cs", Path.GetFileName(error.Diagnostics[0].Location.File));
        Assert.True(error.Diagnostics[0].Location.IsKnown);
        Assert.All(parts.Split('|'), part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.Empty(b.Operations);
    }

    [Fact]
    public void A_fusion_has_no_derivative_rules()
    {
        var operation = OpSamples.Of(Fusion.Instance).Operations[0];
        Assert.Throws<InternalCompilerException>(() => Fusion.Instance.Vjp(operation, [null], [true]));
        Assert.Throws<InternalCompilerException>(() => Fusion.Instance.Jvp(operation, [null]));
    }
}
