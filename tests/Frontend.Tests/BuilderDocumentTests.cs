using System.Text.RegularExpressions;
using GraphCompiler.Diagnostics;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>docs/builder.md: its code is this file's, line by line, its types are those in its comments, its table is printed.</summary>
public sealed partial class BuilderDocumentTests
{
    private static readonly string s_page = File.ReadAllText(SourceTree.PathOf("docs", "builder.md"));

    [Fact]
    public void The_code_of_the_page_runs()
    {
        var g = new GraphBuilder("page");
        var x = g.Input("x", F32[64, 10]);
        var t = g.Input("temperature", F32);
        var mask = x > 0;                          // bool[64,10]; so are <, <=, >=, x.Equal(y) and x.NotEqual(y)
        var y = mask.Select(x / t, 0.1 * x);       // operators broadcast as NumPy's do
        var z = x.Square() + x.Pow(3) - x.Clip(-1, 1).Maximum(0);

        var scale = g.Constant(2f);                // f32, by the type of the number; also from arrays, f32[3] and f32[2,2]
        var row = g.Constant([1f, 2, 3]);
        var matrix = g.Constant(new[,] { { 1f, 2 }, { 3, 4 } });
        var cube = g.Constant([1, 2, 3, 4, 5, 6, 7, 8], new Shape(2, 2, 2));

        var first = x[0];                          // f32[10]
        var last = x[^1, ^1];                      // f32
        var head = x[..10];                        // f32[10,10]
        var column = x[.., 3];                     // f32[64]
        var inner = x[1..^1, ..];                  // f32[62,10]
        var both = x.Concat(z, axis: 1);           // f32[64,20]
        var pair = x.Stack([y, z], axis: -1);      // f32[64,10,3]
        var flat = x.ExpandDims(1).Squeeze(1).Flatten();

        var total = x.Sum();
        var means = x.Mean(0);
        var again = x.Sum(0, 1);
        var kept = x.Max([1], keepAxes: true);     // f32[64,1]
        var spread = x.Std(0) + x.Variance(0, correction: 1);
        var normalizer = x.LogSumExp(1);
        var best = x.ArgMax(1);                    // i32[64]: the first of equals, the first NaN if there is one

        var q = x.Reshape([2, 32, 2, 5]);
        var attended = q.Attention(q, q, causal: true);                   // f32[2,32,2,5]
        var one = q[.., .., ..1];                                         // a head of keys for both of q's
        var grouped = q.Attention(one, one, mask: mask.Reshape([2, 2, 1, 160])[.., .., .., ..32], scale: 0.5);

        var dense = new Dense(10, name: "hidden", activation: h => h.Tanh());
        var twice = dense.Apply(dense.Apply(x));   // hidden/kernel and hidden/bias are declared once
        var penalty = 1e-4 * dense.Kernel.Square().Sum();
        var frozen = twice.Dense(10, trainable: false, kernel: Initializer.Orthogonal());
        var logits = frozen.Dense(3, bias: false); // unnamed layers are dense, dense_1 and so on

        var net = twice.Repeat(2, (h, i) => h.Residual(r => r.Dense(10, bias: false).BatchNorm("norm").Relu()));
        using (g.Scope("head")) net = net.Residual(r => r.Dense(4), shortcut: s => s.Dense(4, bias: false));

        Assert.Equal([Bool[64, 10], F32, F32[3], F32[2, 2], I32[2, 2, 2], F32[10], F32, F32[10, 10]],
            new[] { mask, scale, row, matrix, cube, first, last, head }.Select(v => v.Type));
        Assert.Equal([F32[64], F32[62, 10], F32[64, 20], F32[64, 10, 3], F32[64, 10], F32[64, 1], I32[64]],
            new[] { column, inner, both, pair, flat, kept, best }.Select(v => v.Type));
        Assert.Equal([F32[64, 10], F32, F32[10], F32, F32[10], F32[64], F32[64, 3], F32[64, 4]],
            new[] { y, total, means, again, spread, normalizer, logits, net }.Select(v => v.Type));
        Assert.Equal([F32[2, 32, 2, 5], F32[2, 32, 2, 5]], new[] { attended, grouped }.Select(v => v.Type));
        Assert.Contains(g.Summary(), s_page, StringComparison.Ordinal);
        using var step = g.Minimize(logits.Square().Mean() + penalty, new Sgd(0.1)).Compile(new CompileOptions { Threads = 1 });
        Assert.Equal("SGC5007", Assert.ThrowsAny<GraphCompilerException>(step.Run).Code);
    }

    [Fact]
    public void Batches_of_any_size()
    {
        using var steps = Specializations.ByRows(rows =>
        {
            var g = new GraphBuilder("digits", seed: 1);
            var (images, labels) = (g.Input("images", F32[rows, 64]), g.Input("labels", I32[rows]));
            return g.Minimize(images.Dense(10).SoftmaxCrossEntropy(labels).Mean(), new Adam(1e-3));
        });
        foreach (var size in new[] { 4, 1 })
        {
            var (images, labels) = (new float[size * 64], new int[size]);
            steps[labels.Length].Run(images, labels);
            Assert.Equal(Math.Log(10), steps[size].Loss, 1e-2); // Blank images, which say nothing of their digit.
        }
    }

    [Fact]
    public void Every_line_of_code_is_in_these_tests()
    {
        var source = SourceTree.PathOf("tests", "Frontend.Tests", "BuilderDocumentTests.cs");
        var lines = File.ReadLines(source).Select(l => l.Trim()).ToHashSet();
        var code = CodeBlock().Matches(s_page).SelectMany(m => m.Groups[1].Value.Trim().Split('\n')).ToArray();
        Assert.True(code.Length > 30);
        Assert.All(code, line => Assert.Contains(line.Trim(), lines));
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
