using GraphCompiler.IR;

namespace GraphCompiler.Tape;

/// <summary>Computes one op and its gradient, eagerly.</summary>
internal abstract class EagerKernel
{
    /// <summary>Whether the kernel can run this operation.</summary>
    public virtual bool Supports(Operation operation) => true;

    /// <summary>Fills <see cref="Node.Data"/>.</summary>
    public abstract void Forward(Node node, BufferPool pool);

    /// <summary>Adds the contributions of <see cref="Node.Gradient"/> to the inputs that require a gradient.</summary>
    public abstract void Backward(Node node, BufferPool pool);
}

/// <summary>A value that depends on attributes alone (constant, iota): made once, then reused by every step.</summary>
internal sealed class Fixed : EagerKernel
{
    private readonly Dictionary<Operation, float[]> _made = [];

    public override void Forward(Node node, BufferPool pool)
    {
        if (!_made.TryGetValue(node.Operation!, out var data))
            _made[node.Operation!] = data = Array.ConvertAll(node.Operation!.Op.Evaluate(node.Operation, [])[0].ToArray(), v => (float)v);
        node.Data = data;
    }

    public override void Backward(Node node, BufferPool pool) { }
}

/// <summary>An op that keeps the elements as they are (reshape, stop_gradient, convert).</summary>
internal sealed class Alias(bool stopsGradient = false) : EagerKernel
{
    // Conversions between element types that a float holds alike; truncation would change elements.
    public override bool Supports(Operation operation) =>
        !operation.Operands[0].DType.IsFloating || operation.Result.DType.IsFloating;

    public override void Forward(Node node, BufferPool pool) => node.Data = node.Inputs[0].Data;

    public override void Backward(Node node, BufferPool pool)
    {
        if (!stopsGradient && node.Inputs[0].RequiresGradient) node.Inputs[0].Accumulate(node.Gradient!, pool);
    }
}
