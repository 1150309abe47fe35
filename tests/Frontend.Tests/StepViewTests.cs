using System.Text;
using System.Text.Json;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.Frontend.Viewing;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>What the page of a step says, read from the data inside; tests/Browser.Tests opens the page.</summary>
[Trait("Category", "AnyLevel")]
public sealed class StepViewTests : IDisposable
{
    private const int Forward = 0, Backward = 1, Update = 2;
    private readonly string _folder = Directory.CreateTempSubdirectory("view").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string PagePath => Path.Combine(_folder, "model.html");

    private static TrainingStep Compile(CompileOptions? options = null, string file = "Mlp.cs")
    {
        var g = new GraphBuilder("mlp", seed: 1);
        var h = g.Input("x", F32[8, 16], file, 3);
        using (g.Scope("body")) h = h.Dense(12, name: "hidden").Relu(file, 4);
        var loss = h.Dense(5, name: "logits").SoftmaxCrossEntropy(g.Input("t", I32[8])).Mean(file: file, line: 5);
        return g.Minimize(loss, new Adam(), file: file, line: 6).Compile(options ?? new CompileOptions { Threads = 1 });
    }

    private StepView Write(CompiledFunction function, StepProfile? profile = null)
    {
        function.ToHtml(PagePath, profile);
        const string Start = "<script type=\"application/json\" id=\"data\">";
        var page = File.ReadAllText(PagePath);
        var from = page.IndexOf(Start, StringComparison.Ordinal) + Start.Length;
        return JsonSerializer.Deserialize(page[from..page.IndexOf("</script>", from, StringComparison.Ordinal)],
            StepViewJson.Default.StepView)!;
    }

    [Fact]
    public void Each_layer_has_its_operations_gradients_and_updates()
    {
        using var step = Compile();
        var view = Write(step);
        IEnumerable<string> Ops(string layer, int part) => view.Operations
            .Where(o => view.Layers[o.Layer].Name == layer && o.Part == part).Select(o => o.Op);
        Assert.Contains("dot_general", Ops("body/hidden", Forward));
        Assert.Contains("dot_general", Ops("logits", Forward));
        Assert.Contains("select", Ops("body", Forward)); // The Relu is in the scope and in no layer.
        // dX and dW of the second layer, and dW alone of the first, whose x is an input.
        Assert.Equal(2, Ops("logits", Backward).Count(o => o == "dot_general"));
        Assert.Single(Ops("body/hidden", Backward), o => o == "dot_general");
        Assert.DoesNotContain("dot_general", view.Operations.Where(o => o.Part == Update).Select(o => o.Op));
        // Adam divides by the root of the second moment once for each of a layer's two variables.
        foreach (var layer in (string[])["body/hidden", "logits"]) Assert.Equal(2, Ops(layer, Update).Count(o => o is "sqrt" or "rsqrt"));
        Assert.All(view.Operations.Select((o, i) => (o, i)),
            x => Assert.All(x.o.Reads, r => Assert.InRange(r, -view.Parameters.Length, x.i - 1)));
    }

    [Fact]
    public void Values_alive_at_once_are_apart_and_within_the_arena()
    {
        using var step = Compile();
        var memory = Write(step).Memory;
        Assert.Equal(step.ArenaBytes, memory.ArenaBytes);
        Assert.NotEmpty(memory.Buffers);
        Assert.All(memory.Buffers, b => Assert.True(b.Offset + b.Bytes <= memory.ValueBytes && b.First <= b.Last, $"{b}"));
        foreach (var a in memory.Buffers)
            foreach (var b in memory.Buffers.Where(b => b != a && b.First < a.Last && a.First < b.Last))
                Assert.True(a.Offset + a.Bytes <= b.Offset || b.Offset + b.Bytes <= a.Offset, $"{a} overlaps {b}");
        Assert.True(memory.Buffers.Sum(b => b.Bytes) >= memory.ValueBytes / 2);
    }

    [Fact]
    public void Passes_and_kernels_are_those_that_were_compiled()
    {
        using var step = Compile();
        var view = Write(step);
        Assert.Equal("input", view.Passes[0].Name);
        Assert.Equal("fuse", view.Passes[^1].Name);
        Assert.StartsWith("func @mlp(", view.Passes[0].Text, StringComparison.Ordinal);
        Assert.Contains("// Mlp.cs(4)", view.Passes[0].Text, StringComparison.Ordinal);
        var fusions = view.Passes[^1].Text!.Split('\n').Count(l => l.StartsWith("  %", StringComparison.Ordinal) && l.Contains("= fusion"));
        Assert.Equal(fusions, view.Kernels.Count(k => k.Text.Contains("= fusion", StringComparison.Ordinal)));
        // Two layers of 8 rows: x·W, dW of both, dX of one, two operations for each product.
        Assert.InRange(view.Totals.Flops, 2 * 8 * (2 * 16 * 12 + 3 * 12 * 5), 10 * 2 * 8 * (2 * 16 * 12 + 3 * 12 * 5));
        Assert.Equal(16 * 12 + 12 + 12 * 5 + 5, view.Totals.Elements);
        Assert.All(view.Kernels, k => Assert.Null(k.Share));
    }

    [Fact]
    public void A_profile_gives_times_and_one_of_another_step_is_refused()
    {
        using var step = Compile();
        var kernels = Write(step).Kernels;
        var profile = new StepProfile(TimeSpan.FromMicroseconds(10), 1, new(100, 10) { Caches = [] }, [.. kernels.Select((k, i) =>
            new KernelProfile(k.Name, 1.0 / kernels.Length, 100 + i, k.Flops, k.Bytes, false, 0.5, []))]);
        var timed = Write(step, profile);
        Assert.Equal(10, timed.Totals.Microseconds);
        Assert.Equal(101, timed.Kernels[1].Nanoseconds);
        var error = Assert.Throws<GraphException>(() => step.ToHtml(PagePath, profile with { Kernels = profile.Kernels[1..] }));
        Assert.Contains("SGC1011", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_function_of_a_model_has_a_page_too()
    {
        var g = new GraphBuilder("half");
        var x = g.Input("x", F32[4, 3]);
        using var function = g.Compile(x * g.Variable("scale", F32[3], Initializer.Constant(0.5f)));
        function.Dispose();
        var view = Write(function);
        Assert.All(view.Operations, o => Assert.Equal(Forward, o.Part));
        Assert.Empty(view.Memory.Buffers);
    }

    [Fact]
    public void Names_of_files_are_never_markup()
    {
        const string Hostile = "</script><b>{{style}}&amp;.cs";
        using var step = Compile(file: Hostile);
        var view = Write(step);
        Assert.DoesNotContain("<b>", File.ReadAllText(PagePath), StringComparison.Ordinal);
        Assert.Contains($"{Hostile.Split('/')[^1]}(5)", view.Operations.Select(o => o.Line));
    }

    [Fact]
    public void A_file_that_cannot_be_written_leaves_what_was_there()
    {
        using var step = Compile();
        Assert.Throws<ArgumentNullException>(() => step.ToHtml(null!));
        foreach (var path in (string[])[Path.Combine(_folder, "none", "x.html"), _folder, "a\0b", ""])
            Assert.Contains("SGC3002", Assert.Throws<GraphException>(() => step.ToHtml(path)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
        File.WriteAllText(PagePath, "old");
        step.ToHtml(PagePath);
        Assert.StartsWith("<!doctype html>", File.ReadAllText(PagePath, Encoding.UTF8), StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(_folder));
    }
}
