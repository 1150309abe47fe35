using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;

namespace GraphCompiler.Passes.Tests;

/// <summary>The runner: order, switches of the environment, dumps, verification.</summary>
public sealed class PassRunnerTests
{
    private static Function Sample()
    {
        var b = new FunctionBuilder("f");
        var x = b.Parameter("x", DType.F32[3]);
        return b.Build(-(-x) * 1 + x.Softmax());
    }

    private static PassContext Environment(params (string Name, string Value)[] set) =>
        PassContext.FromEnvironment(read: name => set.FirstOrDefault(s => s.Name == name).Value);

    [Fact]
    public void The_tables_respect_their_order_and_names_are_unique()
    {
        _ = new PassRunner(Pipeline.For(Precision.BFloat16));
        var names = Pipeline.For(Precision.BFloat16).Select(e => e.Name).ToArray();
        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.All(Pipeline.Order, o => Assert.True(names.Contains(o.Before) && names.Contains(o.After) && o.Why.Length > 10));
    }

    [Fact]
    public void A_broken_order_is_refused_with_its_reason()
    {
        PassEntry[] table = [new("dce", new DeadCodeElimination()), new("cse", new CommonSubexpressions())];
        var error = Assert.Throws<InternalCompilerException>(() => new PassRunner(table, [new("cse", "dce", "copies die")]));
        Assert.Contains("cse must come before dce: copies die", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Disabling_leaves_a_pass_out()
    {
        PassEntry[] table = [new("canonicalize", new Canonicalize()), new("dce", new DeadCodeElimination())];
        var function = Sample();
        var without = new PassRunner(table).Run(function, Environment(("SGC_DISABLE", "canonicalize, dce")));
        Assert.Equal(function.ToString(), without.ToString());
        var with = new PassRunner(table).Run(function, Environment());
        Assert.DoesNotContain(with.Operations, o => o.Op is Negate);
    }

    [Theory]
    [InlineData("fude", "there is no pass \"fude\"")]
    [InlineData("decompose", "nothing compiles without \"decompose\"")]
    public void Disabling_an_unknown_or_required_pass_is_SGC3001(string name, string message)
    {
        var error = Assert.Throws<GraphException>(() =>
            new PassRunner(Pipeline.Training).Run(Sample(), Environment(("SGC_DISABLE", name))));
        Assert.Equal("SGC3001", error.Code);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bisecting_stops_after_so_many_rewrites()
    {
        var context = Environment(("SGC_BISECT", "1"));
        var f = new Canonicalize().Run(Sample(), context);
        Assert.Equal(1, context.Budget.Spent);
        Assert.True(context.Budget.IsExhausted);
        Assert.Contains(f.Operations, o => o.Op is Multiply);
        var error = Assert.Throws<GraphException>(() => Environment(("SGC_BISECT", "few")));
        Assert.Contains("SGC_BISECT=few", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dumping_writes_a_parsable_file_after_every_pass()
    {
        var folder = Directory.CreateTempSubdirectory("sgc-dump").FullName;
        try
        {
            new PassRunner(Pipeline.Training).Run(Sample(), Environment(("SGC_DUMP", folder)));
            var files = Directory.GetFiles(folder, "*.gir").Order(StringComparer.Ordinal).ToArray();
            Assert.Equal(Pipeline.Training.Count + 1, files.Length);
            Assert.EndsWith("01_resolve_mode.gir", files[1], StringComparison.Ordinal);
            Assert.All(files, file => Verifier.Verify(IrParser.ParseFunction(File.ReadAllText(file), file)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("a/b", "a%002Fb")]
    [InlineData("../../up", "..%002F..%002Fup")]
    [InlineData("/tmp/root", "%002Ftmp%002Froot")]
    [InlineData("a_b", "a_b")]
    public void A_dump_stays_in_its_folder_whatever_the_function_is_called(string name, string file)
    {
        var outer = Directory.CreateTempSubdirectory("sgc-dump").FullName;
        try
        {
            var folder = Path.Combine(outer, "x", "y");
            var b = new FunctionBuilder(name);
            new PassRunner([]).Run(b.Build(-b.Parameter("x", DType.F32[3])), Environment(("SGC_DUMP", folder)));
            Assert.Equal([Path.Combine(folder, $"{file}.00_input.gir")], Directory.GetFiles(outer, "*", SearchOption.AllDirectories));
        }
        finally
        {
            Directory.Delete(outer, recursive: true);
        }
    }

    [Fact]
    public void A_dump_that_cannot_be_written_is_SGC3002()
    {
        var file = Path.GetTempFileName();
        try
        {
            foreach (var folder in new[] { file, Path.Combine(file, "x"), "/proc/none", "a\0b" })
            {
                var error = Assert.Throws<GraphException>(() => new PassRunner([]).Run(Sample(), Environment(("SGC_DUMP", folder))));
                Assert.Equal("SGC3002", error.Code);
                Assert.Contains(folder, error.Message, StringComparison.Ordinal);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    private sealed class Breaking : IPass
    {
        public string Name => "breaking";

        // The result is a value of the old function, which the new one does not define.
        public Function Run(Function function, PassContext context) => new(function.Name, [], [], [function.Results[0]]);
    }

    [Fact]
    public void Verification_names_the_pass_that_broke_the_function()
    {
        var runner = new PassRunner([new("breaking", new Breaking())]);
        var error = Assert.Throws<InternalCompilerException>(() => runner.Run(Sample(), new PassContext { VerifyEach = true }));
        Assert.Equal("breaking", error.Stage);
        runner.Run(Sample(), new PassContext());
    }

    [Fact]
    public void Every_pass_is_made_by_name()
    {
        foreach (var name in PassRegistry.Names)
            Assert.Equal(name, PassRegistry.Create(name, new Dictionary<string, string>()).Name);
        Assert.Equal("SGC3001", Assert.Throws<GraphException>(() => PassRegistry.Create("inline", new Dictionary<string, string>())).Code);
    }
}
