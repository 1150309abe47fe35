using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Metrics;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>What a function is made of.</summary>
/// <param name="Graph">The model.</param>
/// <param name="Name">The function's.</param>
/// <param name="Outputs">Its results, by name.</param>
/// <param name="Assignments">What it carries out beside the state of random numbers that it draws.</param>
/// <param name="Mode">What it is for.</param>
internal sealed record FunctionRequest(GraphBuilder Graph, string Name, ImmutableArray<(string Name, Value Value)> Outputs,
    ImmutableArray<Assignment> Assignments, Mode Mode)
{
    /// <summary>By a variable's name, what the function reads in its place.</summary>
    public ImmutableDictionary<string, StateVariable> Averages { get; init; } = ImmutableDictionary<string, StateVariable>.Empty;

    /// <summary>What its outputs are made into, batch by batch.</summary>
    public ImmutableArray<NamedMetric> Metrics { get; init; } = [];
}

/// <summary>Values of a model as one function of the inputs and variables that they depend on.</summary>
public sealed class FunctionPlan : Plan
{
    private readonly FunctionRequest _request;

    private FunctionPlan(FunctionRequest request, Function function, ImmutableArray<int> donated, ImmutableArray<StateVariable> states,
        ImmutableArray<string> outputs) : base(request.Graph, function, donated, states, outputs) => _request = request;

    /// <summary>The name of an output that is given none; those after the first are numbered from 1 on.</summary>
    internal const string OutputName = "output";

    /// <summary>The same function with two more results for each condition on its inputs: truth values and what they are of.</summary>
    internal FunctionPlan? Checking { get; private init; }

    /// <summary>What its outputs are made into, batch by batch.</summary>
    internal ImmutableArray<NamedMetric> Metrics => _request.Metrics;

    /// <summary>The same function, whose outputs are parts of metrics.</summary>
    internal FunctionPlan Measuring(ImmutableArray<NamedMetric> metrics) => Create(_request with { Metrics = metrics });

    /// <summary>The same function, which at the end of each run also carries out some assignments of the model.</summary>
    /// <param name="assignments">What <see cref="GraphBuilder.Assign(Value, Value, string, int)"/> gave. Without this call a function
    /// assigns nothing but the state of random numbers that it draws.</param>
    /// <exception cref="GraphException">SGC1008: an assignment of another model. SGC1013: it assigns a variable that is read as its
    /// average.</exception>
    public FunctionPlan Assigning(params ReadOnlySpan<Assignment> assignments)
    {
        foreach (var assignment in assignments)
        {
            ArgumentNullException.ThrowIfNull(assignment, nameof(assignments));
            Graph.CheckOwn(nameof(Assigning), assignment, assignment.Location);
        }
        return Create(_request with { Assignments = [.. assignments] });
    }

    /// <summary>The same function for another mode; without this call it is for inference, where dropout is the identity.</summary>
    /// <exception cref="GraphException">SGC1011: no mode.</exception>
    public FunctionPlan InMode(Mode mode) => Create(_request with { Mode = mode });

