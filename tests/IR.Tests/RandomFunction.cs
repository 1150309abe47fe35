using CsCheck;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.IR.Tests;

/// <summary>Random valid functions over f32[2,3]: each operation reads any earlier values.</summary>
internal static class RandomFunction
{
    public static Gen<Function> Gen { get; } =
        CsCheck.Gen.Select(CsCheck.Gen.Int[1, 3],
            CsCheck.Gen.Select(CsCheck.Gen.Int[0, 6], CsCheck.Gen.Int[0, 99], CsCheck.Gen.Int[0, 99]).Array[0, 12])
            .Select((parameters, steps) => Build(parameters, steps));

    private static Function Build(int parameters, (int Kind, int A, int B)[] steps)
    {
        var builder = new FunctionBuilder("random");
        var values = new List<Value>();
        for (var i = 0; i < parameters; i++) values.Add(builder.Parameter($"p{i}", DType.F32[2, 3]));
        foreach (var (kind, a, b) in steps)
        {
            var (x, y) = (values[a % values.Count], values[b % values.Count]);
            values.Add(kind switch
            {
                0 => x + y,
                1 => x * y,
                2 => x - 0.5 * a,
                3 => x.Tanh(),
                4 => -x,
                5 => x / (1 + y * y),
                _ => x * x.Sum([1], keepAxes: true),
            });
        }
        return builder.Build(values[^1], values[0]);
    }
}
