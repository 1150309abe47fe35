using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Euclidean norms.</summary>
internal static class Norms
{
    /// <summary>√Σx² over everything, or along some axes, which are kept.</summary>
    public static Value Of(Value x, int[]? axes = null) =>
        (axes is null ? (x * x).Sum() : (x * x).Sum(axes, keepAxes: true)).Sqrt();

    /// <summary>All axes but the last: those that a layer's outputs are summed over.</summary>
    public static int[] InputAxes(Value x) => [.. Enumerable.Range(0, x.Rank - 1)];
}
