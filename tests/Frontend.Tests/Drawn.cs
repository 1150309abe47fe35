using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend.Tests;

/// <summary>A draw as a function of the step, which is an input or the model's count of runs, compiled or interpreted.</summary>
internal sealed class Drawn : IDisposable
{
    private readonly FunctionPlan _plan;
    private readonly CompiledFunction _compiled;

    public Drawn(Func<GraphBuilder, Value> draw, int threads = 1, ulong seed = 11)
    {
        var graph = new GraphBuilder("drawn", seed);
        // Read alike, whatever the draw's type is.
        var value = draw(graph);
        _plan = graph.Function(value.DType == DType.F64 ? value : value.ConvertTo(DType.F64));
        _compiled = _plan.Compile(new CompileOptions { Threads = threads });
    }

    public double[] At(long step)
    {
        if (_compiled.Variables.Contains(RandomState.StepName)) _compiled.Variables.Write(RandomState.StepName, step);
        if (_compiled.Inputs.Count == 0) _compiled.Run();
        else _compiled.Run<long>([step]);
        return _compiled.Output<double>("output").ToArray();
    }

    /// <summary>The elements of several steps, one after another.</summary>
    public double[] Over(int steps) => [.. Enumerable.Range(0, steps).SelectMany(s => At(s))];

    public double[] Interpreted(long step) => ReferenceInterpreter.Run(_plan.Function,
        [.. _plan.Function.Parameters.Select(p => new Literal(p.Type, (Scalar)step))])[_plan.Donated.IndexOf(-1)].ToArray();

    public void Dispose() => _compiled.Dispose();
}
