using GraphCompiler.IR;

namespace GraphCompiler.Passes.Tests;

/// <summary>A line <c>// run: @f([1,2], 3) ~= [4,5]; 6 tol 1e-6</c>: arguments, expected results and tolerance.</summary>
/// <remarks>Nested lists flatten in row-major order; one number fills its tensor. Actual a and expected e agree if
/// |a - e| ≤ tol · max(1, |e|), or both are NaN or the same infinity; <c>==</c> is a tolerance of 0. Default: 1e-6.</remarks>
public sealed record RunLine(string Function, IReadOnlyList<Scalar[]> Arguments, IReadOnlyList<Scalar[]> Results, double Tolerance)
{
    /// <summary>Reads what follows <c>// run:</c>.</summary>
    public static RunLine Parse(string line)
    {
        var exact = line.Contains("==", StringComparison.Ordinal);
        var sides = line.Split(exact ? "==" : "~=");
        var call = sides[0].Trim();
        if (sides.Length != 2 || !call.StartsWith('@') || !call.EndsWith(')') || !call.Contains('(', StringComparison.Ordinal))
            throw new FileTestException($"expected \"@f(arguments) ~= results\", found{line}");
        var open = call.IndexOf('(', StringComparison.Ordinal);
        var results = sides[1].Split(" tol ");
        return new RunLine(call[1..open], [.. FileTestSyntax.Split(call[(open + 1)..^1], ',').Select(Numbers)],
            [.. results[0].Split(';').Select(Numbers)], exact ? 0 : results.Length > 1 ? (double)Number(results[1]) : 1e-6);
    }

    /// <summary>The arguments as tensors of the function's parameters.</summary>
    public Literal[] ArgumentsFor(Function function)
    {
        if (Arguments.Count != function.Parameters.Length)
            throw new FileTestException($"@{Function} takes {function.Parameters.Length} arguments, the run line gives {Arguments.Count}");
        return [.. Arguments.Zip(function.Parameters, (a, p) => ToLiteral(p.Type, a, $"argument {p}"))];
    }

    /// <summary>Fails unless the results are as expected.</summary>
    public void Check(Function function, Literal[] actual, string who)
    {
        if (actual.Length != Results.Count)
            throw new FileTestException($"{who}: {actual.Length} results, the run line has {Results.Count}");
        for (var r = 0; r < actual.Length; r++)
        {
            if (actual[r].Type != function.Results[r].Type)
                throw new FileTestException($"{who}: result {r} of @{Function} is {actual[r].Type}, not {function.Results[r].Type}");
            var (expected, values) = (ToLiteral(actual[r].Type, Results[r], $"result {r}"), actual[r]);
            for (var i = 0L; i < values.Type.Shape.ElementCount; i++)
                if (!Agree(values[i], expected[i]))
                    throw new FileTestException($"{who}: result {r} of @{Function}: "
                        + $"element {i} is {values[i]}, expected {expected[i]} (tol {Tolerance})\n"
                        + $"  expected {expected}\n  actual   {values}");
        }
    }

    private bool Agree(Scalar actual, Scalar expected) => actual.Equals(expected) || (Tolerance == 0 ? actual == expected
        : Scalar.Abs(actual - expected) <= Tolerance * Scalar.Max(1, Scalar.Abs(expected)));

    private static Literal ToLiteral(TensorType type, Scalar[] values, string what) =>
        values.Length == 1 || values.Length == type.Shape.ElementCount
            ? new Literal(type, values)
            : throw new FileTestException($"{what} is {type} with {type.Shape.ElementCount} elements, the run line gives {values.Length}");

    private static Scalar[] Numbers(string text) =>
        [.. text.Replace('[', ' ').Replace(']', ' ').Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(Number)];

    private static Scalar Number(string text) => text.Trim() switch
    {
        "true" => 1,
        "false" => 0,
        var digits => Scalar.TryParse(digits, out var value)
            ? value : throw new FileTestException($"expected a number, found \"{digits}\""),
    };
}
