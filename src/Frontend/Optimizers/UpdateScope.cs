using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>What a rule sees of the step that it becomes a part of: it declares state here, and says what replaces it.</summary>
/// <remarks>State is named <c>scope/name/parameter</c>, or <c>scope/name</c> where all parameters share it.</remarks>
public sealed class UpdateScope
{
    private readonly StepContext _context;
    private readonly UpdateScope? _outer;
    private readonly Optimizer _rule;
    private readonly Value? _isDue; // Whether what is assigned here is to happen in this step; it always is when null.
    private readonly List<UpdateScope> _nested = [];
    private readonly List<(Value Parameter, StateVariable Variable)> _states = [];
    private readonly Dictionary<Value, Value> _next = [];
    private (Value Parameter, Value Next)? _step;
    private Value? _rate;

    internal UpdateScope(StepContext context, string name, Optimizer rule, IReadOnlyList<Value> parameters) =>
        (_context, Name, _rule, Parameters) = (context, name, rule, parameters);

    private UpdateScope(UpdateScope outer, string name, Optimizer rule, IReadOnlyList<Value> parameters, Value? isDue)
        : this(outer._context, $"{outer.Name}/{name}", rule, parameters) => (_outer, _isDue) = (outer, isDue);

    /// <summary>The prefix of the names of what is declared here.</summary>
    public string Name { get; }

    /// <summary>All parameters that the rule updates.</summary>
    public IReadOnlyList<Value> Parameters { get; }

    /// <summary>f64 if a parameter is, else f32: what numbers that all parameters share are computed in.</summary>
    public DType WidestType => Parameters.Any(p => p.DType == DType.F64) ? DType.F64 : DType.F32;

    /// <summary>The number of the step that is carried out, i64[], from 1 on: state that is declared at first use. Groups of parameters
    /// share it; where gradients are accumulated it counts updates.</summary>
    public Value Step
    {
        get
        {
            if (_outer is not null && _isDue is null) return _outer.Step;
            if (_step is null)
            {
                var counter = Declare("step", DType.I64.Scalar, Initializer.Zeros, null, _context.Location);
                _step = (counter, counter + 1);
            }
            return _step.Value.Next;
        }
    }

    /// <summary>The rule's own rate at this step, a scalar of <see cref="WidestType"/>.</summary>
    /// <exception cref="GraphException">SGC1011: the rule has none.</exception>
    public Value LearningRate => _rate ??= At(_rule.LearningRate
        ?? throw Argument.Bad($"{_rule.GetType().Name} has no LearningRate, which a part of it asks for", _context.Location));

    /// <summary>The number of a schedule at this step, a scalar of <see cref="WidestType"/>; computed in f64.</summary>
    /// <exception cref="GraphException">As <see cref="Schedule.Of"/> and <see cref="Schedule.Settable"/> say.</exception>
    public Value At(Schedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        if (schedule.Number is { } number) return _context.Builder.Constant(new Literal(WidestType.Scalar, number));
        // t counts from 0.
        return schedule.Compute((Step - 1).ConvertTo(DType.F64), Settable).ConvertTo(WidestType);
    }

