using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Adam's numbers against its formulas in f64, over many steps and at the ends of the range.</summary>
public sealed class AdamTests
{
    private static TrainingPlan Plan(DType dtype)
    {
        var g = new GraphBuilder("linear");
        var x = g.Input("x", dtype[3]);
        return g.Minimize((g.Variable("p", dtype[3], Initializer.Constant(1)) * x).Sum(), new Adam(0.01));
    }

    [Fact]
    public void In_f64_fifty_steps_are_right_to_1e_minus_12()
    {
        using var step = Plan(F64).Compile();
        var random = new Random(5);
        double[] p = [1, 1, 1], m = new double[3], v = new double[3];
        for (var t = 1; t <= 50; t++)
        {
            double[] g = [random.NextDouble() - 0.5, 1e-6 * random.NextDouble(), 1e3 * random.NextDouble()];
            step.Run<double>(g);
            var (c1, c2) = (1 - Math.Pow(0.9, t), 1 - Math.Pow(0.999, t));
            for (var i = 0; i < 3; i++)
            {
                m[i] += 0.1 * (g[i] - m[i]);
                v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
                p[i] -= 0.01 / c1 * m[i] / (Math.Sqrt(v[i]) / Math.Sqrt(c2) + 1e-8);
            }
        }
        Assert.Equal(50, step.Variable<long>("adam/step")[0]);
        for (var i = 0; i < 3; i++) Assert.Equal(p[i], step.Variable<double>("p")[i], 1e-12);
    }

    [Fact]
    public void In_f32_gradients_beyond_the_square_root_of_the_range_move_their_parameters_as_small_ones_do()
    {
        using var step = Plan(F32).Compile();
        for (var t = 1; t <= 10; t++) step.Run<float>([1e19f, 5e19f, 1.5e20f]);
        Assert.All(step.Variable<float>("adam/v/p").ToArray(), v => Assert.True(float.IsFinite(v)));
        Assert.All(step.Variable<float>("p").ToArray(), p => Assert.Equal(0.9, p, 1e-5));
    }

    /// <summary>Beyond 2²⁴, where a counter in f32 would stand still.</summary>
    [Fact]
    public void The_counter_counts_as_far_as_i64_does()
    {
        using var step = Plan(F32).Compile();
        step.Variable<long>("adam/step")[0] = 1L << 40;
        step.Run<float>([1f, 1f, 1f]);
        Assert.Equal((1L << 40) + 1, step.Variable<long>("adam/step")[0]);
        // No bias is left to correct: the first moment is 0.1 of the gradient, the second 0.001 of its square.
        Assert.Equal(1 - 0.01 * 0.1 / Math.Sqrt(0.001), step.Variable<float>("p")[0], 1e-6);
    }
}
