using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;

namespace GraphCompiler.IR.Tests;

public class InterpreterTests
{
    [Fact]
    public void Evaluates_in_order_by_hand_values()
    {
        var b = new FunctionBuilder("f");
        var (x, w) = (b.Parameter("x", DType.F32[1, 2]), b.Parameter("w", DType.F32[2, 2]));
        var y = x.MatMul(w);
        var results = ReferenceInterpreter.Run(b.Build((y * 2).Sum(), y, x), new Literal(x.Type, 1, 2), new Literal(w.Type, 3, 4, 5, 6));
        Assert.Equal([58], results[0].ToArray());
        Assert.Equal([13, 16], results[1].ToArray());
        Assert.Equal([1, 2], results[2].ToArray());
    }

    [Fact]
    public void Results_are_rounded_to_the_element_type()
    {
        var b = new FunctionBuilder("f");
        var x = b.Parameter("x", DType.F32.Scalar);
        Assert.Equal((float)(0.1f + 1e-9), ReferenceInterpreter.Run(b.Build(x + 1e-9), new Literal(x.Type, 0.1))[0][0]);
    }

    [Fact]
    public void Wrong_arguments_are_named()
    {
        var b = new FunctionBuilder("f");
        var x = b.Parameter("x", DType.F32[2]);
        var f = b.Build(x);
        Assert.Contains("@f takes 1 arguments, given 0", Assert.Throws<GraphException>(() => ReferenceInterpreter.Run(f)).Message,
            StringComparison.Ordinal);
        Assert.Contains("%x is f32[2], given f64[2]",
            Assert.Throws<GraphException>(() => ReferenceInterpreter.Run(f, new Literal(DType.F64[2], 0))).Message,
                StringComparison.Ordinal);
    }
}

public class RewriterTests
{
    private static Function Sample()
    {
        var b = new FunctionBuilder("f");
        var x = b.Parameter("x", DType.F32[2], new Location("m.cs", 1));
        var y = b.Emit(Tanh.Instance, [x], location: new Location("m.cs", 2));
        return b.Build(b.Emit(Negate.Instance, [y], location: new Location("m.cs", 3)), x);
    }

    [Fact]
    public void Keeping_everything_copies()
    {
        var f = Sample();
        var copy = Rewriter.Rebuild(f, (_, _, _) => null, "g");
        Assert.Equal(IrPrinter.Print(f, locations: true).Replace("@f", "@g", StringComparison.Ordinal),
            IrPrinter.Print(copy, locations: true));
        Assert.Equal(f.Parameters[0].Location, copy.Parameters[0].Location);
        Assert.NotSame(f.Parameters[0], copy.Parameters[0]);
        Verifier.Verify(copy);
    }

    [Fact]
    public void Replacements_keep_the_location()
    {
        var rewritten = Rewriter.Rebuild(Sample(), (op, _, x) => op.Op is Negate ? [0 - x[0]] : null);
        Verifier.Verify(rewritten);
        Assert.Equal(["tanh", "constant", "subtract"], rewritten.Operations.Select(o => o.Op.Name));
        Assert.All(rewritten.Operations.Skip(1), o => Assert.Equal(new Location("m.cs", 3), o.Location));
    }

    [Fact]
    public void Operands_can_stand_for_results_and_unread_operations_can_be_dropped()
    {
        var rewritten = Rewriter.Rebuild(Sample(), (op, b, _) => op.Op is Negate ? [b.Parameters[0]] : []);
        Assert.Empty(rewritten.Operations);
        Assert.Equal(rewritten.Results[0], rewritten.Results[1]);
    }

    [Fact]
    public void Misuse_is_an_internal_error()
    {
        var f = Sample();
        Assert.Contains("was dropped", Assert.Throws<InternalCompilerException>(() => Rewriter.Rebuild(f, (_, _, _) => [])).Message,
            StringComparison.Ordinal);
        Assert.Throws<InternalCompilerException>(() => Rewriter.Rebuild(f, (_, _, x) => [x[0], x[0]]));
        Assert.Throws<InternalCompilerException>(() => Rewriter.Rebuild(f, (_, _, x) => [x[0].Sum()]));
    }
}
