using GraphCompiler.IR.Diagnostics;
using Xunit;

namespace GraphCompiler.IR.Tests;

public class ParserTests
{
    [Theory]
    [InlineData("", 1, 1, "expected one function, found 0")]
    [InlineData("func @f() -> () { return } func @g() -> () { return }", 1, 1, "expected one function, found 2")]
    [InlineData("func @f() -> () {\n  return\n}\nfunc @f() -> () {\n  return\n}\n", 4, 6, "expected a name not used before, found '@f'")]
    [InlineData("  fun", 1, 3, "expected 'func', found 'fun'")]
    [InlineData("func @f() -> () {\n  %0 = ", 2, 8, "expected an op, found the end of the text")]
    [InlineData("func @f(%x: f32[2]) -> f32[2] {\n\n   %0 = tanh %x, : f32[2]", 3, 18, "expected a %value, found ':'")]
    [InlineData("func @f() -> () {\n  %0 = iota {dimension=0} [", 2, 27, "expected ':', found '['")]
    [InlineData("func @f() -> () {\n  %0 = iota {a=-} : f32[]", 2, 16, "expected a number or '->' at '-'")]
    [InlineData("func @f() -> () {\n  %0 = iota {a=1.2.3} : f32[]", 2, 16, "expected a number, found '1.2.3'")]
    [InlineData("func @f() -> () {\n  %0 = iota {a=[0]x[1.5]} : f32[]", 2, 21, "expected an axis, found '1.5'")]
    [InlineData("func @f() -> () {\n\u0001", 2, 1, "found the character U+0001")]
    public void Errors_have_line_and_column(string text, int line, int column, string message)
    {
        var error = Assert.Throws<GraphException>(() => IrParser.ParseFunction(text, "t.gir"));
        Assert.Equal("SGC2001", error.Code);
        Assert.Equal(new Location("t.gir", line), error.Diagnostics[0].Location);
        Assert.Contains($"line {line}, column {column}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shape_errors_have_the_ops_code_at_the_line()
    {
        const string Text = "func @f(%x: f32[2], %y: f32[3]) -> f32[2] {\n  // sum\n  %0 = add %x, %y : f32[2]\n  return %0\n}\n";
        var error = Assert.Throws<GraphException>(() => IrParser.ParseFunction(Text, "t.gir"));
        Assert.Equal("SGC1002", error.Code);
        Assert.Equal(3, error.Diagnostics[0].Location.Line);
    }

    [Fact]
    public void Declared_types_that_differ_are_SGC2002()
    {
        const string Text = "func @f(%x: f32[2]) -> f32[2] {\n  %0 = tanh %x : f32[3]\n  return %0\n}\n";
        var error = Assert.Throws<GraphException>(() => IrParser.ParseFunction(Text));
        Assert.Equal("SGC2002", error.Code);
        Assert.Contains("line 2, column 8: tanh is declared f32[3] but gives f32[2]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Operations_are_located_at_their_lines_and_printed_so_on_request()
    {
        var function = IrParser.ParseFunction("func @f(%x: f32[2]) -> f32[2] {\n\n  %y = tanh %x : f32[2]\n  return %y\n}\n", "dir/t.gir");
        Assert.Equal(new Location("dir/t.gir", 3), function.Operations[0].Location);
        Assert.Equal("func @f(%x: f32[2]) -> f32[2] {\n  %0 = tanh %x : f32[2] // t.gir(3)\n  return %0\n}\n",
            IrPrinter.Print(function, locations: true));
        Assert.Equal("%1 = tanh %x : f32[2]", IrPrinter.Print(function.Operations[0]));
    }

    [Fact]
    public void Names_that_would_be_comments_are_refused() =>
        Assert.Equal("SGC1006", Assert.Throws<GraphException>(() => new FunctionBuilder("a//b")).Code);

    [Fact]
    public void The_culture_does_not_matter()
    {
        var before = Thread.CurrentThread.CurrentCulture;
        try
        {
            var comma = (System.Globalization.CultureInfo)System.Globalization.CultureInfo.InvariantCulture.Clone();
            comma.NumberFormat.NumberDecimalSeparator = ",";
            Thread.CurrentThread.CurrentCulture = comma;
            const string Text = "func @f() -> f32[] {\n  %0 = constant {dtype=f32, shape=[], value=0.5} : f32[]\n  return %0\n}\n";
            Assert.Equal(Text, IrPrinter.Print(IrParser.ParseFunction(Text)));
        }
        finally
        {
            Thread.CurrentThread.CurrentCulture = before;
        }
    }
}
