using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Compiled updates beside formulas on plain arrays, in f64 to 1e-12 and in f32 to 2e-5: L = Σ w·x + Σ b·y has the gradients x
/// and y, which the trial draws. Some steps have no gradient at all, and one element of w never has one.</summary>
internal static class UpdateTrial
{
    public const int Rows = 3, Columns = 2;

    /// <summary>An update of one parameter, in plain numbers.</summary>
    /// <param name="t">The step, from 1 on.</param>
    /// <param name="p">The parameter; to be changed in place. w has <see cref="Rows"/>·<see cref="Columns"/> elements, b a row's.</param>
    /// <param name="g">Its gradient.</param>
    /// <param name="state">What the rule keeps: zeros at first, as many as p, by name.</param>
    public delegate void Rule(long t, double[] p, double[] g, Func<string, double[]> state);

    /// <summary>An update of w and b together.</summary>
    public delegate void JointRule(long t, double[][] p, double[][] g, Func<int, string, double[]> state);

    /// <summary>A step, the loss of which is L.</summary>
    public static TrainingStep Compile(Optimizer optimizer, DType type)
    {
        var g = new GraphBuilder("linear", seed: 3);
        var (x, y) = (g.Input("x", type[Rows, Columns]), g.Input("y", type[Columns]));
        var w = g.Variable("w", type[Rows, Columns], Initializer.Uniform(-1, 1));
        var b = g.Variable("b", type[Columns], Initializer.Uniform(-1, 1));
        return g.Minimize((w * x).Sum() + (b * y).Sum(), optimizer).Compile();
    }

    public static void Compare(Optimizer optimizer, Rule rule, (string Name, long Value)? counter = null) =>
        CompareJointly(optimizer, (t, p, g, state) =>
        {
            for (var k = 0; k < 2; k++) rule(t, p[k], g[k], name => state(k, name));
        }, counter);

    public static void CompareJointly(Optimizer optimizer, JointRule rule, (string Name, long Value)? counter = null)
    {
        Compare<double>(optimizer, F64, rule, counter, 1e-12);
        Compare<float>(optimizer, F32, rule, counter, 2e-5);
    }

    private static void Compare<T>(Optimizer optimizer, DType type, JointRule rule, (string Name, long Value)? counter, double tolerance)
        where T : unmanaged, IConvertible
    {
        var seed = Seed.Given ?? 11;
        var random = new Random(seed);
        using var step = Compile(optimizer, type);
        double[][] p = [Read<T>(step, "w"), Read<T>(step, "b")];
        Dictionary<(int, string), double[]> states = [];
        double[] State(int k, string name) =>
            states.TryGetValue((k, name), out var state) ? state : states[(k, name)] = new double[p[k].Length];
        if (counter is { } c) step.Variable<long>(c.Name)[0] = c.Value;
        for (var t = 1; t <= 50; t++)
        {
            double[][] g = [Draw(random, Rows * Columns, t), Draw(random, Columns, t)];
            g[0][3] = 0;
            step.Run<T, T>(Array.ConvertAll(g[0], Narrow<T>), Array.ConvertAll(g[1], Narrow<T>));
            rule(t + (counter?.Value ?? 0), p, g, State);
            Agree(p[0], Read<T>(step, "w"), tolerance, $"seed {seed}, {type}, step {t}, w");
            Agree(p[1], Read<T>(step, "b"), tolerance, $"seed {seed}, {type}, step {t}, b");
        }
    }

    public static double[] Read<T>(TrainingStep step, string name) where T : unmanaged, IConvertible =>
        Array.ConvertAll(step.Variable<T>(name).ToArray(), e => System.Convert.ToDouble(e, null));

    public static void Agree(double[] wanted, double[] found, double tolerance, string where)
    {
        for (var i = 0; i < wanted.Length; i++)
            if (!(Math.Abs(wanted[i] - found[i]) <= tolerance * Math.Max(1, Math.Abs(wanted[i]))))
                Assert.Fail($"{where}[{i}]: {wanted[i]:R} is right, {found[i]:R} was computed");
    }

    /// <summary>A gradient: numbers that f32 holds.</summary>
    public static double[] Draw(Random random, int count, int t) =>
        [.. Enumerable.Range(0, count).Select(_ => t % 7 == 3 ? 0 : (double)(float)(4 * random.NextDouble() - 2))];

    private static T Narrow<T>(double value) => (T)System.Convert.ChangeType(value, typeof(T), null);
}
