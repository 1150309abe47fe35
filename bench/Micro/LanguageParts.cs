using GraphCompiler.Frontend;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace GraphCompiler.Bench.Micro;

/// <summary>Parts of language models beside attention, forward and backward: layer norm with scale and bias, rows of a table, and cross
/// entropy over a vocabulary.</summary>
internal static class LanguageParts
{
    private const int Vocabulary = 50_257;
    private const double Epsilon = 1e-5;

    public static IEnumerable<MicroCase> All { get; } =
    [
        .. new[] { (768, 128), (2048, 384), (256, 768), (4096, 1024) }.Select(s => LayerNorm(s.Item1, s.Item2)),
        Embedding(256, 768), Embedding(2048, 384),
        CrossEntropy(768, 65), CrossEntropy(1024, Vocabulary),
    ];

    private static MicroCase LayerNorm(int rows, int width)
    {
        var (x, parameter) = (new Shape(rows, width), new Shape(width));
        return new($"layer norm {rows}x{width} with scale and bias forward and backward", [x, parameter, parameter, x],
            [x, x, parameter, parameter], (b, o) =>
            {
                var y = o[0].Standardize(-1, Epsilon) * o[1] + o[2];
                return [y, .. Adjoint.AppendDense(b, y, o[..3], o[3])];
            }, null, o =>
            {
                var y = F.layer_norm(o[0], [width], o[1], o[2], Epsilon);
                return [y, .. autograd.grad([y], o[..3], [o[3]])];
            }) { NeedsGradient = true, Differentiated = 3 };
    }

    // The gradient of the whole table: zeros but for the rows that are read.
    private static MicroCase Embedding(int count, int width)
    {
        Embedding? module = null;
        var (table, rows, indices) = (new Shape(Vocabulary, width), new Shape(count, width), Drawn(count, Vocabulary));
        return new($"embedding {count} of {Vocabulary}x{width} forward and backward", [table, rows], [rows, table], (b, o) =>
        {
            var y = o[0].Take(b.Constant(indices));
            return [y, .. Adjoint.AppendDense(b, y, [o[0]], o[1])];
        }, null, o =>
        {
            var y = module!.call(o[2]);
            return [y, .. autograd.grad([y], [o[0]], [o[1]])];
        })
        {
            NeedsGradient = true, Differentiated = 0, TorchOperands = o =>
            {
                module = nn.Embedding_from_pretrained(o[0], freeze: false);
                return [module.weight!, o[1], tensor(indices)];
            },
        };
    }

    private static MicroCase CrossEntropy(int rows, int classes)
    {
        var (logits, losses, labels) = (new Shape(rows, classes), new Shape(rows), Drawn(rows, classes));
        return new($"cross entropy {rows}x{classes} forward and backward", [logits, losses], [losses, logits], (b, o) =>
        {
            var y = o[0].SoftmaxCrossEntropy(b.Constant(labels));
            return [y, .. Adjoint.AppendDense(b, y, [o[0]], o[1])];
        }, null, o =>
        {
            var y = F.cross_entropy(o[0], o[2], reduction: nn.Reduction.None);
            return [y, .. autograd.grad([y], [o[0]], [o[1]])];
        }) { NeedsGradient = true, TorchOperands = o => [.. o, tensor(labels, int64)] };
    }

    private static int[] Drawn(int count, int below)
    {
        var random = new Random(11);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(below))];
    }
}
