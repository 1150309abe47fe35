using GraphCompiler.Frontend;
using GraphCompiler.IR;

namespace Derivatives;

/// <summary>A derivative of a sample beside the one derived by hand.</summary>
internal sealed record Finding(string What, double[] Value, double[] ByHand);

/// <summary>The samples on derivatives, one after another.</summary>
internal static class Chapters
{
    private const double Tolerance = 1e-6;

    private static readonly (string Title, Func<IEnumerable<Finding>> Run)[] s_all =
    [
        ("Forward against reverse mode", ForwardAgainstReverse.Run),
        ("Sums over several paths", MultiPathSums.Run),
        ("Common gradient patterns", GradientPatterns.Run),
        ("A Hessian and a Newton step", NewtonStep.Run),
        ("A gradient penalty", GradientPenalty.Run),
        ("A physics-informed loss", PhysicsInformed.Run),
        ("A rule of one's own", StraightThrough.Run),
    ];

    /// <summary>Prints every sample; 0 when all derivatives are those derived by hand, else 1.</summary>
    public static int Run(TextWriter output)
    {
        var agree = true;
        foreach (var (title, run) in s_all)
        {
            output.WriteLine(title);
            foreach (var (what, value, byHand) in run())
            {
                var isNear = value.Zip(byHand, (a, b) => Math.Abs(a - b) <= Tolerance * Math.Max(1, Math.Abs(b))).All(near => near)
                    && value.Length == byHand.Length;
                agree &= isNear;
                output.WriteLine($"   {what,-44} {Text(value)}{(isNear ? "" : $"   by hand {Text(byHand)}")}");
            }
            output.WriteLine();
        }
        output.WriteLine(agree ? "All derivatives agree with those derived by hand." : "A derivative differs from that derived by hand.");
        return agree ? 0 : 1;
    }

    /// <summary>The values where the inputs are what is given, by the reference interpreter.</summary>
    public static double[][] Evaluate(GraphBuilder graph, Value[] values, params double[][] inputs) =>
        [.. ReferenceInterpreter.Run(graph.Snapshot(values), [.. graph.Parameters.Select((p, i) => new Literal(p.Type, inputs[i]))])
            .Select(r => r.ToArray())];

    private static string Text(double[] values) => $"[{string.Join(", ", values.Select(v => $"{v:0.######}"))}]";
}
