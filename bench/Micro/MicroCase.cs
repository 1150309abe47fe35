using GraphCompiler.IR;
using static TorchSharp.torch;

namespace GraphCompiler.Bench.Micro;

/// <summary>One part of a training step, written three times: for the compiler, with TensorPrimitives, and for libtorch.</summary>
/// <param name="Name">As shown and filtered by.</param>
/// <param name="Operands">Shapes of the operands.</param>
/// <param name="Results">Shapes of the results.</param>
/// <param name="Compiled">The results of the operands.</param>
/// <param name="Tensors">Fills the results, or changes the operands that <paramref name="Replaced"/> names; on one thread, except
/// matmuls. Null where there is no such side: a derivative is more than a kernel.</param>
/// <param name="Torch">The results, or the operands changed in place.</param>
public sealed record MicroCase(string Name, Shape[] Operands, Shape[] Results,
    Func<FunctionBuilder, Value[], Value[]> Compiled, Action<float[][], float[][]>? Tensors, Func<Tensor[], Tensor[]> Torch)
{
    /// <summary>The type of operands and results, f32 or f64; TensorPrimitives has f32 alone.</summary>
    public DType DType { get; init; } = DType.F32;

    /// <summary>For each result the operand that it replaces, or -1.</summary>
    public int[] Replaced { get; init; } = [.. Results.Select(_ => -1)];

    /// <summary>What libtorch's side takes, made of the operands before the clock starts.</summary>
    public Func<Tensor[], Tensor[]> TorchOperands { get; init; } = o => o;

    /// <summary>Floating-point operations of a matmul or convolution, a multiply-add being two; 0 for what is bound by memory.</summary>
    public double Flops { get; init; }

    /// <summary>Whether libtorch records operations, to differentiate them.</summary>
    public bool NeedsGradient { get; init; }

    /// <summary>The first operands, by which libtorch differentiates.</summary>
    public int Differentiated { get; init; } = 1;

    /// <summary>Whether elements are between 0 and 1, where a function takes no others.</summary>
    public bool IsPositive { get; init; }

    /// <summary>Operand elements between -1 and 1, the same on every side.</summary>
    internal float[][] CreateOperands()
    {
        var random = new Random(11);
        float[] Create(int i)
        {
            var elements = new float[Operands[i].ElementCount];
            for (var k = 0; k < elements.Length; k++)
                elements[k] = (float)(IsPositive ? 1 - random.NextDouble() : 2 * random.NextDouble() - 1);
            return elements;
        }
        return [.. Operands.Select((_, i) => Create(i))];
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
