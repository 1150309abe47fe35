using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace GraphCompiler.Bench.Micro;

/// <summary>Attention of sequences of several lengths: forward, and forward with the derivatives by queries, keys and values. libtorch's
/// operands lie as its kernel wants them: [batch, heads, positions, width].</summary>
internal static class Attentions
{
    private const int Batch = 1, Heads = 4;

    private static readonly int[] s_positions = [64, 128, 256, 512, 1024, 2048];

    public static IEnumerable<MicroCase> All { get; } =
    [
        .. from width in (int[])[32, 64]
           from isCausal in (bool[])[true, false]
           from positions in s_positions
           from part in (Func<int, int, bool, MicroCase>[])[Forward, ForwardBackward]
           select part(positions, width, isCausal),
    ];

    private static MicroCase Forward(int positions, int width, bool isCausal)
    {
        var shape = new Shape(Batch, positions, Heads, width);
        return new($"{Name(positions, width, isCausal)} forward", [shape, shape, shape], [shape],
            (_, o) => [o[0].Attention(o[1], o[2], isCausal)], null, o => [Swapped(Attend(o, isCausal))])
        {
            Flops = 2 * Product(shape, isCausal), TorchOperands = o => Prepared(o, isRecorded: false),
        };
    }

    private static MicroCase ForwardBackward(int positions, int width, bool isCausal)
    {
        var shape = new Shape(Batch, positions, Heads, width);
        return new($"{Name(positions, width, isCausal)} forward and backward", [shape, shape, shape, shape], [shape, shape, shape, shape],
            (b, o) =>
            {
                var y = o[0].Attention(o[1], o[2], isCausal);
                return [y, .. Adjoint.AppendDense(b, y, o[..3], o[3])];
            }, null, o =>
            {
                var y = Attend(o, isCausal);
                return [Swapped(y), .. autograd.grad([y], o[..3], [o[3]]).Select(Swapped)];
            })
        {
            Flops = 7 * Product(shape, isCausal), TorchOperands = o => Prepared(o, isRecorded: true),
            NeedsGradient = true, Differentiated = 0,
        };
    }

    private static string Name(int positions, int width, bool isCausal) =>
        $"attention {positions} head {width}{(isCausal ? " causal" : "")}";

    // Of queries and keys; a causal one is that of half the pairs.
    private static double Product(Shape shape, bool isCausal) => 2.0 * shape.ElementCount * shape[1] / (isCausal ? 2 : 1);

    private static Tensor Attend(Tensor[] o, bool isCausal) => F.scaled_dot_product_attention(o[0], o[1], o[2], is_casual: isCausal);

    private static Tensor Swapped(Tensor x) => x.permute(0, 2, 1, 3);

    private static Tensor[] Prepared(Tensor[] operands, bool isRecorded) => [.. operands.Select((o, i) =>
        Swapped(o).contiguous().detach().requires_grad_(isRecorded && i < 3))];
}
