using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.Frontend.Layers;

/// <summary>A part of a model with variables of its own: declared when it is first applied, and shared by every later
/// application.</summary>
/// <remarks>It belongs to the graph of that first value. A layer of one's own overrides <see cref="Build"/> and
/// <see cref="Forward"/>.</remarks>
public abstract class Layer
{
    private readonly string? _givenName;
    private readonly List<Value> _variables = [];
    private readonly List<Layer> _parts = [];
    private GraphBuilder? _graph;
    private string? _name;
    private string _scope = "";

    /// <summary>A layer that is not applied yet.</summary>
    /// <param name="name">Prefix of its variables, <c>name/kernel</c>; when null it is that of <see cref="Kind"/>, with a number where
    /// that is taken: <c>dense</c>, <c>dense_1</c>.</param>
    /// <param name="trainable">Whether an optimizer changes its variables.</param>
    protected Layer(string? name, bool trainable) => (_givenName, IsTrainable) = (name, trainable);

    /// <summary>What an unnamed layer of this sort is called, such as <c>dense</c>.</summary>
    protected abstract string Kind { get; }

    /// <summary>Whether an optimizer changes its variables.</summary>
    public bool IsTrainable { get; }

    /// <summary>Prefix of its variables, with the scopes that it was first applied in. Before that the name that was given, or else
    /// <see cref="Kind"/>.</summary>
    public string Name => _name ?? _givenName ?? Kind;

    /// <summary>Its variables in the order of declaration, and then those of the layers that it is made of; none before the first
    /// application.</summary>
    public IReadOnlyList<Value> Variables => _parts.Count == 0 ? _variables : [.. _variables, .. _parts.SelectMany(p => p.Variables)];

    /// <summary>Whether <see cref="Build"/> has declared its variables.</summary>
    private protected bool IsBuilt { get; private set; }

    /// <summary>The layer's result for <paramref name="x"/>. The first call declares the variables, for values of x's type.</summary>
    /// <exception cref="GraphException">SGC1008: x is not of a <see cref="GraphBuilder"/>, or not of the one that the layer was first
    /// applied in. SGC1006: the name is malformed or taken. SGC1001, SGC1002, SGC1003: x is not what the layer takes, or not what it was
    /// built for.</exception>
    public Value Apply(Value x, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(x);
        var location = x.Builder.Pinned ?? new Location(file, line);
        if (x.Builder is not GraphBuilder graph)
            throw Error(DiagnosticCode.ForeignValue, $"{x} is not of a GraphBuilder, so it can have no variables", location);
        if (_graph is not null && _graph != graph)
            throw Error(DiagnosticCode.ForeignValue, $"its variables belong to \"{_graph.Name}\", {x} to \"{graph.Name}\"", location);
        return x.Compose(location, () =>
        {
            var isFirst = _graph is null;
            try
            {
                if (isFirst) (_graph, _scope, _name) = (graph, graph.Path, graph.Path + (_givenName ?? FreeName(graph)));
                using var scope = graph.Open($"{_name}/"); // What a layer is made of has names within its own.
                Check(x, location);
                if (isFirst) Build(x.Type);
                IsBuilt = true;
                return Forward(x);
            }
            catch when (isFirst)
            {
                // Compose takes the variables back; the next application declares them anew.
                (_graph, _scope, _name, IsBuilt) = (null, "", null, false);
                _variables.Clear();
                _parts.Clear();
                throw;
            }
        });
    }

    /// <summary>Refuses a value that the layer does not take, or that its variables do not fit.</summary>
    protected abstract void Check(Value x, Location location);

    /// <summary>Declares the variables for values of this type, by <see cref="Variable"/>.</summary>
    protected abstract void Build(TensorType input);

    /// <summary>The result for <paramref name="x"/>, which <see cref="Check"/> took.</summary>
    protected abstract Value Forward(Value x);

    /// <summary>Declares <c>name/<paramref name="name"/></c>; for <see cref="Build"/> alone.</summary>
    /// <exception cref="GraphException">As <see cref="GraphBuilder.Variable"/>; SGC1008: the layer is not being built.</exception>
    protected Value Variable(string name, TensorType type, Initializer initializer) => Declare(name, type, initializer, IsTrainable);

    /// <summary>Says that the layer is made of another, whose variables are among its own; for <see cref="Build"/> alone. Named
    /// <c>kernel</c>, the part's variables are within <c>name/kernel/</c>.</summary>
    /// <exception cref="GraphException">SGC1008: the layer is not being built.</exception>
    /// <returns>The part, which <see cref="Forward"/> applies.</returns>
    protected TLayer Part<TLayer>(TLayer part) where TLayer : Layer
    {
        ArgumentNullException.ThrowIfNull(part);
        if (_graph is null) throw Error(DiagnosticCode.ForeignValue, "parts are declared as the layer is applied", default);
        _parts.Add(part);
        return part;
    }

    /// <summary>Declares <c>name/<paramref name="name"/></c>, which no optimizer changes; for <see cref="Build"/> alone.</summary>
    /// <exception cref="GraphException">As <see cref="Variable"/>.</exception>
    protected Value State(string name, TensorType type, Initializer initializer) => Declare(name, type, initializer, trainable: false);

    /// <summary>Says what a <see cref="State"/> is at the end of a training step, for <see cref="Forward"/> alone: of what it would be
    /// without this application, so that a layer that is applied twice updates it twice.</summary>
    /// <exception cref="GraphException">As <see cref="GraphBuilder.Assign(Value, Value, string, int)"/>; SGC1008: the layer is not being
    /// applied.</exception>
    /// <returns>What it is then.</returns>
    protected Value Update(Value state, Func<Value, Value> next)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(next);
        var graph = _graph ?? throw Error(DiagnosticCode.ForeignValue, "state is updated as the layer is applied", default);
        return graph.Update(state, next, state.Location);
    }

    private Value Declare(string name, TensorType type, Initializer initializer, bool trainable)
    {
        var graph = _graph ?? throw Error(DiagnosticCode.ForeignValue, "variables are declared as the layer is applied", default);
        var variable = graph.Declare(_scope, $"{_name}/{name}", type, initializer, trainable, default);
        _variables.Add(variable);
        return variable;
    }

    /// <summary>The variable of an applied layer.</summary>
    /// <exception cref="GraphException">SGC1008: it is null, since the layer has not been applied.</exception>
    private protected Value Applied(Value? variable) => variable is not null && _graph is not null ? variable
        : throw Error(DiagnosticCode.ForeignValue, "its variables are declared when it is first applied; call Apply before", default);

    /// <summary>Refuses a rate of dropout that is not in 0..1.</summary>
    private protected void CheckRate(double rate, Location location)
    {
        if (!(rate >= 0 && rate <= 1)) throw Error(DiagnosticCode.BadArgument, $"the dropout rate is {rate}; it must be 0 to 1", location);
    }

    /// <summary>An error that names the layer.</summary>
    protected GraphException Error(DiagnosticCode code, string message, Location location) =>
        new(code, $"{GetType().Name} \"{Name}\": {message}", location);

    private string FreeName(GraphBuilder graph)
    {
        var free = Kind;
        for (var i = 1; !graph.IsFree(free); i++) free = $"{Kind}_{i}";
        return free;
    }
}
