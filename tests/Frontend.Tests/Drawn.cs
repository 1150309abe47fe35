using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend.Tests;

/// <summary>A draw as a function of the step, which is the model's count of runs or an input, compiled or interpreted.</summary>
internal sealed class Drawn : IDisposable
{
    private const string Step = "random/step";
    private readonly VariableStore _store = new();
    private readonly CompiledFunction _compiled;
    private readonly FunctionPlan _plan;

    public Drawn(Func<GraphBuilder, Value> draw, int threads = 1, ulong seed = 11)
    {
        var graph = new GraphBuilder("drawn", seed);
        // Read alike, whatever the draw's type is.
        var value = draw(graph);
        _plan = graph.Function(value.DType == DType.F64 ? value : value.ConvertTo(DType.F64));
        _compiled = _plan.Compile(new() { Threads = threads }, _store);
    }

    public double[] At(long step)
    {
        if (_store.Contains(Step)) _store.Write(Step, step);
        if (_compiled.Inputs.Count == 0) _compiled.Run();
        else _compiled.Run<long>([step]);
        return _compiled.Output<double>("output").ToArray();
    }

    public double[] Interpreted(long step) => ReferenceInterpreter.Run(_plan.Function,
        [.. _plan.Function.Parameters.Select(p => new Literal(p.Type, (Scalar)step))])[^1].ToArray();

    public void Dispose()
    {
        _compiled.Dispose();
        _store.Dispose();
    }
}
