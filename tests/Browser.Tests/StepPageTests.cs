using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Browser.Tests;

/// <summary>The page of a step as a reader has it: what is on it, and what clicks and keys do.</summary>
public sealed class StepPageTests : IClassFixture<StepPageTests.WrittenPage>
{
    private const string Hostile = "</script><img src=x onerror=alert(1)>{{data}}.cs";
    private readonly string _path;

    public StepPageTests(WrittenPage page) => _path = page.Path;

    /// <summary>A profiled step with nested scopes, and a file name that would be markup.</summary>
    public sealed class WrittenPage : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("page").FullName;

        public WrittenPage()
        {
            var g = new GraphBuilder("classifier", seed: 1);
            var x = g.Input("images", F32[32, 64], Hostile, 7);
            var h = x.Dense(64, name: "hidden").Relu(Hostile, 8);
            for (var i = 0; i < 2; i++)
                using (g.Scope($"stage{i}"))
                    h = h + h.Dense(64, name: "inner").LayerNorm().Relu();
            var loss = h.Dense(10, name: "logits").SoftmaxCrossEntropy(g.Input("labels", I32[32])).Mean();
            using var step = g.Minimize(loss, new Adam(1e-3)).Compile(new CompileOptions { Profile = true, Threads = 1 });
            var (images, labels) = (new float[32 * 64], new int[32]);
            step.ToHtml(Path, step.Profile(20, () => step.Run(images, labels)));
        }

        public string Path => System.IO.Path.Combine(_folder, "model.html");

        public void Dispose() => Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_graph_opens_by_layers_and_follows_values()
    {
        await using var page = await OpenedPage.Open(_path);
        Assert.Contains("classifier", await page.Text("h1"), StringComparison.Ordinal);
        Assert.Equal(0, await page.Ask<int>("window.scrollY"));
        await page.Picture("graph");
        var cells = await page.Count(".cell");
        Assert.Equal(3, await page.Count(".cell [data-layer=hidden]"));
        Assert.True(await page.Count(".edge") >= cells - 1, "the cells are not connected");
        await page.Click("[data-group=stage0]");
        Assert.Equal("false", await page.Ask<string>("document.querySelector('[data-group=stage0]').ariaExpanded"));
        Assert.True(await page.Count(".cell") < cells, "a scope that is closed still shows its layers");
        await page.Click("[data-layer=hidden][data-part=backward]");
        await page.Click("[data-layer=hidden][data-part=backward] ~ ol li button");
        Assert.Contains("hidden", await page.Text("#graph-view .detail"), StringComparison.Ordinal);
        Assert.Contains("backward", await page.Text("#graph-view .detail"), StringComparison.Ordinal);
        var first = await page.Text("#graph-view .detail pre");
        await page.Click("#graph-view .detail button.chip");
        Assert.NotEqual(first, await page.Text("#graph-view .detail pre"));
        await page.Picture("graph-chosen");
        page.CheckErrors();
    }

    [Fact]
    public async Task Kernels_are_as_wide_as_their_times()
    {
        await using var page = await OpenedPage.Open(_path, "#kernels");
        var rows = await page.Count("#kernels-view tbody tr");
        Assert.Equal(rows, await page.Count(".strip i"));
        Assert.True(await page.Ask<bool>(
            "view.kernels.every((k, i) => i === 0 || (view.kernels[i - 1].share > k.share) === (widthOf(i - 1) > widthOf(i)) "
            + "|| Math.abs(widthOf(i - 1) - widthOf(i)) < 2 || Math.abs(view.kernels[i - 1].share - k.share) < 1e-3);"
            + "function widthOf(i) { return kernels.strips[i].getBoundingClientRect().width; }"));
        await page.Click("[data-kernel='0']");
        Assert.Contains("= fusion", await page.Text("#kernels-view .detail pre"), StringComparison.Ordinal);
        await page.Picture("kernels");
        page.CheckErrors();
    }

    [Fact]
    public async Task Memory_shows_what_is_alive_at_the_peak_and_elsewhere()
    {
        await using var page = await OpenedPage.Open(_path, "#memory", isDark: true);
        Assert.Contains("At the peak", await page.Text("#memory-view .detail"), StringComparison.Ordinal);
        var alive = await page.Count("#alive tr");
        Assert.Equal(alive, await page.Count(".buffer.on"));
        Assert.Equal(await page.Ask<int>("memory.buffers.filter(b => b.first <= memory.peak && memory.peak <= b.last).length"), alive);
        await page.Picture("memory-dark");
        await page.Page.FocusAsync("#memory-view input[type=range]");
        await page.Page.Keyboard.PressAsync("Home");
        Assert.Contains("While kernel 0 runs", await page.Text("#memory-view .detail"), StringComparison.Ordinal);
        page.CheckErrors();
    }

    [Fact]
    public async Task A_pass_that_is_chosen_shows_its_function()
    {
        await using var page = await OpenedPage.Open(_path);
        await page.Page.FocusAsync("#tab-graph");
        await page.Page.Keyboard.PressAsync("ArrowLeft"); // From the first tab to the last.
        Assert.Equal("true", await page.Ask<string>("document.getElementById('tab-passes').ariaSelected"));
        Assert.Contains("fusion", await page.Text("#passes-view .code"), StringComparison.Ordinal);
        await page.Click("[data-pass=input]");
        var input = await page.Text("#passes-view .code");
        Assert.StartsWith("func @classifier(", input, StringComparison.Ordinal);
        Assert.DoesNotContain("fusion", input, StringComparison.Ordinal);
        Assert.Contains("onerror", input, StringComparison.Ordinal); // The file's name, as text.
        Assert.Equal(0, await page.Count("img"));
        await page.Click("[data-pass=simplify]");
        Assert.True(await page.Count("#passes-view .row.new") > 0, "simplify made nothing new");
        await page.Picture("passes");
        page.CheckErrors();
    }
}
