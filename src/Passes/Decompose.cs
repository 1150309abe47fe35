using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>Replaces composite ops (softmax) by the simpler ops that they stand for.</summary>
/// <remarks>Needs: derivatives taken, since a composite's own rule is the better one. Ensures: no op has a decomposition. O(operations).</remarks>
public sealed class Decompose : IPass
{
    /// <inheritdoc/>
    public string Name => "decompose";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context) =>
        Rewriter.Rebuild(function, (operation, _, operands) =>
            operation.Op is OpaqueOp opaque && opaque.Decompose(operation, operands.AsSpan()) is { } value ? [value] : null);
}
