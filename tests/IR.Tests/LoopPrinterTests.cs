using GraphCompiler.IR.Loops;
using Xunit;

namespace GraphCompiler.IR.Tests;

public class LoopPrinterTests
{
    [Fact]
    public void A_kernel_is_readable()
    {
        var (x, y) = (new LoopBuffer("x", DType.F32, 12, BufferScope.Argument),
            new LoopBuffer("y", DType.F32, 3, BufferScope.Argument, isWritten: true));
        var scratch = new LoopBuffer("row", DType.F32, 4, BufferScope.Worker);
        var (i, j) = (new LoopVariable("i"), new LoopVariable("j"));
        var sum = new Local("sum", DType.F32);
        var load = new LoadExpr(x, i.Value * 4 + j.Value);
        var kernel = new Kernel("row_sum", [x, y], [scratch],
        [
            new ForStatement(i, 3, LoopKind.Parallel, 1,
            [
                new LetStatement(sum, ScalarExpr.Constant(DType.F32, 0)),
                new ForStatement(j, 4, LoopKind.Vector, 8,
                    [new AccumulateStatement(sum, ReductionKind.Max, ScalarExpr.Call(MathFunction.Exp, load) * load)]),
                new StoreStatement(y, i.Value, new LocalExpr(sum), ScalarExpr.Compare(CompareKind.Lt, i.Value, ScalarExpr.Index(2))),
            ]),
            new BarrierStatement(),
        ], [], 24);
        Assert.Equal("""
            kernel @row_sum(x: f32[12], out y: f32[3]) work=24 {
              worker row: f32[4]
              parallel for i in 0..3 {
                let sum: f32 = 0
                vector(8) for j in 0..4 {
                  t0 := x[i * 4 + j]
                  sum max= exp(t0) * t0
                }
                y[i if i < 2] = sum
              }
              barrier
            }

            """.ReplaceLineEndings("\n"), LoopPrinter.Print(kernel));
    }

    [Fact]
    public void An_unrolled_loop_says_so()
    {
        var x = new LoopBuffer("x", DType.F32, 8, BufferScope.Argument, isWritten: true);
        var i = new LoopVariable("i");
        var loop = new ForStatement(i, 8, LoopKind.Serial, 1, [new StoreStatement(x, i.Value, ScalarExpr.Constant(DType.F32, 1))])
        {
            Unroll = 4,
        };
        var kernel = new Kernel("fill", [x], [], [loop], [], 8);
        LoopVerifier.Verify(kernel);
        Assert.Contains("for i in 0..8 unroll(4) {", LoopPrinter.Print(kernel), StringComparison.Ordinal);
        foreach (var wrong in (ForStatement[])[loop with { Unroll = 0 }, loop with { Kind = LoopKind.Vector }])
            Assert.Contains("L6", Assert.ThrowsAny<Exception>(() => LoopVerifier.Verify(kernel with { Body = [wrong] })).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public void Parentheses_stand_only_where_needed()
    {
        var (a, b, c) = (Load("a"), Load("b"), Load("c"));
        Assert.Equal("a[0] - (b[0] - c[0])", LoopPrinter.Print(a - (b - c)));
        Assert.Equal("a[0] - b[0] - c[0]", LoopPrinter.Print(a - b - c));
        Assert.Equal("-(a[0] + b[0]) * c[0]", LoopPrinter.Print(ScalarExpr.Unary(UnaryKind.Neg, a + b) * c));
        Assert.Equal("select(a[0] < b[0], max(a[0], 0.5), i32(c[0]))", LoopPrinter.Print(ScalarExpr.Select(
            ScalarExpr.Compare(CompareKind.Lt, a, b), ScalarExpr.Binary(BinaryKind.Max, a, ScalarExpr.Constant(DType.F32, 0.5)),
                c.ConvertTo(DType.I32))));
        Assert.Equal("fma(a[0], b[0], tile[2])",
            LoopPrinter.Print(new MultiplyAddExpr(a, b, new LocalExpr(new Local("tile", DType.F32, 4), 2))));
    }

    [Fact]
    public void Sharing_does_not_blow_up()
    {
        ScalarExpr y = Load("a");
        for (var i = 0; i < 60; i++) y = y + y;
        var kernel = new Kernel("k", [], [], [new LetStatement(new Local("l", DType.F32), y)], [], 0);
        Assert.Equal(63, LoopPrinter.Print(kernel).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    private static LoadExpr Load(string name) =>
        new LoadExpr(new LoopBuffer(name, DType.F32, 1, BufferScope.Argument), ScalarExpr.Index(0));
}
