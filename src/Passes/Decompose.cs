using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>Replaces composite ops (softmax) by their decompositions, and operations that lowering has no form for by ones that it
/// has.</summary>
/// <remarks>Needs: derivatives taken, since a composite's own rule is the better one, and a user's goes with custom_gradient.
/// Ensures: no op without a kernel has a decomposition, no reduction is over no axes, and no concatenation has more than 16 parts.
/// O(operations).</remarks>
public sealed class Decompose : IPass
{
    /// <summary>Parts of a concatenation: each is one more choice for every element.</summary>
    private const int MostParts = 16;

    /// <inheritdoc/>
    public string Name => "decompose";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context) =>
        Rewriter.Rebuild(function, (operation, builder, operands) => operation.Op switch
        {
            IKernelOp => null,
            CustomGradient => [operands[0]],
            IReductionOp { GivesIndex: true } when Reduction.Axes(operation) is [] => [operands[0], First(operation, builder)],
            IReductionOp when Reduction.Axes(operation) is [] => operands,
            OpaqueOp opaque => opaque.DecomposeAll(operation, operands.AsSpan()) is { } results ? [.. results] : null,
            Concatenate when operands.Length > MostParts => [Concatenated(operation, builder, operands)],
            _ => null,
        });

    // The index of the only element.
    private static Value First(Operation choice, FunctionBuilder builder) =>
        builder.Constant(Literal.Rounded(choice.Results[1].Type, 0), choice.Location);

    // Parts of parts: an element takes as many choices as their logarithm, and is copied once for each level.
    private static Value Concatenated(Operation operation, FunctionBuilder builder, ImmutableArray<Value> parts)
    {
        while (parts.Length > 1)
            parts = [.. parts.Chunk(MostParts).Select(c => c.Length == 1 ? c[0] : builder.Emit(operation.Op, c, operation.Attributes))];
        return parts[0];
    }
}
