using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Tests;

/// <summary>A draw as a function of the step, compiled or interpreted.</summary>
internal sealed class Drawn : IDisposable
{
    private readonly CompiledFunction _compiled;
    private readonly Function _function;

    public Drawn(Func<GraphBuilder, Value> draw, int threads = 1, ulong seed = 11)
    {
        var graph = new GraphBuilder("drawn", seed);
        // Read alike, whatever the draw's type is.
        var value = draw(graph);
        value = value.DType == DType.F64 ? value : value.ConvertTo(DType.F64);
        _function = Prediction.Slice(graph, value);
        _compiled = graph.Function(value).Compile(new CompileOptions { Threads = threads });
    }

    public double[] At(long step)
    {
        if (!_function.Parameters.IsEmpty) _compiled.Variables.Write(RandomState.StepName, step);
        _compiled.Run();
        return _compiled.Output<double>("output").ToArray();
    }

    /// <summary>The elements of several steps, one after another.</summary>
    public double[] Over(int steps) => [.. Enumerable.Range(0, steps).SelectMany(s => At(s))];

    public double[] Interpreted(long step) => ReferenceInterpreter.Run(_function,
        [.. _function.Parameters.Select(p => new Literal(p.Type, (Scalar)step))])[0].ToArray();

    public void Dispose() => _compiled.Dispose();
}
