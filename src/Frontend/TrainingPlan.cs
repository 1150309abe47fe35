using System.Collections.Immutable;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>A whole training step as one function: forward, backward and update.</summary>
public sealed class TrainingPlan
{
    private TrainingPlan(GraphBuilder graph, Function function, ImmutableArray<BufferRole> roles, ImmutableArray<int> donated) =>
        (Graph, Function, Roles, Donated) = (graph, function, roles, donated);

    /// <summary>The model.</summary>
    public GraphBuilder Graph { get; }
    /// <summary>The step: (inputs, variables, optimizer state) → (new variables, new state, loss).</summary>
    public Function Function { get; }
    internal ImmutableArray<BufferRole> Roles { get; }
    internal ImmutableArray<int> Donated { get; }

    /// <summary>Compiles the step and initialises the variables.</summary>
    /// <exception cref="Exception">BackendException SGC4001, SGC4002: libLLVM 19 cannot be loaded.</exception>
    public TrainingStep Compile(CompileOptions? options = null) => new(this, options ?? new CompileOptions());

    internal static TrainingPlan Create(GraphBuilder graph, Value loss, Optimizer optimizer, Location location)
    {
        var forward = graph.Snapshot(loss);
        var builder = new FunctionBuilder(graph.Name);
        Value[] parameters = [.. forward.Parameters.Select(p => builder.Parameter(p.Name!, p.Type, p.Location))];
        var trained = graph.ModelParameters.Where(p => p.IsTrainable).Select(p => parameters[forward.Parameters.IndexOf(p.Value)]).ToArray();
        var shared = optimizer.SharedState.Select(s => builder.Parameter(s.Name, s.Type)).ToArray();
        var states = trained.Select(p => optimizer.StateFor(p).Select(s => builder.Parameter(s.Name, s.Type)).ToArray()).ToArray();

        var total = builder.Inline(forward, parameters)[0];
        var gradients = Adjoint.Append(builder, total, trained);
        if (gradients.All(g => g is null))
            throw new GraphException(DiagnosticCode.NotDifferentiable, "the loss depends on no trainable variable, so there is nothing to learn", location);

        using var pin = builder.At(location);
        var (next, factors) = optimizer.Advance(shared);
        var (results, donated) = (new List<Value>(), new List<int>());
        void Replace(Value parameter, Value value)
        {
            results.Add(value);
            donated.Add(builder.Parameters.ToList().IndexOf(parameter));
        }
        for (var i = 0; i < next.Length; i++) Replace(shared[i], next[i]);
        for (var i = 0; i < trained.Length; i++)
        {
            if (gradients[i] is not { } gradient) continue;
            var (parameter, state) = optimizer.Update(trained[i], gradient, states[i], factors);
            Replace(trained[i], parameter);
            for (var s = 0; s < state.Length; s++) Replace(states[i][s], state[s]);
        }
        results.Add(total);
        donated.Add(-1);
        var inputs = graph.Inputs.ToHashSet();
        ImmutableArray<BufferRole> roles = [.. builder.Parameters.Select((_, i) =>
            i < forward.Parameters.Length && inputs.Contains(forward.Parameters[i]) ? BufferRole.Input : BufferRole.State)];
        return new(graph, builder.Build([.. results]), roles, [.. donated]);
    }
}
