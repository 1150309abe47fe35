using GraphCompiler.IR;
using Xunit;

namespace GraphCompiler.Passes.Tests;

/// <summary>Numbers for tests of functions: arguments, and comparison of results.</summary>
internal static class Numeric
{
    /// <summary>Arguments in [-1, 1] for every floating-point parameter, 0 and 1 for others.</summary>
    public static Literal[] Arguments(Function function, int seed)
    {
        var random = new Random(seed);
        return [.. function.Parameters.Select(p => new Literal(p.Type,
            [.. Enumerable.Range(0, (int)p.Shape.ElementCount).Select(_ =>
                p.DType.IsFloating ? 2 * random.NextDouble() - 1 : random.Next(2))]))];
    }

    /// <summary>Fails unless both functions give the same, within a tolerance relative to max(1, |expected|).</summary>
    public static void SameResults(Function expected, Function actual, int seed, double tolerance)
    {
        var arguments = Arguments(expected, seed);
        var (wanted, given) = (ReferenceInterpreter.Run(expected, arguments), ReferenceInterpreter.Run(actual, arguments));
        Assert.Equal(wanted.Length, given.Length);
        for (var r = 0; r < wanted.Length; r++)
            for (var i = 0L; i < wanted[r].Type.Shape.ElementCount; i++)
                if (!Close(wanted[r][i], given[r][i], tolerance))
                    Assert.Fail($"seed {seed}, result {r}, element {i}: {wanted[r][i]} became {given[r][i]}\n{expected}\n{actual}");
    }

    /// <summary>Fails unless the gradient by the one parameter equals central differences of the scalar function,
    /// at every element.</summary>
    public static void GradientIsDifference(Function value, Function gradient, Literal x, double tolerance) =>
        GradientIsDifference(value, gradient, [x], tolerance);

    /// <summary>Fails unless the gradient by each parameter equals central differences of the scalar function, at every element.</summary>
    public static void GradientIsDifference(Function value, Function gradient, Literal[] x, double tolerance)
    {
        const double Step = 1e-5;
        var actual = ReferenceInterpreter.Run(gradient, x);
        for (var k = 0; k < x.Length; k++)
            for (var i = 0; i < x[k].Type.Shape.ElementCount; i++)
            {
                Scalar expected = (Shifted(value, x, k, i, Step) - Shifted(value, x, k, i, -Step)) / (2 * Step);
                if (!Close(expected, actual[k][i], tolerance))
                    Assert.Fail($"d/dx{k}[{i}]: differences give {expected}, the rule {actual[k][i]}\n{gradient}");
            }
    }

    private static double Shifted(Function f, Literal[] x, int operand, int element, double by)
    {
        var elements = x[operand].ToArray();
        elements[element] += by;
        Literal[] moved = [.. x];
        moved[operand] = new Literal(x[operand].Type, elements);
        return (double)ReferenceInterpreter.Run(f, moved)[0][0];
    }

    private static bool Close(Scalar expected, Scalar actual, double tolerance) =>
        expected.Equals(actual) || Scalar.Abs(expected - actual) <= tolerance * Scalar.Max(1, Scalar.Abs(expected));
}
