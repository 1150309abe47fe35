using System.Collections.Immutable;
using GraphCompiler.Frontend.Numerics;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;

namespace GraphCompiler.Frontend;

/// <summary>What a training step is asked for at <c>Minimize</c>, where everything but the choice of variables has been checked.</summary>
internal sealed record MinimizeRequest(GraphBuilder Graph, Value Loss, IReadOnlyDictionary<string, Value> Metrics, Optimizer Optimizer,
    string Scope, IReadOnlyList<Value>? Variables, IReadOnlyList<Assignment>? Assignments, Location Location);

/// <summary>Makes one function of a model's forward operations, the backward pass, the optimizer's update and the assignments.</summary>
internal sealed class TrainingPlanBuilder
{
    // Before differentiation, so that nothing flows back to what inference reads.
    private static readonly ResolveMode s_training = new(Mode.Training);

    private readonly MinimizeRequest _request;
    private readonly GraphBuilder _graph;
    private readonly StepBuilder _builder;
    private readonly Dictionary<Value, Value> _map; // From the model's values to the step's.
    private readonly ImmutableArray<Assignment> _assignments;
    private readonly ImmutableArray<RuntimeCheck> _checks;
    private readonly ImmutableArray<StateVariable> _variables;
    private readonly List<(Value Result, Value? Replaced)> _results = [];
    private Value[] _trained = [], _gradients = [], _next = []; // In the step.

    private TrainingPlanBuilder(MinimizeRequest request)
    {
        (_request, _graph, _builder) = (request, request.Graph, new(request.Graph.Name));
        Value[] outputs = [request.Loss, .. request.Metrics.Values];
        _assignments = CarriedOut(_graph, outputs,
            _graph.Assignments.Where(a => a.Use != AssignmentUse.Reading
                && (request.Assignments?.Contains(a) ?? a.Use == AssignmentUse.Training)), s_training);
        var live = LiveValues(_graph, [.. outputs, .. _assignments.Select(a => a.Next)], s_training);
        _checks = [.. _graph.Checks.Where(c => live.Contains(c.Guarded))];
        var inputs = _graph.Inputs.ToHashSet();
        Value[] kept = [.. _graph.Parameters.Where(p => !inputs.Contains(p) || live.Contains(p))];
        _variables = [.. _graph.ModelParameters.Select(p => p.ToState(_assignments.Any(a => a.Variable == p)))];
        _map = kept.ToDictionary(p => p, p => _builder.Parameter(p.Name!, p.Type, p.Location));
        foreach (var operation in _graph.Operations) Clone(operation);
    }

    // Only what the step does not reach reads inputs that it does not take.
    private void Clone(Operation operation)
    {
        if (operation.Op is ByMode)
        {
            if (_map.TryGetValue(s_training.Chosen(operation), out var chosen)) _map[operation.Result] = chosen;
        }
        else if (operation.Operands.All(_map.ContainsKey)) _builder.Clone(operation, _map);
    }

    /// <exception cref="GraphException">As <c>Minimize</c>.</exception>
    public static TrainingPlan Build(MinimizeRequest request)
    {
        var learned = Learned(request);
        return new TrainingPlanBuilder(request).Build(learned);
    }

    private TrainingPlan Build(Value[] learned)
    {
        if (_assignments.FirstOrDefault(a => learned.Contains(a.Variable.Value)) is { } twice)
            throw new GraphException(DiagnosticCode.BadAssignment,
                $"{twice.Variable.Value} is trained by this step, and assigned at {twice.Location}", _request.Location);
        var context = new StepContext(_builder, _request.Location, _graph.Seed, p => _variables.First(v => v.Name == p.Name));
        var optimizerState = Update(context, [.. learned.Select(p => _map[p])]);
        foreach (var assignment in _assignments) Replace(_map[assignment.Variable.Value], _map[assignment.Next]);
        foreach (var output in (Value[])[_request.Loss, .. _request.Metrics.Values]) Return(_map[output]);
        ImmutableArray<StateVariable> states = [.. _variables, .. optimizerState];
        ImmutableArray<string> names = [TrainingPlan.LossName, .. _request.Metrics.Keys];
        ImmutableArray<Value>? checks = null; // Declared after what is made without them.
        TrainingPlan Made(ImmutableArray<Value> outputs, ImmutableArray<string> names, bool isChecked, bool isObserved)
        {
            var (all, observed) = (isChecked ? outputs.AddRange(checks ??= Checks()) : outputs, isObserved ? Observable() : []);
            return new(_graph, Finish(all), DonatedBy(all.Length), states, isChecked ? [.. names, .. NamesOfChecks()] : names)
            {
                Checks = isChecked ? _checks : [],
                Checking = isChecked || _checks.Length == 0 ? null : Made(outputs, names, isChecked: true, isObserved),
                Observed = [.. observed.Select(i => learned[i])],
                Observing = isObserved || Observable().Length == 0 ? null
                    : () => Made([ObservedNow()], [.. names, StepInsight.OutputName], isChecked, isObserved: true),
                Rates = context.Rates,
                Averages = context.Averages.ToImmutableDictionary(a => a.Key, a => states.Single(s => s.Name == a.Value)),
            };
        }
        return Made([], names, isChecked: false, isObserved: false);
    }

    // Variables with elements, by position.
    private int[] Observable() => [.. Enumerable.Range(0, _trained.Length).Where(i => _trained[i].Shape.ElementCount > 0)];

