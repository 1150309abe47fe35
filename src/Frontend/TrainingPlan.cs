using System.Collections.Immutable;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>A whole training step as one function: forward, backward and update.</summary>
public sealed class TrainingPlan : Plan
{
    private TrainingPlan(GraphBuilder graph, Function function, ImmutableArray<BufferRole> roles, ImmutableArray<int> donated,
        ImmutableArray<string> outputs) : base(graph, function, roles, donated, outputs)
    {
    }

    /// <summary>The same step with two more results for each condition on its inputs: truth values and what they are of.</summary>
    internal TrainingPlan? Checking { get; private init; }

    /// <summary>The name of the first result that replaces no parameter; nothing else has it.</summary>
    internal const string LossName = "loss";

    /// <summary>The model's variables that the step holds, in the order of declaration: those declared before Minimize.</summary>
    internal IEnumerable<ModelParameter> Variables => Graph.ModelParameters.Where(p => Holds(p.Value));

    /// <summary>Whether the step has memory for a variable.</summary>
    internal bool Holds(Value variable) => Function.Parameters.Any(p => p.Name == variable.Name);

    /// <summary>Compiles the step.</summary>
    /// <param name="options">How; the defaults when null.</param>
    /// <param name="store">Where its variables live, to share them with other functions: those that the store does not have yet are
    /// initialised, the others stay as they are. One of its own when null.</param>
    /// <exception cref="GraphException">SGC1011: <see cref="CompileOptions.Threads"/> is out of range. SGC1012: more memory than there is.
    /// SGC3002: a dump cannot be written.</exception>
    /// <exception cref="RuntimeException">SGC5002: the store is disposed. SGC5006: a variable of the store has another type or
    /// shape.</exception>
    /// <exception cref="Exception">BackendException SGC4001, SGC4002: libLLVM 19 cannot be loaded.</exception>
    public TrainingStep Compile(CompileOptions? options = null, VariableStore? store = null)
    {
        options ??= new CompileOptions();
        return new TrainingStep(options.Checked && Checking is { } checking ? checking : this, options, store);
    }

    internal static TrainingPlan Create(GraphBuilder graph, Value loss, IReadOnlyDictionary<string, Value>? metrics, Optimizer optimizer,
        Location location)
    {
        Value[] outputs = [loss, .. metrics?.Values ?? []];
        RuntimeCheck[] checks = [.. graph.Checks.Where(c => Reaches(graph, c.Guarded, outputs))];
        var forward = graph.Snapshot([.. outputs, .. checks.Select(c => c.IsGood), .. checks.Select(c => c.Shown)]);
        var builder = new FunctionBuilder(graph.Name);
        Value[] parameters = [.. forward.Parameters.Select(p => builder.Parameter(p.Name!, p.Type, p.Location))];
        var learned = Learned(graph, forward, loss, location);
        Value[] trained = [.. learned.Select(p => parameters[forward.Parameters.IndexOf(p)])];
        var step = new Step(builder, optimizer.GetType().Name, location);
        var shared = step.Declare(optimizer.SharedStateFor(trained), nameof(Optimizer.SharedStateFor));
        Value[][] states = [.. trained.Select(p => step.Declare(optimizer.StateFor(p), nameof(Optimizer.StateFor)))];
        var computed = builder.Inline(forward, parameters);
        var gradients = Adjoint.AppendDense(builder, computed[0], trained);
        using (builder.At(location)) step.Update(optimizer, trained, gradients, shared, states);
        foreach (var output in computed[..outputs.Length]) step.Return(output, replaced: -1);

        var inputs = graph.Inputs.ToHashSet();
        ImmutableArray<BufferRole> roles = [.. builder.Parameters.Select((_, i) =>
            i < parameters.Length && inputs.Contains(forward.Parameters[i]) ? BufferRole.Input : BufferRole.State)];
        string[] names = [LossName, .. metrics?.Keys ?? []];
        var (function, donated) = (step.Snapshot(), step.Donated.ToImmutableArray());
        return new(graph, function, roles, donated, [.. names]) { Checking = WithChecks() };

        TrainingPlan? WithChecks()
        {
            if (checks.Length == 0) return null;
            for (var i = 0; i < checks.Length; i++)
            {
                step.Return(computed[outputs.Length + i], replaced: -1);
                step.Return(computed[outputs.Length + checks.Length + i].ConvertTo(DType.I64), replaced: -1);
            }
            IEnumerable<string> more = checks.SelectMany((_, i) => (string[])[NamesOfCheck(i).IsGood, NamesOfCheck(i).Shown]);
            return new(graph, step.Snapshot(), roles, [.. step.Donated], [.. names, .. more]) { Checks = [.. checks] };
        }
    }

