using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.Frontend;

/// <summary>A trainable or frozen tensor of a model.</summary>
/// <param name="Value">Its symbol.</param>
/// <param name="Initializer">Its first elements.</param>
/// <param name="IsTrainable">Whether an optimizer changes it.</param>
public sealed record ModelParameter(Value Value, Initializer Initializer, bool IsTrainable)
{
    /// <summary>The elements that training starts from, row-major.</summary>
    /// <param name="seed">The model's, <see cref="GraphBuilder.Seed"/>.</param>
    public float[] InitialElements(ulong seed) => Initializer.Create(Value.Shape, seed, Value.Name!);

    /// <summary>The same elements as they are in memory: each rounded once to the tensor's type, little endian.</summary>
    /// <param name="seed">The model's, <see cref="GraphBuilder.Seed"/>.</param>
    /// <exception cref="GraphException">SGC1001, SGC1005: a fraction or a number out of range, and the type holds integers.</exception>
    public byte[] InitialBytes(ulong seed)
    {
        var elements = InitialElements(seed);
        return Value.DType == DType.F32
            ? MemoryMarshal.AsBytes(elements.AsSpan()).ToArray()
            : new Literal(Value.Type, [.. elements.Select(e => (Scalar)e)]).ToBytes();
    }
}

/// <summary>Declares a model: inputs, parameters and what is computed from them.</summary>
/// <param name="name">The model's name: letters, digits, '_', '.', '/'.</param>
/// <param name="seed">Decides the initial parameters, together with their names.</param>
public sealed class GraphBuilder(string name, ulong seed = 0) : FunctionBuilder(name)
{
    private readonly List<ModelParameter> _parameters = [];
    private readonly List<RuntimeCheck> _checks = [];
    private RandomState? _random;

    /// <summary>Decides the initial parameters.</summary>
    public ulong Seed { get; } = seed;
    /// <summary>Parameters in the order of declaration.</summary>
    public IReadOnlyList<ModelParameter> ModelParameters => _parameters;
    /// <summary>Inputs in the order of declaration, which is the order of arguments of a step.</summary>
    public IEnumerable<Value> Inputs => Parameters.Where(p => _parameters.All(m => m.Value != p));

    /// <summary>Conditions that a checked step tests.</summary>
    internal IReadOnlyList<RuntimeCheck> Checks => _checks;

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
        _checks.RemoveAll(c => c.Guarded.Id >= firstId);
    }

    /// <summary>Declares what each step is given.</summary>
    /// <exception cref="GraphException">SGC1006: malformed or taken name.</exception>
    public Value Input(string name, TensorType type, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Parameter(name, type, new Location(file, line));

    /// <summary>Declares a tensor that training changes, or a frozen one that it does not.</summary>
    /// <exception cref="GraphException">SGC1006: malformed or taken name. SGC1001: trainable but not floating point, or fractions for
    /// integers. SGC1005: a number outside of the integers' range.</exception>
    public Value Variable(string name, TensorType type, Initializer initializer, bool trainable = true,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(initializer);
        var location = Pinned ?? new Location(file, line);
        if (trainable && !type.DType.IsFloating)
            throw new GraphException(DiagnosticCode.DTypeMismatch, $"variable \"{name}\" is {type}: only floating point can be trained",
                location);
        // Integers are filled with one number, so its first element tells for all.
        if (!type.DType.IsFloating && Literal.Refusal(type.DType, initializer.Create(Shape.Scalar, Seed, name)[0], location) is { } refusal)
            throw new GraphException(refusal);
        var value = Parameter(name, type, location);
        _parameters.Add(new(value, initializer, trainable));
        return value;
    }

    /// <summary>A training step that makes <paramref name="loss"/> smaller.</summary>
    /// <param name="loss">A floating-point scalar of this builder.</param>
    /// <param name="optimizer">How the variables move.</param>
    /// <param name="metrics">Further values that each step reports, by name, as parameters are named; "loss" is taken.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1010: loss is not a floating-point scalar, or depends on no trainable variable.
    /// SGC1008: a value of another builder. SGC1006: a metric's name is malformed or taken. SGC1009, SGC1011: the optimizer gives less than
    /// it declared.</exception>
    public TrainingPlan Minimize(Value loss, Optimizer optimizer, IReadOnlyDictionary<string, Value>? metrics = null,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentNullException.ThrowIfNull(optimizer);
        var location = new Location(file, line);
        foreach (var (name, value) in (metrics ?? new Dictionary<string, Value>()).Prepend(new(TrainingPlan.LossName, loss)))
        {
            ArgumentNullException.ThrowIfNull(value, nameof(metrics));
            if (value.Builder != this)
                throw new GraphException(DiagnosticCode.ForeignValue, $"\"{name}\" belongs to \"{value.Builder.Name}\", not to \"{Name}\"",
                    location);
        }
        foreach (var name in metrics?.Keys ?? [])
            if (CheckName(name, location) == TrainingPlan.LossName || Parameters.Any(p => p.Name == name))
                throw new GraphException(DiagnosticCode.BadName, $"a metric cannot be named \"{name}\": the name is already taken",
                    location);
        if (loss.Rank != 0 || !loss.DType.IsFloating)
            throw new GraphException(DiagnosticCode.NotDifferentiable,
                $"the loss must be a floating-point scalar, got {loss.Type}; take its Mean() or Sum()", location);
        return TrainingPlan.Create(this, loss, metrics, optimizer, location);
    }
}
