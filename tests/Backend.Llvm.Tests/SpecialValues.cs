using GraphCompiler.IR;

namespace GraphCompiler.Backend.Llvm.Tests;

/// <summary>The operand values at which element types, processors and LLVM differ.
/// Subnormal numbers are left out: a step flushes them.</summary>
internal static class SpecialValues
{
    private const double Inf = double.PositiveInfinity;

    /// <summary>All of a type.</summary>
    public static Scalar[] Of(DType type) => type.Kind switch
    {
        DTypeKind.Boolean => [0, 1],
        DTypeKind.Unsigned => [0, 1, 2, 3, 7, type.Highest - 1, type.Highest],
        DTypeKind.Signed => [type.Lowest, type.Lowest + 1, -7, -2, -1, 0, 1, 2, 3, type.Highest - 1, type.Highest],
        _ => [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, -2.5, 3.0, Largest(type), -Largest(type), SmallestNormal(type), -SmallestNormal(type),
            Inf, -Inf, double.NaN],
    };

    /// <summary>Every combination of values as columns, one for each operand, and some again, so that vectors leave a remainder.</summary>
    public static Scalar[][] Combinations(params DType[] types)
    {
        IEnumerable<Scalar[]> rows = [[]];
        foreach (var type in types) rows = [.. rows.SelectMany(row => Of(type).Select(value => (Scalar[])[.. row, value]))];
        Scalar[][] all = [.. rows, .. rows.Take(3)];
        return [.. types.Select((_, i) => all.Select(row => row[i]).ToArray())];
    }

    /// <summary>Whether a step may flush the number to zero.</summary>
    public static bool IsSubnormal(DType type, Scalar value) =>
        type.IsFloating && value != 0 && Scalar.Abs(value) < SmallestNormal(type);

    private static double Largest(DType type) => type.Name switch
    {
        "f64" => double.MaxValue,
        "f32" => float.MaxValue,
        "f16" => (double)Half.MaxValue,
        _ => BitConverter.UInt32BitsToSingle(0x7f7f0000),
    };

    /// <summary>The smallest number that a step does not flush.</summary>
    public static double SmallestNormal(DType type) => Math.ScaleB(1, type.Name switch { "f64" => -1022, "f16" => -14, _ => -126 });
}
