using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>Values of a model as one function of the inputs and variables that they depend on.</summary>
public sealed class FunctionPlan : Plan
{
    private FunctionPlan(GraphBuilder graph, Function function, ImmutableArray<BufferRole> roles, ImmutableArray<string> outputs)
        : base(graph, function, roles, [.. outputs.Select(_ => -1)], outputs)
    {
    }

    /// <summary>The name of an output that is given none; those after the first are numbered from 1 on.</summary>
    internal const string OutputName = "output";

    /// <summary>The same function with two more results for each condition on its inputs: truth values and what they are of.</summary>
    internal FunctionPlan? Checking { get; private init; }

    /// <summary>Compiles the function.</summary>
    /// <param name="options">How; the defaults when null.</param>
    /// <param name="store">Where its variables live, to share them with other functions: those that the store does not have yet are
    /// initialised, the others stay as they are. One of its own when null.</param>
    /// <exception cref="GraphException">SGC1011: <see cref="CompileOptions.Threads"/> is out of range. SGC1012: more memory than there is.
    /// SGC3002: a dump cannot be written.</exception>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed. SGC5006: a variable of the store has another type or
    /// shape.</exception>
    /// <exception cref="Exception">BackendException SGC4001, SGC4002: libLLVM 19 cannot be loaded.</exception>
    public CompiledFunction Compile(CompileOptions? options = null, VariableStore? store = null)
    {
        options ??= new CompileOptions();
        return new CompiledFunction(options.Checked && Checking is { } checking ? checking : this, options, store);
    }

    internal static FunctionPlan Create(GraphBuilder graph, string name, (string Name, Value Value)[] outputs)
    {
        var reached = Prediction.Reached(graph, outputs.Select(o => o.Value));
        RuntimeCheck[] checks = [.. graph.Checks.Where(c => reached.Contains(c.Guarded))];
        return Create(graph, name, outputs, [], checks.Length == 0 ? null : Create(graph, name, outputs, checks, null));
    }

    private static FunctionPlan Create(GraphBuilder graph, string name, (string Name, Value Value)[] outputs, RuntimeCheck[] checks,
        FunctionPlan? checking)
    {
        var (builder, values) = Prediction.Slice(graph, name,
            [.. outputs.Select(o => o.Value), .. checks.Select(c => c.IsGood), .. checks.Select(c => c.Shown)]);
        for (var i = outputs.Length + checks.Length; i < values.Length; i++) values[i] = values[i].ConvertTo(DType.I64);
        var function = builder.Build(values);
        var checkNames = checks.Select((_, i) => NamesOfCheck(i)).ToArray();
        var inputs = graph.Inputs.Select(i => i.Name!).ToHashSet();
        return new(graph, function, [.. function.Parameters.Select(p => inputs.Contains(p.Name!) ? BufferRole.Input : BufferRole.State)],
            [.. outputs.Select(o => o.Name), .. checkNames.Select(c => c.IsGood), .. checkNames.Select(c => c.Shown)])
        {
            Checks = [.. checks],
            Checking = checking,
        };
    }
}
