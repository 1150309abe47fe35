using System.Reflection;
using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>One declaration for batches of any size: a function is compiled for a size when that is first asked for, and all of them share
/// one store of variables (docs/adr/0022).</summary>
/// <remarks>
/// A size costs one compilation, tens of milliseconds for a small model, and a few once the object cache (<c>GRAPHCOMPILER_CACHE</c>) has
/// it. A mean in the declaration is a mean over the rows that are there. May be asked by several threads; what it gives is for one thread
/// at a time, as every compiled function.
/// <code>
/// using var steps = Specializations.ByRows(rows =>
/// {
///     var g = new GraphBuilder("digits", seed: 1);
///     var (x, labels) = (g.Input("images", F32[rows, 64]), g.Input("labels", I32[rows]));
///     return g.Minimize(x.Dense(10).SoftmaxCrossEntropy(labels).Mean(), new Adam(1e-3));
/// });
/// steps[labels.Length].Run(images, labels);
/// </code>
/// </remarks>
/// <typeparam name="TFunction">What is compiled.</typeparam>
public sealed class Specializations<TFunction> : IDisposable where TFunction : CompiledFunction
{
    private readonly Lock _lock = new();
    private readonly Func<int, Plan> _declare;
    private readonly Func<Plan, VariableStore, TFunction> _compile;
    private readonly int _most;
    private readonly List<(int Rows, TFunction Function)> _functions = []; // The one asked for last comes first.
    private (int Rows, Plan Plan)? _first;
    private bool _isDisposed;

    internal Specializations(Func<int, Plan> declare, Func<Plan, VariableStore, TFunction> compile, VariableStore? store, int most)
    {
        if (most < 1)
            throw new GraphException(DiagnosticCode.BadArgument, $"{most} functions are to be kept; at least 1 is needed");
        (_declare, _compile, Variables, _most) = (declare, compile, store ?? new VariableStore(), most);
    }

    /// <summary>Where the variables of all sizes live. It stays as it is when this object is disposed.</summary>
    public VariableStore Variables { get; }

    /// <summary>The numbers of rows that there are functions for, the one asked for last first.</summary>
    public IReadOnlyList<int> Compiled
    {
        get
        {
            lock (_lock) return [.. _functions.Select(f => f.Rows)];
        }
    }

    /// <summary>The function for batches of some rows; compiled if there is none. Of more than <c>most</c> the one that was not asked for
    /// the longest is disposed: who kept it gets SGC5002, so ask for each batch.</summary>
    /// <param name="rows">At least 1.</param>
    /// <exception cref="GraphException">SGC1011: no rows. What the declaration and compilation throw.</exception>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5006: the variables of this declaration are not those of the
    /// first.</exception>
    public TFunction this[int rows]
    {
        get
        {
            lock (_lock)
            {
                if (_isDisposed) throw new RuntimeException(RuntimeCode.Disposed, "a function of some rows is asked for after Dispose");
                if (_functions.Count > 0 && _functions[0].Rows == rows) return _functions[0].Function;
                var at = _functions.FindIndex(f => f.Rows == rows);
                (int Rows, TFunction Function) found = at < 0 ? (rows, Compile(rows)) : _functions[at];
                if (at >= 0) _functions.RemoveAt(at);
                _functions.Insert(0, found);
                if (_functions.Count > _most)
                {
                    _functions[^1].Function.Dispose();
                    _functions.RemoveAt(_most);
                }
                return found.Function;
            }
        }
    }

    /// <summary>Frees the code of all sizes. Can be called twice.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            foreach (var (_, function) in _functions) function.Dispose();
            _functions.Clear();
        }
    }

    private TFunction Compile(int rows)
    {
        if (rows < 1)
            throw new GraphException(DiagnosticCode.BadArgument, $"a batch of {rows} rows; at least 1 is needed. Skip an empty batch.");
        var plan = _declare(rows) ?? throw new ArgumentException("the declaration gives null", nameof(rows));
        if (_first is { } first) Specializations.CheckStates(first.Rows, first.Plan, rows, plan);
        var function = _compile(plan, Variables);
        _first ??= (rows, plan);
        return function;
    }
}

/// <summary>Makes <see cref="Specializations{TFunction}"/>.</summary>
public static class Specializations
{
    /// <summary>Functions that are kept where nothing else is said: a full batch, the remainder, those of evaluation, some more.</summary>
    public const int DefaultMost = 8;

    /// <summary>Training steps for batches of any number of rows.</summary>
    /// <param name="declare">Declares the model for a number of rows, with a builder of its own: the same variables for every number.
    /// Called once for each that is compiled.</param>
    /// <param name="options">How to compile; the defaults when null.</param>
    /// <param name="store">Where the variables live; one of its own when null.</param>
    /// <param name="most">Functions that are kept, at least 1.</param>
    /// <exception cref="GraphException">SGC1011: none are to be kept.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Specializations<TrainingStep> ByRows(Func<int, TrainingPlan> declare, CompileOptions? options = null,
        VariableStore? store = null, int most = DefaultMost)
    {
        ArgumentNullException.ThrowIfNull(declare);
        var chosen = CompileOptions.For(options, CompileOptions.IsCallerKnown ? Assembly.GetCallingAssembly() : null);
        return new(declare, (plan, variables) => ((TrainingPlan)plan).Compile(chosen, variables), store, most);
    }

    /// <summary>Functions, as predictions and evaluations, for batches of any number of rows.</summary>
    /// <inheritdoc cref="ByRows(Func{int, TrainingPlan}, CompileOptions?, VariableStore?, int)"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Specializations<CompiledFunction> ByRows(Func<int, FunctionPlan> declare, CompileOptions? options = null,
        VariableStore? store = null, int most = DefaultMost)
    {
        ArgumentNullException.ThrowIfNull(declare);
        var chosen = CompileOptions.For(options, CompileOptions.IsCallerKnown ? Assembly.GetCallingAssembly() : null);
        return new(declare, (plan, variables) => ((FunctionPlan)plan).Compile(chosen, variables), store, most);
    }

    /// <summary>Refuses variables that depend on the number of rows: one that one size alone has would be trained by its batches only, and
    /// saved or not as they came.</summary>
    /// <exception cref="RuntimeException">SGC5006.</exception>
    internal static void CheckStates(int firstRows, Plan first, int rows, Plan plan)
    {
        var (before, now) = (TypesOf(first), TypesOf(plan));
        string Shown(string name, Dictionary<string, TensorType> types) =>
            types.GetValueOrDefault(name) is { } type ? type.ToString()! : "missing";
        foreach (var name in before.Keys.Union(now.Keys))
            if (before.GetValueOrDefault(name) != now.GetValueOrDefault(name))
                throw new RuntimeException(RuntimeCode.InconsistentLayout, $"variable '{name}' is {Shown(name, before)} in the declaration"
                    + $" for {firstRows} rows and {Shown(name, now)} in that for {rows}; no variable may depend on the number of rows");
    }

    private static Dictionary<string, TensorType> TypesOf(Plan plan) => plan.States.ToDictionary(s => s.Name, s => s.Type);
}
