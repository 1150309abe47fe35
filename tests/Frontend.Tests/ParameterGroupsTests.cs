using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.Frontend.Tests.UpdateTrial;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Parameters that move by different rules in one step.</summary>
public sealed class ParameterGroupsTests
{
    [Fact]
    public void Each_group_moves_by_its_own_rule() =>
        CompareJointly(new ParameterGroups(new AdamW(0.01, 0.9, 0.99, weightDecay: 0.1)).With(p => p.Rank < 2, new Sgd(0.2, 0.5)),
            (t, p, g, state) =>
            {
                var (m, v, velocity) = (state(0, "m"), state(0, "v"), state(1, "velocity"));
                for (var i = 0; i < p[0].Length; i++)
                {
                    m[i] = 0.9 * m[i] + 0.1 * g[0][i];
                    v[i] = 0.99 * v[i] + 0.01 * g[0][i] * g[0][i];
                    p[0][i] = p[0][i] * (1 - 0.01 * 0.1) - 0.01 * m[i] / (1 - Math.Pow(0.9, t))
                        / (Math.Sqrt(v[i] / (1 - Math.Pow(0.99, t))) + 1e-8);
                }
                for (var i = 0; i < p[1].Length; i++) p[1][i] -= 0.2 * (velocity[i] = 0.5 * velocity[i] + g[1][i]);
            });

    /// <summary>What surrounds the groups sees all gradients, what surrounds one its own.</summary>
    [Fact]
    public void Transforms_see_the_parameters_of_what_they_surround() =>
        CompareJointly(new ParameterGroups(new Sgd(0.1)) { Gradients = [new ClipByGlobalNorm(1)] }
            .With(p => p.Name == "b", new Sgd(0.5) { Gradients = [new ClipByGlobalNorm(0.2)] }), (_, p, g, _) =>
            {
                var factor = Math.Min(1, 1 / (Math.Sqrt(g.Sum(e => e.Sum(x => x * x))) + 1e-6));
                var own = Math.Min(1, 0.2 / (factor * Math.Sqrt(g[1].Sum(x => x * x)) + 1e-6));
                for (var i = 0; i < p[0].Length; i++) p[0][i] -= 0.1 * factor * g[0][i];
                for (var i = 0; i < p[1].Length; i++) p[1][i] -= 0.5 * own * factor * g[1][i];
            });

    [Fact]
    public void Groups_share_the_count_of_steps_and_no_name()
    {
        var g = new GraphBuilder("names");
        Value Ones(string name) => g.Variable(name, F32[2], Initializer.Ones);
        var loss = (Ones("a") + Ones("b") + Ones("c") + Ones("d")).Sum();
        var plan = g.Minimize(loss, new ParameterGroups(new Adam())
            .With(p => p.Name == "b", new Adam(1e-2))
            .With(p => p.Name is "b" or "c", new Adam(1e-4) { Name = "slow" })
            .With(p => p.Name == "d", new Sgd(Schedule.Linear(1, 0, 10))));
        Assert.Equal(["a", "b", "c", "d", "parametergroups/step", "parametergroups/adam/m/b", "parametergroups/adam/v/b",
            "parametergroups/slow/m/c", "parametergroups/slow/v/c", "parametergroups/adam_1/m/a", "parametergroups/adam_1/v/a"],
            plan.States.Select(s => s.Name));
        using var step = plan.Compile();
        step.Run();
        double Moved(string name) => 1 - step.Variable<float>(name)[0];
        Assert.Equal([1e-3, 1e-2, 1e-4, 1], new[] { "a", "b", "c", "d" }.Select(Moved), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void A_group_that_holds_nothing_is_refused_and_the_default_may_hold_nothing()
    {
        var misspelt = new ParameterGroups(new Adam()).With(name => name.EndsWith("bais", StringComparison.Ordinal), new Sgd());
        var error = Assert.Throws<GraphException>(() => UpdateTrial.Compile(misspelt, F32));
        Assert.Equal("SGC1011", error.Code);
        Assert.Contains("group 0 (Sgd) holds none of the parameters %w, %b", error.Message, StringComparison.Ordinal);
        var shadowed = new ParameterGroups(new Adam()).With(p => p.Rank >= 0, new Sgd()).With(p => p.Rank == 1, new Sgd());
        Assert.Throws<GraphException>(() => UpdateTrial.Compile(shadowed, F32));
        Compare(new ParameterGroups(new Adam(Schedule.Settable(1))).With(p => p.Rank >= 0, new Sgd(0.1)), (_, p, g, _) =>
        {
            for (var i = 0; i < p.Length; i++) p[i] -= 0.1 * g[i];
        });
    }
}
