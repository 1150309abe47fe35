using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>Every elementwise op of the registry at the special values of every element type: interpreter, folder and compiled code agree,
/// in vectors and in scalar code, with operands that are constant and that are not.
/// Exactly, except for ordinary results of math functions.</summary>
[Trait("Category", "Target")]
public sealed class SpecialValueTests
{
    private const double Inf = double.PositiveInfinity;

    public static TheoryData<string> Ops() => [.. OpRegistry.All.OfType<ElementwiseOp>().Select(o => o.Name)];

    [Theory]
    [MemberData(nameof(Ops))]
    public void Elementwise(string name)
    {
        var op = (ElementwiseOp)OpRegistry.Find(name)!;
        var cases = DType.All.SelectMany(type => Variants(op, type).Select(attributes => (Type: type, Attributes: attributes)))
            .Where(c => Accepts(op, c.Type, c.Attributes)).ToArray();
        Assert.NotEmpty(cases);
        foreach (var (type, attributes) in cases) Check(op, OperandTypes(op, type), attributes);
    }

    [Fact]
    public void Conversions()
    {
        foreach (var from in DType.All)
        {
            var b = new FunctionBuilder("convert");
            // Beyond the usual values: ties of every narrower type, one above and one below, as far as the type reaches.
            Scalar[] ties = from.IsFloating
                ? [16777217.0, 2147483648.0, -2147483649.0, 4294967296.0, 9.3e18, -9.3e18, 1.00390625, 1.01171875, 65519.0, 65520.0, 1e30]
                : [.. Enumerable.Range(0, from.Bits - 1).SelectMany(Ties).Select(n => (Scalar)n)];
            Scalar[] values = [.. SpecialValues.Of(from), .. ties.Where(from.CanHold), .. ties.Select(t => -t).Where(t => from.CanHold(t))];
            var x = b.Parameter("x", from[values.Length]);
            var column = b.Parameter("column", from[1, values.Length]).Transpose();
            Value[] results = [.. DType.All.Where(t => t != from).SelectMany(t => new[] { x.ConvertTo(t), column.ConvertTo(t) })];
            var literal = Literal.Rounded(x.Type, values);
            Agree(b.Build(results), [literal, literal.WithShape(new Shape(1, values.Length))], isMath: false);
        }
    }

    // About 2^i: halfway between two elements of bf16 and of f32, and one above.
    private static long[] Ties(int i)
    {
        var (power, half, finer) = (1L << i, 1L << Math.Max(i - 8, 0), 1L << Math.Max(i - 24, 0));
        return [power, power + half, power + half + 1, power + finer, power + finer + 1];
    }

    [Fact]
    public void Reductions()
    {
        var random = new Random(7);
        foreach (var type in DType.All.Where(t => t != Bool))
        {
            var special = SpecialValues.Of(type).Where(v => !double.IsNaN((double)v)).ToArray();
            foreach (var (rows, columns) in ((int, int)[])[(1, 1), (2, 3), (37, 5), (6, 70)])
            {
                var b = new FunctionBuilder("reductions");
                var x = b.Parameter("x", type[rows, columns]);
                var zeros = b.Parameter("zeros", type[rows, columns]);
                List<Value> results = [x.Max([1]), x.Max([0]), x.Max(), x.Min([1]), x.Min([0]), x.Min(),
                    zeros.Max([1]), zeros.Max([0]), zeros.Min([1]), zeros.Min([0])];
                if (type.IsInteger)
                    results.AddRange([x.Sum([1]), x.Sum([0]), x.Prod([1]), x.Prod([0]), x.MatMul(x.Transpose()), (x * x).Sum()]);
                var hasNaN = type.IsFloating && columns == 5;
                var positions = Enumerable.Range(0, rows * columns);
                var values = positions.Select(i => hasNaN && i % 11 == 0 ? double.NaN : special[random.Next(special.Length)]).ToArray();
                var signs = positions.Select(_ => type.IsFloating && random.Next(2) == 0 ? -0.0 : (Scalar)0).ToArray();
                Agree(b.Build([.. results]), [Literal.Rounded(x.Type, values), Literal.Rounded(x.Type, signs)], isMath: false);
            }
        }
    }