    /// <summary>State for one parameter: of its type, zero at first.</summary>
    /// <exception cref="GraphException">SGC1006: malformed or taken name.</exception>
    public Value State(string name, Value parameter, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Declare(NameFor(name, parameter), parameter.Type, Initializer.Zeros, null, new(file, line));

    /// <summary>State of any type, which the parameters share.</summary>
    /// <param name="name">Unique within the scope.</param>
    /// <param name="type">Element type and shape.</param>
    /// <param name="initializer">Its first elements; zeros when null.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1006: malformed or taken name.</exception>
    public Value State(string name, TensorType type, Initializer? initializer = null,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Declare(name, type, initializer ?? Initializer.Zeros, null, new(file, line));

    /// <summary>State for one parameter that starts with the parameter's own first elements.</summary>
    /// <exception cref="GraphException">SGC1006: malformed or taken name.</exception>
    public Value CopyOf(string name, Value parameter, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var full = NameFor(name, parameter);
        var origin = _context.VariableOf(parameter);
        return Declare(full, parameter.Type, origin.Initializer, origin.Stream, new(file, line));
    }

    /// <summary>Says what a state is after this step.</summary>
    /// <exception cref="GraphException">SGC1013: no state of this scope, or one that has been assigned already. SGC1001, SGC1002,
    /// SGC1008: the new value is of another type or step.</exception>
    public void Assign(Value state, Value next, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(next);
        var location = new Location(file, line);
        if (_states.All(s => s.Parameter != state) || state == _step?.Parameter)
            throw new GraphException(DiagnosticCode.BadAssignment,
                $"{RuleName}: {state} is no state of \"{Name}\"; declare what a rule keeps with State", location);
        CheckReplacement(state, next, location);
        if (!_next.TryAdd(state, next))
            throw new GraphException(DiagnosticCode.BadAssignment, $"{RuleName}: {state} is assigned twice", location);
    }

    private string RuleName => _rule.GetType().Name;

    /// <summary>The seed of the model.</summary>
    internal ulong Seed => _context.Seed;

    /// <summary>A scope for a rule within this rule.</summary>
    /// <param name="name">Unique within this scope.</param>
    /// <param name="rule">The inner rule.</param>
    /// <param name="parameters">Those of this scope that it updates.</param>
    /// <param name="isDue">Whether the inner rule's state changes in this step, bool[]; it always does when null.</param>
    internal UpdateScope Nest(string name, Optimizer rule, IReadOnlyList<Value> parameters, Value? isDue = null)
    {
        var scope = new UpdateScope(this, name, rule, parameters, isDue);
        _nested.Add(scope);
        return scope;
    }

    /// <summary>A state for one parameter of another type or with other first elements than <see cref="State(string, Value, string, int)"/>
    /// gives.</summary>
    internal Value State(string name, Value parameter, TensorType type, Initializer? initializer = null) =>
        Declare(NameFor(name, parameter), type, initializer ?? Initializer.Zeros, null, _context.Location);

    /// <summary>A stream of random numbers that nothing else in the optimizer draws from.</summary>
    internal uint NextStream() => _context.Streams++;

    /// <summary>An error at the line of <c>Minimize</c>.</summary>
    internal GraphException Error(DiagnosticCode code, string what) => new(code, what, _context.Location);

    /// <summary>Notes the state that averages a parameter over time.</summary>
    internal void Averages(Value parameter, Value average) => _context.Averages[parameter.Name!] = average.Name!;

    /// <summary>What has been declared, in order.</summary>
    internal IEnumerable<StateVariable> Declared => _states.Select(s => s.Variable).Concat(_nested.SelectMany(n => n.Declared));

    /// <summary>What replaces each state, in the order of declaration; the count of steps comes last.</summary>
    /// <exception cref="GraphException">SGC1013: a state that nothing replaces.</exception>
    internal IEnumerable<(Value State, Value Next)> Assignments()
    {
        foreach (var (state, variable) in _states.Where(s => s.Parameter != _step?.Parameter && !_context.Rates.Contains(s.Variable.Name)))
            yield return _next.TryGetValue(state, out var next) ? (state, IfDue(next, state))
                : throw new GraphException(DiagnosticCode.BadAssignment,
                    $"{RuleName}: the state \"{variable.Name}\" is declared and never assigned, so it would stay as it is",
                    _context.Location);
        foreach (var nested in _nested)
            foreach (var (state, next) in nested.Assignments()) yield return (state, IfDue(next, state));
        if (_step is { } step) yield return (step.Parameter, IfDue(step.Next, step.Parameter));
    }

    /// <summary>A rule of the user's own is no argument: what is wrong with its results is an error of the model.</summary>
    internal T Given<T>([NotNull] T? result, string what) where T : class => result
        ?? throw new GraphException(DiagnosticCode.BadArgument, $"{what} of {RuleName} gives null", _context.Location);

    /// <summary>What a rule makes of the parameters or gradients: one for each, of its type.</summary>
    internal Value[] Given(IReadOnlyList<Value>? results, Value[] parameters, object rule)
    {
        var name = rule.GetType().Name;
        if (Given(results, name).Count != parameters.Length)
            throw new GraphException(DiagnosticCode.OperandCount, $"{name} gives {results.Count} values for {parameters.Length} parameters",
                _context.Location);
        for (var i = 0; i < parameters.Length; i++)
        {
            Given(results[i], $"{name} for {parameters[i]}");
            CheckReplacement(parameters[i], results[i], _context.Location, name);
        }
        return [.. results];
    }

    private Value IfDue(Value next, Value state) => _isDue is { } isDue ? isDue.Select(next, state) : next;

    private void CheckReplacement(Value declared, Value given, Location location, string? rule = null)
    {
        if (given.Builder != _context.Builder)
            throw new GraphException(DiagnosticCode.ForeignValue,
                $"{rule ?? RuleName}: what replaces {declared} belongs to \"{given.Builder.Name}\"", location);
        TypeCheck.Replacement(rule ?? RuleName, declared, given, location);
    }

    // Declared by the outermost scope, so that all rules of a step share what has one name.
    private Value Settable(string name, double initial)
    {
        if (_outer is not null) return _outer.Settable(name, initial);
        var (full, first) = ($"{Name}/{name}", Initializer.FromArray([initial]));
        if (!_context.Rates.Add(full))
        {
            var (parameter, variable) = _states.First(s => s.Variable.Name == full);
            return variable.InitialBytes(0).AsSpan().SequenceEqual(BitConverter.GetBytes(initial)) ? parameter
                : throw Error(DiagnosticCode.BadName, $"two settable numbers are named \"{name}\" and differ at first; give them names");
        }
        return Declare(name, DType.F64.Scalar, first, null, _context.Location);
    }

    private Value Declare(string name, TensorType type, Initializer initializer, string? stream, Location location)
    {
        ArgumentNullException.ThrowIfNull(type);
        var full = $"{Name}/{name}";
        if (_states.Any(s => s.Variable.Name == full))
            throw new GraphException(DiagnosticCode.BadName, $"{RuleName}: the state \"{full}\" is declared twice", location);
        var state = _context.Builder.Parameter(full, type, location);
        _states.Add((state, new(full, type, VariableRole.Optimizer, initializer, stream ?? full)));
        return state;
    }

    private string NameFor(string name, Value parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return Parameters.Contains(parameter) ? $"{name}/{parameter.Name}" : throw new GraphException(DiagnosticCode.BadAssignment,
            $"{RuleName}: {parameter} is no parameter that the step updates, so it has no state", _context.Location);
    }
}
