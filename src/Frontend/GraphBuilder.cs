using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.Frontend;

/// <summary>Declares a model: inputs, parameters and what is computed from them.</summary>
/// <param name="name">The model's name: letters, digits, '_', '.', '/'.</param>
/// <param name="seed">Decides the initial parameters, together with their names.</param>
public sealed partial class GraphBuilder(string name, ulong seed = 0) : FunctionBuilder(name)
{
    private readonly List<ModelParameter> _parameters = [];
    private readonly List<Assignment> _assignments = [];
    private readonly List<RuntimeCheck> _checks = [];
    private readonly HashSet<string> _scopes = [];
    private readonly List<ImmutableDictionary<string, StateVariable>> _averages = [];
    private RandomState? _random;

    /// <summary>Decides the initial parameters.</summary>
    public ulong Seed { get; } = seed;
    /// <summary>Parameters in the order of declaration.</summary>
    public IReadOnlyList<ModelParameter> ModelParameters => _parameters;
    /// <summary>Inputs in the order of declaration, which is the order of arguments of a step.</summary>
    public IEnumerable<Value> Inputs => Parameters.Where(p => _parameters.All(m => m.Value != p));

    /// <summary>What training steps assign, in the order of declaration.</summary>
    public IReadOnlyList<Assignment> Assignments => _assignments;

    /// <summary>Conditions that a checked step tests.</summary>
    internal IEnumerable<RuntimeCheck> Checks => Operations.SelectMany(RuntimeCheck.Of).Concat(_checks);

    /// <inheritdoc/>
    protected override bool IsReserved(string name) => name is TrainingPlan.LossName or PredictionPlan.OutputName;

    /// <summary>The random numbers that are drawn.</summary>
    internal RandomState Random => _random ??= new(this);

    internal void Add(RuntimeCheck check) => _checks.Add(check);

    /// <inheritdoc/>
    protected override void Withdraw(int firstId)
    {
        base.Withdraw(firstId);
        _parameters.RemoveAll(p => p.Value.Id >= firstId);
        _assignments.RemoveAll(a => !a.Withdraw(firstId));
        _checks.RemoveAll(c => c.Guarded.Id >= firstId);
    }

    /// <summary>Declares what each step is given.</summary>
    /// <exception cref="GraphException">SGC1006: malformed or taken name.</exception>
    public Value Input(string name, TensorType type, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Parameter(name, type, new Location(file, line));

    /// <summary>Declares a tensor that training changes, or a frozen one that it does not; its name is within the open scopes,
    /// <see cref="Scope"/>.</summary>
    /// <exception cref="GraphException">SGC1006: malformed or taken name. SGC1001: trainable but not floating point, or fractions for
    /// integers. SGC1005: a number outside of the integers' range. SGC1002, SGC1003: the initializer is for another shape.</exception>
    public Value Variable(string name, TensorType type, Initializer initializer, bool trainable = true,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Declare(_path, _path + name, type, initializer, trainable, new Location(file, line));
    }

    /// <summary>Declares a variable by its whole name.</summary>
    /// <exception cref="GraphException">As <see cref="Variable"/>.</exception>
    internal Value Declare(string scope, string name, TensorType type, Initializer initializer, bool trainable, Location location)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(initializer);
        location = Pinned ?? location;
        if (trainable && !type.DType.IsFloating)
            throw new GraphException(DiagnosticCode.DTypeMismatch, $"variable \"{name}\" is {type}: only floating point can be trained",
                location);
        if (initializer.Refusal(type, Seed, name) is { } refusal)
            throw new GraphException(refusal with { Message = $"variable \"{name}\": {refusal.Message}", Location = location });
        var value = Parameter(name, type, location);
        _parameters.Add(new(value, initializer, trainable) { Scope = scope });
        return value;
    }

