using GraphCompiler.IR;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>A family of kernels at every size from 1 to 40: whole vectors, half-empty ones, several registers side by side and one.
/// </summary>
/// <remarks>The other sizes and the element types go through their values beside it, so that each pair of them comes up. Sizes beyond two
/// and a half of the target's vectors of f32 are of one element type each, by turns. SGC_EXHAUSTIVE=1 runs every
/// element type at every size.</remarks>
internal static class SizeSweep
{
    private const int Largest = 40;
    private static readonly int[] s_others = [1, 2, 3, 5, 8, 13, 17, 31, 33];

    public static int Other(int size, int step) => s_others[(size * step + size / s_others.Length) % s_others.Length];

    private static bool IsLong => Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1";

    /// <summary>Compiles and runs a family at every size.</summary>
    /// <param name="dtypes">The element types of every size.</param>
    /// <param name="results">The family at a size and an element type.</param>
    /// <param name="tolerance">Of floating types of 32 bits or more, relative to max(1, |expected|).</param>
    /// <param name="byTurns">Further element types, one for each size.</param>
    public static void Sweep(DType[] dtypes, Func<FunctionBuilder, DType, int, Value[]> results, double tolerance = 2e-5,
        DType[]? byTurns = null)
    {
        byTurns ??= [];
        DType[] all = [.. dtypes, .. byTurns];
        var target = TargetInfo.Create();
        var everyType = target.VectorBytes / sizeof(float) * 5 / 2;
        for (var size = 1; size <= Largest; size++)
        {
            DType[] chosen = IsLong ? all : size > everyType ? [all[size % all.Length]]
                : [.. dtypes, .. byTurns.Where((_, i) => i == size % byTurns.Length)];
            foreach (var dtype in chosen)
            {
                var builder = new FunctionBuilder($"{dtype}_{size}");
                CompiledFunctionTests.AgreeOnce(builder.Build(results(builder, dtype, size)),
                    dtype.Bits < 32 && dtype.IsFloating ? 0.05 : tolerance, size, workers: 1 + size / all.Length % 2);
            }
        }
    }
}
