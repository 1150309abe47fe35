using System.Runtime.CompilerServices;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Of each element the largest of the elements up to it along one axis; NaN from the first NaN on.</summary>
/// <remarks>x: numbers. axis, reverse, exclusive, C1, C2: as of cumulative_sum; the largest of nothing is the identity,
/// -∞ or the least integer. The derivative is that of the last of the elements that are equal to the result.</remarks>
public sealed class CumulativeMax : CumulativeExtremumOp
{
    /// <summary>The op.</summary>
    public static readonly CumulativeMax Instance = new();
    private CumulativeMax() : base("cumulative_max") { }

    /// <inheritdoc/>
    protected override ReductionKind Kind => ReductionKind.Max;
}

/// <summary>Fluent syntax of <see cref="CumulativeMax"/>.</summary>
public static class CumulativeMaxSyntax
{
    extension(Value x)
    {
        /// <summary>Of each element the largest of the elements up to it along an axis (negative counts from the end); NaN from the first
        /// NaN on. The derivative is that of the last of equals, as PyTorch's.</summary>
        /// <param name="axis">Which axis.</param>
        /// <param name="reverse">Whether it runs from the last element to the first.</param>
        /// <param name="exclusive">Whether an element itself does not count; the first result is then the identity.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="Diagnostics.GraphException">SGC1001: x is bool. SGC1004: no such axis.</exception>
        public Value CumMax(int axis = -1, bool reverse = false, bool exclusive = false,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Cumulative.Emit(CumulativeMax.Instance, x, axis, reverse, exclusive, new(file, line));
    }
}