    /// <summary>The same function of averaged variables: it reads the averages that <see cref="Optimizers.ExponentialMovingAverage"/>
    /// keeps, where there is one of a variable.</summary>
    /// <remarks>Compile it over the store of the step that keeps them:
    /// <c>graph.Function(y).Averaged().Compile(store: step.Variables)</c>. In a store without them they start as copies of the variables'
    /// first elements.</remarks>
    /// <param name="step">Whose averages; those of all steps that the model has so far when null.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1008: a step of another model. SGC1011: no averages are kept, or several of one variable.
    /// SGC1013: the function assigns a variable that has an average.</exception>
    public FunctionPlan Averaged(TrainingPlan? step = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Averaged(step, new Location(file, line));

    internal FunctionPlan Averaged(TrainingPlan? step, Location location)
    {
        if (step is not null && step.Graph != Graph)
            throw new GraphException(DiagnosticCode.ForeignValue,
                $"{nameof(Averaged)}: the step belongs to \"{step.Graph.Name}\", not to \"{Graph.Name}\"", location);
        var averages = step?.Averages ?? Graph.Averages(location);
        return !averages.IsEmpty ? Create(_request with { Averages = averages })
            : throw new GraphException(DiagnosticCode.BadArgument, "no optimizer keeps averages of variables; declare them: "
                + "new Adam() { Parameters = [new ExponentialMovingAverage(0.999)] }", location);
    }

    /// <summary>Compiles the function.</summary>
    /// <param name="options">How; the defaults when null.</param>
    /// <param name="store">Where its variables live, to share them with other functions: those that the store does not have yet are
    /// initialised, the others stay as they are. One of its own when null.</param>
    /// <exception cref="GraphException">SGC1011: <see cref="CompileOptions.Threads"/> is out of range. SGC1012: more memory than there is.
    /// SGC3002: a dump cannot be written.</exception>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed. SGC5006: a variable of the store has another type or
    /// shape.</exception>
    /// <exception cref="Exception">BackendException SGC4001, SGC4002: libLLVM 19 cannot be loaded.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public CompiledFunction Compile(CompileOptions? options = null, VariableStore? store = null) =>
        Compile(options, store, CompileOptions.IsCallerKnown ? Assembly.GetCallingAssembly() : null);

    /// <param name="options">As of the public method.</param>
    /// <param name="store">As of the public method.</param>
    /// <param name="caller">The assembly that calls a public method, which is never inlined into another.</param>
    internal CompiledFunction Compile(CompileOptions? options, VariableStore? store, Assembly? caller)
    {
        var chosen = CompileOptions.For(options, caller);
        return new CompiledFunction(Tested(chosen), chosen, store);
    }

    /// <summary>The function itself, or that with results for each condition on its inputs.</summary>
    internal FunctionPlan Tested(CompileOptions options) => options.Checked == true && Checking is { } checking ? checking : this;

    internal static FunctionPlan Create(FunctionRequest request)
    {
        var (graph, asked, mode) = (request.Graph, request.Assignments, new ResolveMode(request.Mode));
        Value[] outputs = [.. request.Outputs.Select(o => o.Value)];
        request = request with { Assignments = TrainingPlanBuilder.CarriedOut(graph, outputs, asked, mode) };
        var live = TrainingPlanBuilder.LiveValues(graph, [.. outputs, .. asked.Select(a => a.Next)], mode);
        RuntimeCheck[] checks = [.. graph.Checks.Where(c => live.Contains(c.Guarded))];
        return Create(request, [], checks.Length == 0 ? null : Create(request, checks, null));
    }

    private static FunctionPlan Create(FunctionRequest request, RuntimeCheck[] checks, FunctionPlan? checking)
    {
        var (graph, outputs, assignments) = (request.Graph, request.Outputs, request.Assignments);
        var assigned = assignments.Select(a => a.Variable.Value.Name!).ToArray();
        if (assignments.FirstOrDefault(a => request.Averages.ContainsKey(a.Variable.Value.Name!)) is { } both)
            throw new GraphException(DiagnosticCode.BadAssignment,
                $"{both.Variable.Value} is assigned, and the function reads its average in its place", both.Location);
        var (builder, values) = Prediction.Slice(graph, request.Name, request.Mode, [.. assignments.Select(a => a.Next),
            .. outputs.Select(o => o.Value), .. checks.Select(c => c.Tested)], assigned);
        var tested = values[^checks.Length..];
        values = [.. values[..^checks.Length], .. checks.Zip(tested, (c, x) => c.Holds(x)), .. tested.Select(x => x.ConvertTo(DType.I64))];
        var function = builder.Build(values);
        var position = function.Parameters.Select((p, i) => (Name: p.Name!, i)).ToDictionary(p => p.Name, p => p.i);
        ImmutableArray<StateVariable> states = [.. graph.ModelParameters.Where(p => position.ContainsKey(p.Value.Name!))
            .Select(p => p.ToState(graph.Assignments.Any(a => a.Variable == p)))];
        var names = checks.Select((_, i) => NamesOfCheck(i)).ToArray();
        return new(request, Reading(function, request.Averages),
            [.. values.Select((_, i) => i < assigned.Length ? position[assigned[i]] : -1)],
            [.. states.Select(s => request.Averages.GetValueOrDefault(s.Name, s))],
            [.. outputs.Select(o => o.Name), .. names.Select(c => c.IsGood), .. names.Select(c => c.Shown)])
        {
            Checks = [.. checks],
            Checking = checking,
        };
    }

    // Its parameters renamed: an average has the type of what it is of.
    private static Function Reading(Function function, ImmutableDictionary<string, StateVariable> averages)
    {
        if (averages.IsEmpty) return function;
        var builder = new FunctionBuilder(function.Name);
        Value[] parameters = [.. function.Parameters.Select(p =>
            builder.Parameter(averages.TryGetValue(p.Name!, out var average) ? average.Name : p.Name!, p.Type, p.Location))];
        return builder.Build([.. builder.Inline(function, parameters)]);
    }
}
