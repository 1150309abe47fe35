using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Numerics;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>A whole training step as one function: forward, backward and update.</summary>
/// <remarks>Its outputs are "loss", then the metrics. It keeps the variables that the model had declared by then, and after them the
/// optimizer's state.</remarks>
public sealed class TrainingPlan : Plan
{
    internal TrainingPlan(GraphBuilder graph, Function function, ImmutableArray<int> donated, ImmutableArray<StateVariable> states,
        ImmutableArray<string> outputs) : base(graph, function, donated, states, outputs)
    {
    }

    /// <summary>The step without the guard that this one has; null where it has none.</summary>
    internal TrainingPlan? Unguarded { get; init; }

    /// <summary>The variables that <see cref="TrainingStep.Insight"/> is of; empty where there is none.</summary>
    internal ImmutableArray<Value> Observed { get; init; } = [];

    /// <summary>Makes the same step with insight.</summary>
    internal Func<TrainingPlan>? Observing { get; init; }

    internal override int HiddenOutputs => base.HiddenOutputs + (Unguarded is null ? 0 : 1) + (Observed.IsEmpty ? 0 : 1);

    /// <summary>The same step, which also tells of each variable how large its gradient and its change were:
    /// <see cref="TrainingStep.Insight"/>.</summary>
    /// <remarks>Compile both over one store, and run this one every so many steps: what it costs is then paid for those alone, and the
    /// other step is what it was, to the byte.
    /// <code>
    /// using var step = plan.Compile();
    /// using var watched = plan.WithInsight().Compile(store: step.Variables);
    /// </code>
    /// </remarks>
    public TrainingPlan WithInsight() => Observing is null ? this : Observing();

    /// <summary>The same step with two more results for each condition on its inputs: truth values and what they are of.</summary>
    internal TrainingPlan? Checking { get; init; }

    /// <summary>The names of the states that hold settable rates.</summary>
    internal IReadOnlyCollection<string> Rates { get; init; } = [];
    /// <summary>By a variable's name, the state that averages it over time.</summary>
    internal ImmutableDictionary<string, StateVariable> Averages { get; init; } = ImmutableDictionary<string, StateVariable>.Empty;

    /// <summary>The name of the first result that replaces no parameter; nothing else has it.</summary>
    internal const string LossName = "loss";

    /// <summary>Compiles the step.</summary>
    /// <param name="options">How; the defaults when null.</param>
    /// <param name="store">Where its variables live, to share them with other functions: those that the store does not have yet are
    /// initialised, the others stay as they are. One of its own when null.</param>
    /// <exception cref="GraphException">SGC1011: <see cref="CompileOptions.Threads"/> is out of range. SGC1012: more memory than there is.
    /// SGC3002: a dump cannot be written.</exception>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed. SGC5006: a variable of the store has another type or
    /// shape.</exception>
    /// <exception cref="Exception">BackendException SGC4001, SGC4002: libLLVM 19 cannot be loaded.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public TrainingStep Compile(CompileOptions? options = null, VariableStore? store = null)
    {
        var chosen = CompileOptions.For(options, CompileOptions.IsCallerKnown ? Assembly.GetCallingAssembly() : null);
        var plan = chosen.Checked == true && Checking is { } checking ? checking : this;
        return new TrainingStep(chosen.CheckNumerics ? NumericsGuard.Of(plan) : plan, chosen, store);
    }
}
