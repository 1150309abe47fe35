using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>State of a model's own, and steps that train or assign a part of it.</summary>
public sealed class AssignmentTests
{
    private readonly GraphBuilder _g = new("state");

    private Value Frozen(string name, TensorType type, float first) =>
        _g.Variable(name, type, Initializer.Constant(first), trainable: false);

    private static void Refused(string code, Action declare)
    {
        var error = Assert.Throws<GraphException>(declare);
        Assert.Equal(code, error.Code);
        Assert.Equal("AssignmentTests.cs", Path.GetFileName(error.Diagnostics[0].Location.File));
    }

    /// <summary>Integers, truth values and numbers of all sizes, interpreted and compiled.</summary>
    [Fact]
    public void VariablesOfEveryTypeGetANewValueAtTheEndOfAStep()
    {
        var w = _g.Variable("w", F32[2], Initializer.Constant(1));
        foreach (var type in All)
        {
            var variable = Frozen(type.Name, type[3], 1);
            _g.Assign(variable, type == Bool ? variable.Not() : variable + variable);
        }
        var plan = _g.Minimize(w.Sum() + 0 * _g.ModelParameters[1].Value.ConvertTo(F32).Sum(), new Sgd());
        Assert.All(plan.States.Skip(1), s => Assert.Equal(VariableRole.State, s.Role));
        using var step = plan.Compile();
        var interpreted = new Interpreted(plan);
        for (var i = 0; i < 3; i++)
        {
            step.Run();
            interpreted.Step();
        }
        foreach (var type in All)
            Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(type == Bool ? 0.0 : 8.0, (double)interpreted.State[type.Name][i]));
        Assert.Equal([8, 8, 8], step.Variable<int>("i32").ToArray());
        Assert.Equal([8L, 8, 8], step.Variable<long>("i64").ToArray());
        Assert.Equal([8u, 8, 8], step.Variable<uint>("u32").ToArray());
        Assert.Equal([8, 8, 8], step.Variable<byte>("u8").ToArray());
        Assert.Equal([false, false, false], step.Variable<bool>("bool").ToArray());
        Assert.Equal([8.0, 8, 8], step.Variable<double>("f64").ToArray());
        Assert.Equal([(Half)8, (Half)8, (Half)8], step.Variable<Half>("f16").ToArray());
    }

    /// <summary>The new value is computed from what the step began with, whatever else it replaces.</summary>
    [Fact]
    public void AssignmentsReadTheValuesFromBeforeTheStep()
    {
        var (a, b) = (Frozen("a", F32[2], 1), Frozen("b", F32[2], 5));
        var w = _g.Variable("w", F32[2], Initializer.Constant(2));
        _g.Assign(a, b);
        _g.Assign(b, a + w);
        using var step = _g.Minimize((w * w).Sum(), new Sgd(0.25)).Compile();
        step.Run();
        Assert.Equal([5f, 5], step.Variable<float>("a").ToArray());
        Assert.Equal([3f, 3], step.Variable<float>("b").ToArray());
        Assert.Equal([1f, 1], step.Variable<float>("w").ToArray());
        step.Run();
        Assert.Equal([3f, 3], step.Variable<float>("a").ToArray());
        Assert.Equal([6f, 6], step.Variable<float>("b").ToArray());
    }

    [Fact]
    public void ARunningMeanOfABatchIsOrdinaryState()
    {
        var x = _g.Input("x", F32[4, 3]);
        var mean = Frozen("mean", F32[3], 0);
        _g.Assign(mean, 0.9 * mean + 0.1 * x.Mean([0]));
        var w = _g.Variable("w", F32[3], Initializer.Constant(1));
        using var step = _g.Minimize(((x - mean) * w).Sum(), new Sgd(0)).Compile();
        var batch = new float[12];
        batch.AsSpan().Fill(10);
        step.Run<float>(batch);
        step.Run<float>(batch);
        Assert.All(step.Variable<float>("mean").ToArray(), m => Assert.Equal(1.9, m, 1e-6));
    }

    [Fact]
    public void AStepTakesTheInputsThatItDependsOnAndTrainsTheVariablesThatItIsTold()
    {
        var (real, noise) = (_g.Input("real", F32[2]), _g.Input("noise", F32[2]));
        var generator = _g.Variable("gen/w", F32[2], Initializer.Constant(1));
        var critic = _g.Variable("critic/w", F32[2], Initializer.Constant(2));
        var seen = Frozen("seen", F32[2], 0);
        var remember = _g.Assign(seen, real);
        var fake = noise * generator;
        var critics = _g.Minimize(((real - fake) * critic).Sum(), new Adam(0.1), variables: [critic]);
        var generators = _g.Minimize((fake * critic).Sum(), new Adam(0.1), variables: n => n.StartsWith("gen/", StringComparison.Ordinal),
            assignments: []);
        Assert.Equal(["real", "noise", "gen/w", "critic/w", "seen", "adam/step", "adam/m/critic/w", "adam/v/critic/w"],
            critics.Function.Parameters.Select(p => p.Name!));
        Assert.Equal(["noise", "gen/w", "critic/w", "seen", "adam_1/step", "adam_1/m/gen/w", "adam_1/v/gen/w"],
            generators.Function.Parameters.Select(p => p.Name!));
        Assert.Equal([VariableRole.Trainable, VariableRole.Trainable, VariableRole.State, VariableRole.Optimizer, VariableRole.Optimizer,
            VariableRole.Optimizer], critics.States.Select(s => s.Role));
        using var step = critics.Compile();
        step.Run<float, float>([1f, 2f], [3f, 4f]);
        Assert.Equal([1f, 1], step.Variable<float>("gen/w").ToArray());
        Assert.Equal([1f, 2], step.Variable<float>("seen").ToArray());
        Assert.Equal([2.1f, 2.1f], step.Variable<float>("critic/w").ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal("%seen := %real", remember.ToString());
    }

    [Fact]
    public void MistakesAreRefusedAtTheirLine()
    {
        var (w, unused) = (_g.Variable("w", F32[2], Initializer.Zeros), _g.Variable("unused", F32[2], Initializer.Zeros));
        var (count, x) = (Frozen("count", I64.Scalar, 0), _g.Input("x", F32[2]));
        var other = new GraphBuilder("other").Variable("w", F32[2], Initializer.Zeros);
        Refused("SGC1013", () => _g.Assign(x, x));
        Refused("SGC1013", () => _g.Assign(count + 1, count));
        Refused("SGC1008", () => _g.Assign(other, x));
        Refused("SGC1008", () => _g.Assign(w, other));
        Refused("SGC1001", () => _g.Assign(count, w.Sum()));
        Refused("SGC1002", () => _g.Assign(w, w.Sum()));
        _g.Assign(count, count + 1);
        Refused("SGC1013", () => _g.Assign(count, count + 2));
        Refused("SGC1010", () => _g.Minimize(w.Sum(), new Sgd(), variables: [unused]));
        Refused("SGC1010", () => _g.Minimize(w.Sum(), new Sgd(), variables: [count]));
        Refused("SGC1010", () => _g.Minimize(w.Sum(), new Sgd(), variables: Array.Empty<Value>()));
        Refused("SGC1010", () => _g.Minimize(w.Sum(), new Sgd(), variables: _ => false));
        Refused("SGC1008", () => _g.Minimize(w.Sum(), new Sgd(), variables: [other]));
        Refused("SGC1006", () => _g.Minimize(w.Sum(), new Adam { Name = "no name" }));
        _g.Assign(w, w + 1);
        Refused("SGC1013", () => _g.Minimize(w.Sum(), new Sgd()));
        // Another step may leave it out, and a refused one takes no name.
        Assert.Equal("adam/step", _g.Minimize(w.Sum(), new Adam(), assignments: []).States[^3].Name);
    }

    [Fact]
    public void AFailedCallTakesItsAssignmentsBack()
    {
        var w = _g.Variable("w", F32[2], Initializer.Zeros);
        Assert.Throws<GraphException>(() => w.Compose(new("AssignmentTests.cs", 1), () =>
        {
            var state = Frozen("count", F32[2], 0);
            _g.Assign(state, state + 1);
            return state.Reshape([3]);
        }));
        Assert.Empty(_g.Assignments);
        Assert.DoesNotContain("count", _g.Minimize(w.Sum(), new Sgd()).States.Select(s => s.Name));
    }
}
