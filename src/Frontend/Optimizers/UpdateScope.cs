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
    private readonly FunctionBuilder _builder;
    private readonly string _rule;
    private readonly Location _location;
    private readonly Func<Value, StateVariable> _variableOf;
    private readonly List<(Value Parameter, StateVariable Variable)> _states = [];
    private readonly Dictionary<Value, Value> _next = [];
    private (Value Parameter, Value Next)? _step;

    internal UpdateScope(FunctionBuilder builder, string name, string rule, Location location, Value[] parameters,
        Func<Value, StateVariable> variableOf) =>
        (_builder, Name, _rule, _location, Parameters, _variableOf) = (builder, name, rule, location, parameters, variableOf);

    /// <summary>The prefix of the names of what is declared here.</summary>
    public string Name { get; }

    /// <summary>All parameters that the step updates.</summary>
    public IReadOnlyList<Value> Parameters { get; }

    /// <summary>f64 if a parameter is, else f32: what numbers that all parameters share are computed in.</summary>
    public DType WidestType => Parameters.Any(p => p.DType == DType.F64) ? DType.F64 : DType.F32;

    /// <summary>The number of the step that is carried out, i64[], from 1 on: state that is declared at first use.</summary>
    public Value Step
    {
        get
        {
            if (_step is null)
            {
                var counter = Declare("step", DType.I64.Scalar, Initializer.Zeros, null, _location);
                _step = (counter, counter + 1);
            }
            return _step.Value.Next;
        }
    }

    /// <summary>State for one parameter: of its type, zero at first.</summary>
    /// <exception cref="GraphException">SGC1006: malformed or taken name.</exception>
    public Value State(string name, Value parameter, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Declare($"{name}/{NameOf(parameter)}", parameter.Type, Initializer.Zeros, null, new(file, line));

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
        var full = $"{name}/{NameOf(parameter)}";
        var origin = _variableOf(parameter);
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
                $"{_rule}: {state} is no state of \"{Name}\"; declare what a rule keeps with State", location);
        CheckReplacement(state, next, location);
        if (!_next.TryAdd(state, next))
            throw new GraphException(DiagnosticCode.BadAssignment, $"{_rule}: {state} is assigned twice", location);
    }

    /// <summary>What has been declared, in order.</summary>
    internal IEnumerable<StateVariable> Declared => _states.Select(s => s.Variable);

    /// <summary>What replaces each state, in the order of declaration; the count of steps comes last.</summary>
    /// <exception cref="GraphException">SGC1013: a state that nothing replaces.</exception>
    internal IEnumerable<(Value State, Value Next)> Assignments()
    {
        foreach (var (state, variable) in _states.Where(s => s.Parameter != _step?.Parameter))
            yield return _next.TryGetValue(state, out var next) ? (state, next) : throw new GraphException(DiagnosticCode.BadAssignment,
                $"{_rule}: the state \"{variable.Name}\" is declared and never assigned, so it would stay as it is", _location);
        if (_step is { } step) yield return step;
    }

    /// <summary>A rule of the user's own is no argument: what is wrong with its results is an error of the model.</summary>
    internal T Given<T>([NotNull] T? result, string what) where T : class => result
        ?? throw new GraphException(DiagnosticCode.BadArgument, $"{what} of {_rule} gives null", _location);

    /// <summary>What a rule makes of the parameters or gradients: one for each, of its type.</summary>
    internal Value[] Given(IReadOnlyList<Value>? results, Value[] parameters, object rule)
    {
        var name = rule.GetType().Name;
        if (Given(results, name).Count != parameters.Length)
            throw new GraphException(DiagnosticCode.OperandCount, $"{name} gives {results.Count} values for {parameters.Length} parameters",
                _location);
        for (var i = 0; i < parameters.Length; i++)
        {
            Given(results[i], $"{name} for {parameters[i]}");
            CheckReplacement(parameters[i], results[i], _location, name);
        }
        return [.. results];
    }

    private void CheckReplacement(Value declared, Value given, Location location, string? rule = null)
    {
        if (given.Builder != _builder)
            throw new GraphException(DiagnosticCode.ForeignValue,
                $"{rule ?? _rule}: what replaces {declared} belongs to \"{given.Builder.Name}\"", location);
        TypeCheck.Replacement(rule ?? _rule, declared, given, location);
    }

    private Value Declare(string name, TensorType type, Initializer initializer, string? stream, Location location)
    {
        ArgumentNullException.ThrowIfNull(type);
        var full = $"{Name}/{name}";
        if (_states.Any(s => s.Variable.Name == full))
            throw new GraphException(DiagnosticCode.BadName, $"{_rule}: the state \"{full}\" is declared twice", location);
        var state = _builder.Parameter(full, type, location);
        _states.Add((state, new(full, type, VariableRole.Optimizer, initializer, stream ?? full)));
        return state;
    }

    private string NameOf(Value parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return Parameters.Contains(parameter) ? parameter.Name! : throw new GraphException(DiagnosticCode.BadAssignment,
            $"{_rule}: {parameter} is no parameter that the step updates, so it has no state", _location);
    }
}