    // What StepInsight is made of: five numbers a variable.
    private Value ObservedNow()
    {
        using var pin = _builder.At(_request.Location);
        static Value Norm(Value x) => x.ConvertTo(DType.F64).Square().Sum().Sqrt();
        Value[] numbers = [.. Observable().SelectMany(i => (Value[])[Norm(_gradients[i]), _gradients[i].Abs().Max().ConvertTo(DType.F64),
            _gradients[i].Equal(0).ConvertTo(DType.F64).Sum(), Norm(_trained[i]), Norm(_next[i] - _trained[i])])
            .Select(x => x.Reshape([1]))];
        return numbers[0].Concat(numbers[1..]);
    }

    private IEnumerable<StateVariable> Update(StepContext context, Value[] trained)
    {
        _builder.Part = StepPart.Backward;
        var gradients = Adjoint.AppendDense(_builder, _map[_request.Loss], trained);
        _builder.Part = StepPart.Update;
        var scope = new UpdateScope(context, _request.Scope, _request.Optimizer, trained);
        using var pin = _builder.At(_request.Location);
        var next = _request.Optimizer.Update(scope, trained, gradients);
        (_trained, _gradients, _next) = (trained, [.. gradients], [.. next]);
        for (var i = 0; i < trained.Length; i++) Replace(trained[i], next[i]);
        foreach (var (state, value) in scope.Assignments()) Replace(state, value);
        _builder.Part = StepPart.Forward;
        return scope.Declared;
    }

    private ImmutableArray<Value> Checks() =>
        [.. _checks.SelectMany(c => (Value[])[c.Holds(_map[c.Tested]), _map[c.Tested].ConvertTo(DType.I64)])];

    private IEnumerable<string> NamesOfChecks() =>
        _checks.SelectMany((_, i) => (string[])[TrainingPlan.NamesOfCheck(i).IsGood, TrainingPlan.NamesOfCheck(i).Shown]);

    private void Return(Value result) => _results.Add((result, null));

    private void Replace(Value parameter, Value result) => _results.Add((result, parameter));

    // State is declared while the update is built; in the function all parameters come first.
    private Function Finish(ImmutableArray<Value> outputs)
    {
        var function = _builder.Snapshot([.. _results.Select(r => r.Result), .. outputs]);
        return Rewriter.Rebuild(function, (_, _, _) => null);
    }

    private ImmutableArray<int> DonatedBy(int outputs)
    {
        var position = _builder.Parameters.Select((p, i) => (p, i)).ToDictionary(p => p.p, p => p.i);
        return [.. _results.Select(r => r.Replaced is { } parameter ? position[parameter] : -1), .. Enumerable.Repeat(-1, outputs)];
    }

    /// <summary>The assignments that a function carries out: those asked for, and what follows reads wherever it is read.</summary>
    internal static ImmutableArray<Assignment> CarriedOut(GraphBuilder graph, IEnumerable<Value> outputs, IEnumerable<Assignment> asked,
        ResolveMode mode)
    {
        Assignment[] chosen = [.. asked];
        var live = LiveValues(graph, [.. outputs, .. chosen.Select(a => a.Next)], mode);
        return [.. chosen.Union(graph.Assignments.Where(a => a.Use == AssignmentUse.Reading && live.Contains(a.Variable.Value)))];
    }

    /// <summary>What <paramref name="results"/> depend on in a mode, themselves included.</summary>
    internal static HashSet<Value> LiveValues(GraphBuilder graph, IEnumerable<Value> results, ResolveMode mode)
    {
        var live = results.ToHashSet();
        foreach (var operation in graph.Operations.Reverse())
            if (operation.Results.Any(live.Contains))
                live.UnionWith(operation.Op is ByMode ? [mode.Chosen(operation)] : operation.Operands);
        return live;
    }

    /// <summary>The trainable variables that a derivative of <paramref name="loss"/> reaches.</summary>
    internal static Value[] Trainable(GraphBuilder graph, Value loss)
    {
        var trainable = graph.ModelParameters.Where(p => p.IsTrainable).Select(p => p.Value).ToArray();
        var needs = NeedsGradient.Of(graph.Operations, trainable, [loss]);
        var live = LiveValues(graph, [loss], s_training);
        return [.. trainable.Where(v => needs.Contains(v) && live.Contains(v))];
    }

    // A trainable variable that the loss does not depend on gets neither a gradient nor optimizer state.
    private static Value[] Learned(MinimizeRequest request)
    {
        GraphException Refusal(string what) => new(DiagnosticCode.NotDifferentiable, what, request.Location);
        var reached = Trainable(request.Graph, request.Loss);
        if (reached.Length == 0) throw Refusal("the loss depends on no trainable variable, so there is nothing to learn");
        if (request.Variables is not { } chosen) return reached;
        if (chosen.Count == 0) throw Refusal("no variable is chosen, so there is nothing to learn");
        return chosen.FirstOrDefault(v => !reached.Contains(v)) is { } other
            ? throw Refusal($"the loss does not depend on the variable {other}, which is to be trained")
            : [.. reached.Where(chosen.Contains)];
    }

    /// <summary>Says of each operation what part of the step it is.</summary>
    private sealed class StepBuilder(string name) : FunctionBuilder(name)
    {
        public StepPart Part { get; set; }

        internal override Location Within(Location location) => location with { Part = Part };
    }
}
