using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Metrics;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

// Functions of any values of the model; a training step is made by Minimize.
public sealed partial class GraphBuilder
{
    /// <summary>The function from the inputs and variables that some values depend on to these, to be compiled.</summary>
    /// <param name="outputs">One or more values of this builder. The first is named "output", those after it "output1", "output2" and so
    /// on.</param>
    /// <exception cref="GraphException">SGC1006: an input or variable has such a name. SGC1008: a value of another builder. SGC1009: no
    /// outputs.</exception>
    public FunctionPlan Function(params ReadOnlySpan<Value> outputs)
    {
        var named = new (string, Value)[outputs.Length];
        for (var i = 0; i < outputs.Length; i++)
            named[i] = (i == 0 ? FunctionPlan.OutputName : $"{FunctionPlan.OutputName}{i}", outputs[i]);
        return Function(named.AsSpan());
    }

    /// <summary>The function from the inputs and variables that some values depend on to these, to be compiled.</summary>
    /// <param name="outputs">One or more values of this builder by the names that <c>Output</c> is asked for.</param>
    /// <exception cref="GraphException">SGC1006: a name is malformed, given twice, or that of an input or variable. SGC1008: a value of
    /// another builder. SGC1009: no outputs.</exception>
    public FunctionPlan Function(params ReadOnlySpan<(string Name, Value Value)> outputs)
    {
        if (outputs.IsEmpty)
            throw new GraphException(DiagnosticCode.OperandCount, $"a function of \"{Name}\" without outputs; name what it is to compute");
        var names = new HashSet<string>();
        foreach (var (name, value) in outputs)
        {
            ArgumentNullException.ThrowIfNull(value, nameof(outputs));
            ArgumentNullException.ThrowIfNull(name, nameof(outputs));
            CheckOwn(name, value, value.Location);
            if (!names.Add(CheckName(name, value.Location)) || Parameters.Any(p => p.Name == name))
                throw new GraphException(DiagnosticCode.BadName, $"an output cannot be named \"{name}\": the name is already taken",
                    value.Location);
        }
        return FunctionPlan.Create(new(this, Name, [.. outputs], [], Mode.Inference));
    }

    /// <summary>The function that measures a model: what its metrics are made of, batch by batch. <c>Validation</c> of
    /// GraphCompiler.Training adds the batches up.</summary>
    /// <param name="metrics">One or more metrics of values of this builder, by the names that they are given. The first is watched by a
    /// training where none is named.</param>
    /// <exception cref="GraphException">SGC1006: a name is malformed, given twice, or that of an input or variable. SGC1008: a metric of
    /// another builder. SGC1009: no metrics.</exception>
    public FunctionPlan Evaluation(params ReadOnlySpan<(string Name, Metric Metric)> metrics)
    {
        var (all, outputs) = (ImmutableArray.CreateBuilder<NamedMetric>(), new List<(string, Value)>());
        foreach (var (name, metric) in metrics)
        {
            ArgumentNullException.ThrowIfNull(name, nameof(metrics));
            ArgumentNullException.ThrowIfNull(metric, nameof(metrics));
            if (all.Any(m => m.Name == CheckName(name, metric.Values[0].Location)))
                throw new GraphException(DiagnosticCode.BadName, $"two metrics are named \"{name}\"", metric.Values[0].Location);
            ImmutableArray<string> parts = [.. metric.Values.Select((_, i) => $"{name}.{i}")];
            all.Add(new(name, metric, parts));
            outputs.AddRange(parts.Zip(metric.Values));
        }
        return Function([.. outputs]).Measuring(all.DrainToImmutable());
    }

    /// <summary>Compiles the function of <see cref="Function(ReadOnlySpan{Value})"/>, with variables of its own.</summary>
    /// <exception cref="GraphException">As of Function, and SGC1012: more memory than there is.</exception>
    /// <exception cref="Exception">BackendException SGC4001, SGC4002: libLLVM 19 cannot be loaded.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public CompiledFunction Compile(params ReadOnlySpan<Value> outputs) =>
        Function(outputs).Compile(null, null, CompileOptions.IsCallerKnown ? Assembly.GetCallingAssembly() : null);

    /// <summary>Compiles the function of <see cref="Function(ReadOnlySpan{ValueTuple{string, Value}})"/>, with variables of its
    /// own.</summary>
    /// <exception cref="GraphException">As of Function, and SGC1012: more memory than there is.</exception>
    /// <exception cref="Exception">BackendException SGC4001, SGC4002: libLLVM 19 cannot be loaded.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public CompiledFunction Compile(params ReadOnlySpan<(string Name, Value Value)> outputs) =>
        Function(outputs).Compile(null, null, CompileOptions.IsCallerKnown ? Assembly.GetCallingAssembly() : null);

    /// <summary>Compiles the function of <see cref="Function(ReadOnlySpan{Value})"/> over variables that are shared with other
    /// functions.</summary>
    /// <param name="store">Variables that it does not have yet are initialised, the others stay as they are.</param>
    /// <param name="outputs">One or more values of this builder.</param>
    /// <exception cref="GraphException">As without a store.</exception>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed. SGC5006: a variable of the store has another type or
    /// shape.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public CompiledFunction Compile(VariableStore store, params ReadOnlySpan<Value> outputs)
    {
        ArgumentNullException.ThrowIfNull(store);
        return Function(outputs).Compile(null, store, CompileOptions.IsCallerKnown ? Assembly.GetCallingAssembly() : null);
    }

    /// <inheritdoc cref="Compile(VariableStore, ReadOnlySpan{Value})"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public CompiledFunction Compile(VariableStore store, params ReadOnlySpan<(string Name, Value Value)> outputs)
    {
        ArgumentNullException.ThrowIfNull(store);
        return Function(outputs).Compile(null, store, CompileOptions.IsCallerKnown ? Assembly.GetCallingAssembly() : null);
    }
}