    private static bool Reaches(GraphBuilder graph, Value value, Value[] outputs)
    {
        var live = outputs.ToHashSet();
        foreach (var operation in graph.Operations.Reverse())
            if (operation.Results.Any(live.Contains)) live.UnionWith(operation.Operands);
        return live.Contains(value);
    }

    // A trainable variable that the loss does not depend on gets neither a gradient nor optimizer state.
    private static Value[] Learned(GraphBuilder graph, Function forward, Value loss, Location location)
    {
        var trainable = graph.ModelParameters.Where(p => p.IsTrainable).Select(p => p.Value).ToArray();
        var needs = NeedsGradient.Of(forward.Operations, trainable, [loss]);
        Value[] learned = [.. trainable.Where(needs.Contains)];
        return learned.Length > 0 ? learned : throw new GraphException(DiagnosticCode.NotDifferentiable,
            "the loss depends on no trainable variable, so there is nothing to learn", location);
    }

    private sealed class Step(FunctionBuilder builder, string optimizer, Location location)
    {
        private readonly List<Value> _results = [];

        public List<int> Donated { get; } = [];

        public void Return(Value result, int replaced)
        {
            _results.Add(result);
            Donated.Add(replaced);
        }

        public void Update(Optimizer optimizer, Value[] trained, Value[] gradients, Value[] shared, Value[][] states)
        {
            var (next, factors) = optimizer.Advance(shared);
            CheckCount("Advance", Given(next, "Advance").Length, shared.Length);
            Given(factors, "Advance");
            var updates = trained.Select((p, i) => optimizer.Update(p, gradients[i], states[i], factors)).ToArray();
            for (var i = 0; i < updates.Length; i++)
                CheckCount($"Update of {trained[i]}", Given(updates[i].State, "Update").Length, states[i].Length);
            for (var i = 0; i < updates.Length; i++) Replace(trained[i], updates[i].Parameter);
            for (var i = 0; i < updates.Length; i++)
                for (var k = 0; k < states[i].Length; k++) Replace(states[i][k], updates[i].State[k]);
            for (var i = 0; i < next.Length; i++) Replace(shared[i], next[i]);
        }

        public Value[] Declare(IReadOnlyList<OptimizerState> states, string method) => [.. Given(states, method).Select(s =>
            builder.Parameter(Given(Given(s, method).Name, method), Given(s.Type, method), location))];

        // A rule of the user's own is no argument: what is wrong with its results is an error of the model.
        private T Given<T>(T? result, string method) where T : class => result
            ?? throw new GraphException(DiagnosticCode.BadArgument, $"{optimizer}.{method} gives null", location);

        public Function Snapshot() => builder.Snapshot([.. _results]);

        private void CheckCount(string method, int given, int declared)
        {
            if (given != declared)
                throw new GraphException(DiagnosticCode.OperandCount,
                    $"{optimizer}.{method} returns {given} states; {declared} are declared", location);
        }

        // Parameters are declared before anything else, so a parameter's id is its position.
        private void Replace(Value parameter, Value result)
        {
            if (Given(result, "Update").Builder != builder)
                throw new GraphException(DiagnosticCode.ForeignValue,
                    $"{optimizer}: what replaces {parameter} belongs to \"{result.Builder.Name}\"", location);
            if (result.DType != parameter.DType || result.Shape != parameter.Shape)
                throw new GraphException(result.DType != parameter.DType ? DiagnosticCode.DTypeMismatch : DiagnosticCode.ShapeMismatch,
                    $"{optimizer}: what replaces {parameter} is {result.Type}; it must be {parameter.Type}, as declared", location);
            Return(result, parameter.Id);
        }
    }
}