    // What was found: lanes left unwritten, poison chosen by a select, i64 folded as if it were an index, integers that went through f64.
    [Fact]
    public void Found_cases()
    {
        var b = new FunctionBuilder("found");
        var (x, y) = (b.Parameter("x", I32[9]), b.Parameter("y", I64[3]));
        var d = x / 0;
        var big = b.Constant(new Literal(I32[1], int.MaxValue));
        var function = b.Build(d, x.Greater(d).Select(x, d), x / -1, y * (1L << 40) * (1L << 30), (y + long.MaxValue) + 2, big * big,
            b.Constant(new Literal(I64[2], 9007199254740993L, long.MinValue)) + 0, b.Constant(new Literal(I64[1], 1L << 62)) + (1L << 62));
        Literal[] arguments = [new(I32[9], int.MinValue, -2, -1, 0, 1, 2, 3, 4, int.MaxValue), new(I64[3], 3, -1, 9007199254740993L)];
        var results = ReferenceInterpreter.Run(function, arguments);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0], results[0].Values);
        Assert.Equal([int.MinValue, 2, 1, 0, -1, -2, -3, -4, -int.MaxValue], results[2].Values);
        Assert.Equal([1, 9007199254740993L, long.MinValue, long.MinValue], [results[5][0], .. results[6].Values, results[7][0]]);
        Agree(function, arguments, isMath: false);
    }

    private static DType[] OperandTypes(ElementwiseOp op, DType type) =>
        op is Select ? [Bool, type, type] : [.. Enumerable.Repeat(type, op.Arity)];

    private static AttributeMap[] Variants(ElementwiseOp op, DType type) => op switch
    {
        Compare => [.. Enum.GetValues<CompareKind>().Select(Compare.Attributes)],
        Clamp => [Between(0, 1), Between(-0.0, 3), Between(1, Inf), Between(-Inf, 0), Between(-Inf, -0.0)],
        ClampIndex => [ClampIndex.Attributes(1), ClampIndex.Attributes(3)],
        Philox => [Philox.Attributes(0), Philox.Attributes(1)],
        _ => [AttributeMap.Empty],
    };

    private static AttributeMap Between(Scalar low, Scalar high) => AttributeMap.Empty.With("low", low).With("high", high);

    private static bool Accepts(ElementwiseOp op, DType type, AttributeMap attributes)
    {
        var b = new FunctionBuilder("accepts");
        try
        {
            b.Emit(op, [.. OperandTypes(op, type).Select((t, i) => b.Parameter($"x{i}", t.Scalar))], attributes);
            return true;
        }
        catch (GraphException e) when (e.Diagnostics[0].Code == DiagnosticCode.DTypeMismatch)
        {
            return false;
        }
    }

    private static void Check(ElementwiseOp op, DType[] types, AttributeMap attributes)
    {
        var b = new FunctionBuilder("special");
        var columns = SpecialValues.Combinations(types);
        // Finite arguments beyond the range of sine, cosine and tangent count as 0 (docs/numerics.md).
        if (op is Sine or Cosine or Tan) columns = [[.. columns[0].Where(v => !double.IsFinite((double)v) || Scalar.Abs(v) < 1 << 20)]];
        var count = columns[0].Length;
        var flat = types.Select((t, i) => b.Parameter($"x{i}", t[count])).ToArray();
        // A column is one lane wide, and a kernel with an index map computes it row by row, in scalar code.
        var narrow = types.Select((t, i) => b.Parameter($"column{i}", t[1, count])).ToArray();
        List<Value> results = [b.Emit(op, flat, attributes), b.Emit(op, [.. narrow.Select(v => v.Transpose())], attributes)];
        Literal[] arguments = [.. columns.Select((c, i) => new Literal(flat[i].Type, c)),
            .. columns.Select((c, i) => new Literal(narrow[i].Type, c))];
        var isMath = op is ElementwiseOp { IsFunction: true } or Rsqrt;
        if (types.Length == 2 && !isMath) results.AddRange(WithConstants(b, op, flat, attributes));
        var folded = Math.Min(count, 300);
        results.Add(b.Emit(op, [.. columns.Select((c, i) => b.Constant(new Literal(types[i][folded], c.AsSpan(0, folded))))], attributes));
        Agree(b.Build([.. results]), arguments, isMath);
    }

    private static IEnumerable<Value> WithConstants(FunctionBuilder b, ElementwiseOp op, Value[] flat, AttributeMap attributes)
    {
        // The first operand's values in order, each once.
        var x = flat[1].Slice([0], [SpecialValues.Of(flat[1].DType).Length]);
        foreach (var value in SpecialValues.Of(x.DType))
        {
            yield return b.Emit(op, [x, x.Constant(value)], attributes);
            yield return b.Emit(op, [x.Constant(value), x], attributes);
        }
    }

    private static void Agree(Function function, Literal[] arguments, bool isMath)
    {
        var expected = ReferenceInterpreter.Run(function, arguments);
        // Code that LLVM leaves as it is differs no more by level.
        var isNative = TargetInfo.Create().Name == "native";
        foreach (var optimize in isNative ? (bool[])[true, false] : [true])
        {
            var actual = JitFunction.Run(function, arguments, optimize: optimize);
            for (var r = 0; r < expected.Length; r++)
                for (var i = 0L; i < expected[r].Type.Shape.ElementCount; i++)
                    if (!Same(expected[r].Type.DType, expected[r][i], actual[r][i], isMath))
                        Assert.Fail(
                            $"optimize {optimize}, result {r}[{i}] : {expected[r].Type}: expected {expected[r][i]}, got {actual[r][i]} for "
                            + $"{string.Join(", ", arguments.Where(a => a.Type.Shape.ElementCount > i).Select(a => a[i]))}\n"
                            + (function.Operations.Length < 12 ? function.ToString() : function.Results[r].Definition!.ToString()));
        }
    }

    private static bool Same(DType type, Scalar expected, Scalar actual, bool isMath)
    {
        if (expected.Equals(actual)) return true;
        if (SpecialValues.IsSubnormal(type, expected)) return actual == 0 && actual.IsNegative == expected.IsNegative;
        var isOrdinary = double.IsFinite((double)expected) && expected != 0 && (type.Bits < 32 || Scalar.Abs(expected) != 1);
        var tolerance = type.Bits switch { 64 => 1e-14, 32 => 1e-6, _ => type == F16 ? 2e-3 : 1.6e-2 };
        // A step flushes intermediate results too, which is an absolute error.
        return isMath && isOrdinary
            && Scalar.Abs(expected - actual) <= tolerance * Scalar.Abs(expected) + SpecialValues.SmallestNormal(type);
    }
}
