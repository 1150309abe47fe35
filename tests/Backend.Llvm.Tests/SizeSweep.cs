using GraphCompiler.IR;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>A family of kernels at every size from 1 to 40: whole vectors, half-empty ones, several registers side by side and one,
/// at any level.</summary>
/// <remarks>The other sizes and the element types go through their values beside it, so that each pair of them comes up.</remarks>
internal static class SizeSweep
{
    private const int Largest = 40;
    private static readonly int[] s_others = [1, 2, 3, 5, 8, 13, 17, 31, 33];

    public static int Other(int size, int step) => s_others[(size * step + size / s_others.Length) % s_others.Length];

    public static void Sweep(DType[] dtypes, Func<FunctionBuilder, DType, int, Value[]> results, double tolerance = 2e-5)
    {
        for (var size = 1; size <= Largest; size++)
            foreach (var dtype in dtypes)
            {
                var builder = new FunctionBuilder($"{dtype}_{size}");
                CompiledFunctionTests.AgreeOnce(builder.Build(results(builder, dtype, size)),
                    dtype.Bits < 32 && dtype.IsFloating ? 0.05 : tolerance, size, workers: 1 + size % 2);
            }
    }
}
