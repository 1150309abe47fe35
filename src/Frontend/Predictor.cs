using GraphCompiler.IR;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>A compiled forward function that reads the variables of a training step. For one thread at a time.</summary>
public sealed class Predictor : IDisposable
{
    private readonly Executable _executable;

    internal Predictor(GraphBuilder graph, Value output, CompileOptions options, StateStore state)
    {
        var whole = new DeadCodeElimination().Run(graph.Snapshot(output), new PassContext());
        var used = whole.Operations.SelectMany(o => o.Operands).Concat(whole.Results).ToHashSet();
        var inputs = graph.Inputs.Select(i => i.Name).ToHashSet();
        var builder = new FunctionBuilder($"{graph.Name}.predict");
        var map = new Dictionary<Value, Value>();
        foreach (var parameter in whole.Parameters.Where(used.Contains)) map[parameter] = builder.Parameter(parameter.Name!, parameter.Type, parameter.Location);
        foreach (var operation in whole.Operations) builder.Clone(operation, map);
        var function = builder.Build(map[whole.Results[0]]);
        _executable = Compiler.Compile(function,
            [.. function.Parameters.Select(p => inputs.Contains(p.Name) ? BufferRole.Input : BufferRole.State)], [-1], ["output"], options, state);
    }

    /// <summary>Computes the output, which is valid until the next call.</summary>
    /// <exception cref="RuntimeException">SGC5001: wrong length. SGC5002: disposed. SGC5003: wrong element type.</exception>
    public ReadOnlySpan<TOut> Run<T0, TOut>(ReadOnlySpan<T0> input) where T0 : unmanaged where TOut : unmanaged
    {
        _executable.Run(input);
        return _executable.Output<TOut>("output");
    }

    /// <summary>Frees the code.</summary>
    public void Dispose() => _executable.Dispose();
}