    /// <summary>Says what a variable is at the end of each training step that is declared after this call: running statistics,
    /// counters.</summary>
    /// <param name="variable">A variable of any type that no optimizer trains.</param>
    /// <param name="next">Of the variable's type, computed from the values that variables have while the step runs.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <returns>The assignment, for steps that carry out some and not others.</returns>
    /// <exception cref="GraphException">SGC1008: a value of another builder. SGC1013: no variable, or assigned already. SGC1001, SGC1002:
    /// the new value is of another type.</exception>
    public Assignment Assign(Value variable, Value next, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Assign(variable, next, AssignmentUse.Training, Pinned ?? new Location(file, line));

    internal Assignment Assign(Value variable, Value next, AssignmentUse use, Location location)
    {
        ArgumentNullException.ThrowIfNull(variable);
        ArgumentNullException.ThrowIfNull(next);
        CheckOwn("Assign", variable, location);
        CheckOwn("Assign", next, location);
        var parameter = _parameters.FirstOrDefault(p => p.Value == variable)
            ?? throw new GraphException(DiagnosticCode.BadAssignment, $"Assign: {variable} is no variable of \"{Name}\"", location);
        if (_assignments.FirstOrDefault(a => a.Variable == parameter) is { } first)
            throw new GraphException(DiagnosticCode.BadAssignment, $"Assign: {variable} is assigned already, at {first.Location}",
                location);
        TypeCheck.Replacement("Assign", variable, next, location);
        var assignment = new Assignment(parameter, next, location) { Use = use };
        _assignments.Add(assignment);
        return assignment;
    }

    /// <summary>Says what a variable is at the end of each step, of what it would be without this call, and gives it.</summary>
    internal Value Update(Value variable, Func<Value, Value> next, Location location)
    {
        if (_assignments.FirstOrDefault(a => a.Variable.Value == variable) is not { } earlier)
            return Assign(variable, next(variable), AssignmentUse.Training, location).Next;
        earlier.Continue(next(earlier.Next));
        return earlier.Next;
    }

    /// <summary>A training step that makes <paramref name="loss"/> smaller.</summary>
    /// <param name="loss">A floating-point scalar of this builder.</param>
    /// <param name="optimizer">How the variables move.</param>
    /// <param name="metrics">Further values that each step reports, by name, as parameters are named; "loss" is taken.</param>
    /// <param name="variables">Which variables the step trains, each of them trainable; all that the loss depends on when null.</param>
    /// <param name="assignments">Which assignments the step carries out; all that have been declared when null, but for those of a
    /// <see cref="Layers.KeyValueCache"/>.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <remarks>The step takes the inputs that the loss, the metrics and the assignments depend on.</remarks>
    /// <exception cref="GraphException">SGC1010: loss is not a floating-point scalar, or depends on no trainable variable, or not on one
    /// that is named. SGC1008: a value of another builder. SGC1006: a metric's or the optimizer's name is malformed or taken. SGC1009,
    /// SGC1011, SGC1013: the optimizer gives something else than a value for each parameter and state. SGC1013: a variable that is trained
    /// and assigned.</exception>
    public TrainingPlan Minimize(Value loss, Optimizer optimizer, IReadOnlyDictionary<string, Value>? metrics = null,
        IReadOnlyList<Value>? variables = null, IReadOnlyList<Assignment>? assignments = null,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        CheckMinimize(loss, optimizer, metrics, location);
        foreach (var variable in variables ?? [])
        {
            ArgumentNullException.ThrowIfNull(variable, nameof(variables));
            CheckOwn("Minimize", variable, location);
            if (!_parameters.Any(p => p.Value == variable && p.IsTrainable))
                throw new GraphException(DiagnosticCode.NotDifferentiable, $"Minimize: {variable} is no trainable variable of \"{Name}\"",
                    location);
        }
        foreach (var assignment in assignments ?? [])
        {
            ArgumentNullException.ThrowIfNull(assignment, nameof(assignments));
            CheckOwn(nameof(Minimize), assignment, location);
        }
        var scope = ScopeFor(optimizer, location);
        var plan = TrainingPlanBuilder.Build(new(this, loss, metrics ?? ImmutableDictionary<string, Value>.Empty, optimizer, scope,
            variables, assignments, location));
        _scopes.Add(scope); // Of a plan that was made.
        _averages.Add(plan.Averages);
        return plan;
    }

    /// <summary>A training step that trains the variables whose names <paramref name="variables"/> holds for.</summary>
    /// <param name="loss">A floating-point scalar of this builder.</param>
    /// <param name="optimizer">How the variables move.</param>
    /// <param name="variables">Of those that the loss depends on, asked by name.</param>
    /// <param name="metrics">Further values that each step reports, by name.</param>
    /// <param name="assignments">Which assignments the step carries out; all that have been declared when null, but for those of a
    /// <see cref="Layers.KeyValueCache"/>.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1010: none is chosen. Else as the other overload.</exception>
    public TrainingPlan Minimize(Value loss, Optimizer optimizer, Func<string, bool> variables,
        IReadOnlyDictionary<string, Value>? metrics = null, IReadOnlyList<Assignment>? assignments = null,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(variables);
        var location = new Location(file, line);
        CheckMinimize(loss, optimizer, metrics, location);
        var reached = TrainingPlanBuilder.Trainable(this, loss);
        Value[] chosen = [.. reached.Where(v => variables(v.Name!))];
        return chosen.Length > 0 ? Minimize(loss, optimizer, metrics, chosen, assignments, file, line)
            : throw new GraphException(DiagnosticCode.NotDifferentiable,
                $"Minimize: none of the variables that the loss depends on is chosen; there are: {string.Join<Value>(", ", reached)}",
                location);
    }

    private void CheckMinimize(Value loss, Optimizer optimizer, IReadOnlyDictionary<string, Value>? metrics, Location location)
    {
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(optimizer);
        CheckOwn(TrainingPlan.LossName, loss, location);
        foreach (var (name, value) in metrics ?? ImmutableDictionary<string, Value>.Empty)
        {
            ArgumentNullException.ThrowIfNull(value, nameof(metrics));
            CheckOwn(name, value, location);
            if (CheckName(name, location) == TrainingPlan.LossName || Parameters.Any(p => p.Name == name))
                throw new GraphException(DiagnosticCode.BadName, $"a metric cannot be named \"{name}\": the name is already taken",
                    location);
        }
        if (loss.Rank != 0 || !loss.DType.IsFloating)
            throw new GraphException(DiagnosticCode.NotDifferentiable,
                $"the loss must be a floating-point scalar, got {loss.Type}; take its Mean() or Sum()", location);
    }

    private void CheckOwn(string what, Value value, Location location)
    {
        if (value.Builder != this)
            throw new GraphException(DiagnosticCode.ForeignValue,
                $"\"{what}\": {value} belongs to \"{value.Builder.Name}\", not to \"{Name}\"", location);
    }

    internal void CheckOwn(string what, Assignment assignment, Location location)
    {
        if (!_assignments.Contains(assignment))
            throw new GraphException(DiagnosticCode.ForeignValue, $"{what}: {assignment} is not of \"{Name}\"", location);
    }

    /// <summary>By a variable's name, the state that averages it in a step so far.</summary>
    /// <exception cref="GraphException">SGC1011: two steps keep different averages of one variable.</exception>
    internal ImmutableDictionary<string, StateVariable> Averages(Location location)
    {
        var all = ImmutableDictionary.CreateBuilder<string, StateVariable>();
        foreach (var (variable, average) in _averages.SelectMany(a => a))
        {
            if (all.TryGetValue(variable, out var other) && other.Name != average.Name)
                throw new GraphException(DiagnosticCode.BadArgument, $"two steps average \"{variable}\", as \"{other.Name}\" and"
                    + $" \"{average.Name}\"; name the step whose averages are read: Averaged(plan)", location);
            all[variable] = average;
        }
        return all.ToImmutable();
    }

    // Two steps of one model do not share an optimizer's state, unless they are told to by its name.
    private string ScopeFor(Optimizer optimizer, Location location)
    {
        if (optimizer.Name is { } name) return CheckName(name, location);
        return Optimizer.FreeName(optimizer.ScopeName, _scopes.Contains);
    }
}
