using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Canonicalization;

/// <summary>Which operand's axis each axis of a contraction's result is.</summary>
internal sealed class ResultAxes
{
    private readonly (int Operand, int Axis)[] _from;

    public ResultAxes(Operation dot)
    {
        var (axes, x, y) = (DotGeneral.Axes.Of(dot.Attributes), dot.Operands[0], dot.Operands[1]);
        _from = [.. axes.BatchX.Select(a => (-1, a)), .. axes.FreeX(x.Rank).Select(a => (0, a)), .. axes.FreeY(y.Rank).Select(a => (1, a))];
    }

    /// <summary>The axes of an operand that these axes of the result are, or null if some are not its own.</summary>
    public int[]? AllFrom(int operand, int[] result) =>
        result.All(a => _from[a].Operand == operand) ? [.. result.Select(a => _from[a].Axis)] : null;
}
