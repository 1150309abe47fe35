using GraphCompiler.IR;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend.Tests;

/// <summary>A training plan run by the reference interpreter, its state kept between steps.</summary>
internal sealed class Interpreted
{
    private readonly TrainingPlan _plan;

    public Interpreted(TrainingPlan plan)
    {
        _plan = plan;
        foreach (var s in plan.States)
            State[s.Name] = new Literal(s.Type, [.. s.InitialElements(plan.Graph.Seed).Select(e => (Scalar)e)]);
    }

    public Dictionary<string, Literal> State { get; } = [];

    /// <summary>One step; gives the loss and then the metrics.</summary>
    public double[] Step(params double[][] inputs)
    {
        var next = 0;
        var results = ReferenceInterpreter.Run(_plan.Function,
            [.. _plan.Function.Parameters.Select((p, i) =>
                _plan.Roles[i] == BufferRole.Input ? new Literal(p.Type, inputs[next++]) : State[p.Name!])]);
        for (var r = 0; r < results.Length; r++)
            if (_plan.Donated[r] >= 0) State[_plan.Function.Parameters[_plan.Donated[r]].Name!] = results[r];
        return [.. results[^_plan.Outputs.Length..].Select(r => (double)r[0])];
    }
}
