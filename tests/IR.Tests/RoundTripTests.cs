using CsCheck;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;

namespace GraphCompiler.IR.Tests;

public class RoundTripTests
{
    public static TheoryData<string> Ops() => [.. OpRegistry.All.Select(o => o.Name)];

    [Theory]
    [MemberData(nameof(Ops))]
    public void Each_op_prints_parses_verifies_and_evaluates(string name)
    {
        var function = OpSamples.Of(OpRegistry.Find(name)!);
        Verifier.Verify(function);
        var text = IrPrinter.Print(function);
        var parsed = IrParser.ParseFunction(text);
        Verifier.Verify(parsed);
        Assert.Equal(text, IrPrinter.Print(parsed));

        var arguments = OpSamples.Arguments(function);
        var (before, after) = (ReferenceInterpreter.Run(function, arguments), ReferenceInterpreter.Run(parsed, arguments));
        Assert.Equal(function.Results.Select(r => r.Type), before.Select(l => l.Type));
        Assert.Equal(before.Select(l => l.ToArray()), after.Select(l => l.ToArray()));
    }

    [Fact]
    public void Random_graphs_print_and_parse() =>
        RandomFunction.Gen.Sample(f => IrPrinter.Print(IrParser.ParseFunction(IrPrinter.Print(f))) == IrPrinter.Print(f), iter: 500);

    [Fact]
    public void A_module_prints_and_parses()
    {
        Function[] module = [.. OpRegistry.All.Select(OpSamples.Of)];
        var text = IrPrinter.Print(module);
        Assert.Equal(text, IrPrinter.Print(IrParser.ParseModule(text)));
    }

    // Whatever the text, the parser gives a function or a GraphException: any other exception fails the sample.
    [Fact]
    public void Mutated_text_never_crashes_the_parser()
    {
        string[] texts = [.. OpRegistry.All.Select(o => IrPrinter.Print(OpSamples.Of(o)))];
        string[] fragments = ["%", "@", "(", ")", "{", "}", "[", "]", ",", ":", "=", "->", "-", "-inf", "nan", "//", "/", "x", "0", "1e99",
            "2147483647", "-1", "0.5", "\n", "\0", "é", "\ud83d", "func", "return", "f32[", "i32[0]", "fusion", "%x0", "axes=[0]", "add"];
        var mutation = Gen.Select(Gen.Int[0, 3], Gen.Double[0, 1], Gen.Int[0, 12], OneOf(fragments));
        Gen.Select(OneOf(texts), mutation.Array[1, 6]).Sample((text, mutations) =>
        {
            foreach (var (kind, where, length, fragment) in mutations) text = Mutate(text, kind, where, length, fragment);
            try
            {
                foreach (var function in IrParser.ParseModule(text)) Verifier.Verify(function);
            }
            catch (GraphException e)
            {
                Assert.True(e.Diagnostics[0].Location.Line > 0, e.Message);
            }
        }, iter: 20_000);
    }

    [Fact]
    public void Random_characters_never_crash_the_parser() =>
        Gen.String.Sample(text =>
        {
            try
            {
                IrParser.ParseModule(text);
            }
            catch (GraphException e)
            {
                Assert.Equal("SGC2001", e.Code);
            }
        }, iter: 5_000);

    [Fact]
    public void Deep_nesting_is_an_error_not_a_stack_overflow()
    {
        var open = string.Concat(Enumerable.Repeat("func @f() -> f32[] {\n", 1)) +
            string.Concat(Enumerable.Repeat("%0 = fusion {kind=loop} : f32[] { () -> f32[] {\n", 10_000));
        Assert.Equal("SGC2001", Assert.Throws<GraphException>(() => IrParser.ParseFunction(open)).Code);
    }

    private static Gen<string> OneOf(string[] choices) => Gen.Int[0, choices.Length - 1].Select(i => choices[i]);

    private static string Mutate(string text, int kind, double where, int length, string fragment)
    {
        var start = (int)(where * text.Length);
        var end = Math.Min(text.Length, start + length);
        return kind switch
        {
            0 => text[..start] + fragment + text[start..],
            1 => text[..start] + text[end..],
            2 => text[..end] + text[start..],
            _ => text[..start] + fragment + text[end..],
        };
    }
}
