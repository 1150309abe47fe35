using System.Numerics.Tensors;
using GraphCompiler.IR;

namespace GraphCompiler.Tape;

/// <summary>A tensor computed during a step: its elements, and the record of how it came to be.</summary>
/// <remarks>Elements are floats whatever the type: truth values are 0 or 1, integers are exact to 2^24. A buffer is never
/// written after it was filled, so tensors and gradients may share one.</remarks>
internal sealed class Node(Operation? operation, EagerKernel? kernel, Node[] inputs, bool requiresGradient)
{
    public Operation? Operation { get; } = operation;
    public EagerKernel? Kernel { get; } = kernel;
    public Node[] Inputs { get; } = inputs;
    public bool RequiresGradient { get; } = requiresGradient;
    public float[] Data { get; set; } = [];
    public float[]? Gradient { get; private set; }

    /// <summary>Adds a contribution of one path to the gradient.</summary>
    public void Accumulate(float[] contribution, BufferPool pool)
    {
        if (Gradient is not { } sum)
        {
            Gradient = contribution;
            return;
        }
        var total = pool.Rent(sum.Length);
        TensorPrimitives.Add(sum, contribution, total);
        Gradient = total;
    }
}
