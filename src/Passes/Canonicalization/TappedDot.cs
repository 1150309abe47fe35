using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Canonicalization;

/// <summary>A contraction whose result is added as overlapping windows: their positions are axes of one operand, the taps of the
/// other.</summary>
/// <param name="Dot">The contraction, which nothing else reads.</param>
/// <param name="Moved">The axis of its result that each axis of the windows is: a transpose may stand between.</param>
/// <param name="TapsOfResult">Axes of its result that are taps.</param>
/// <param name="Operand">The operand that has the taps.</param>
/// <param name="Positions">Axes of the other operand.</param>
/// <param name="Taps">Axes of that operand.</param>
internal sealed record TappedDot(Operation Dot, int[] Moved, int[] TapsOfResult, int Operand, int[] Positions, int[] Taps)
{
    /// <summary>Channels that leave lanes of a vector empty.</summary>
    private const int FewChannels = 8;

    /// <summary>Channels and taps that the lanes of a register tile hold: two vectors of sixteen.</summary>
    private const int MostLanes = 32;

    public Value Tapped => Dot.Operands[Operand];
    public Value Positioned => Dot.Operands[1 - Operand];

    /// <summary>What an overlap_add adds, if windows do overlap: those that do not are better added.</summary>
    public static TappedDot? Below(RewriteSite site)
    {
        var windows = Window.Geometry.Of(site.Operation);
        if (windows.Size.Zip(windows.Stride).All(p => p.First <= p.Second) || DotRules.DotBelow(site) is not var (dot, moved)) return null;
        int[] positions = [.. windows.Axes.Select(a => moved[a])], taps = [.. windows.Size.Select((_, i) => moved[windows.FirstTap + i])];
        for (var operand = 0; operand < 2; operand++)
            if (AllFrom(dot, 1 - operand, positions) is { } of && AllFrom(dot, operand, taps) is { } tapsOf)
                return new(dot, moved, taps, operand, of, tapsOf);
        return null;
    }

    /// <summary>Whether the channels alone would leave lanes empty that the taps of the last axis fill.</summary>
    public bool IsNarrow
    {
        get
        {
            var axes = DotGeneral.Axes.Of(Dot.Attributes);
            int[] free = Operand == 0 ? axes.FreeX(Tapped.Rank) : axes.FreeY(Tapped.Rank);
            var channels = free.Except(Taps).Aggregate(1L, (n, axis) => n * Tapped.Shape[axis]);
            return axes.BatchX.Length == 0 && channels is > 1 and <= FewChannels && channels * Tapped.Shape[Taps[^1]] <= MostLanes;
        }
    }

    // The axes of an operand that these axes of the result are, or null if some are not its own.
    private static int[]? AllFrom(Operation dot, int operand, int[] result)
    {
        var (axes, x, y) = (DotGeneral.Axes.Of(dot.Attributes), dot.Operands[0], dot.Operands[1]);
        (int Operand, int Axis)[] from =
            [.. axes.BatchX.Select(a => (-1, a)), .. axes.FreeX(x.Rank).Select(a => (0, a)), .. axes.FreeY(y.Rank).Select(a => (1, a))];
        return result.All(a => from[a].Operand == operand) ? [.. result.Select(a => from[a].Axis)] : null;
    }
}
