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
    public bool IsNarrow => DotGeneral.Axes.Of(Dot.Attributes).BatchX.Length == 0 && Channels is > 1 and <= FewChannels
        && Channels * Tapped.Shape[Taps[^1]] <= MostLanes;

    /// <summary>Whether the operand has the axes of the positions in their order, as a window needs them.</summary>
    public bool KeepsOrder => Positions.Zip(Positions.Skip(1)).All(p => p.First < p.Second);

    /// <summary>Elements of the result beside each other at one position.</summary>
    public long Channels
    {
        get
        {
            var axes = DotGeneral.Axes.Of(Dot.Attributes);
            int[] free = Operand == 0 ? axes.FreeX(Tapped.Rank) : axes.FreeY(Tapped.Rank);
            return free.Except(Taps).Aggregate(1L, (n, axis) => n * Tapped.Shape[axis]);
        }
    }

    /// <summary>The sum of windows as a convolution: windows one apart of the positions' operand, padded, times the taps, which they meet
    /// in the opposite order.</summary>
    /// <param name="site">Where it is emitted.</param>
    /// <param name="padded">In place of the operand that has the positions.</param>
    /// <param name="tapped">In place of the one that has the taps.</param>
    /// <param name="size">Of the windows.</param>
    /// <param name="dilation">Of the windows.</param>
    public Value Convolve(RewriteSite site, Value padded, Value tapped, int[] size, int[] dilation)
    {
        var windows = new Window.Geometry(Positions, size, [.. size.Select(_ => 1)], dilation);
        var read = site.EmitWith(Window.Instance, windows.Attributes, padded);
        var reversed = site.EmitWith(Reverse.Instance, Reverse.Attributes(Taps.Order()), tapped);
        int[] Behind(int[] of) => [.. of.Select(a => a < windows.FirstTap ? a : a + Taps.Length)];
        int[] taps = [.. Taps.Select((_, i) => windows.FirstTap + i)];
        var axes = DotGeneral.Axes.Of(Dot.Attributes);
        var product = Operand == 0
            ? site.EmitWith(DotGeneral.Instance, (axes with
            {
                BatchY = Behind(axes.BatchY), ContractX = [.. axes.ContractX, .. Taps], ContractY = [.. Behind(axes.ContractY), .. taps],
            }).Attributes, reversed, read)
            : site.EmitWith(DotGeneral.Instance, (axes with
            {
                BatchX = Behind(axes.BatchX), ContractX = [.. taps, .. Behind(axes.ContractX)], ContractY = [.. Taps, .. axes.ContractY],
            }).Attributes, read, reversed);
        return DotRules.InOrder(site, product, Moved.Except(TapsOfResult));
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
