using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Numerics;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>A compiled training step with the model's variables. For one thread at a time: a second one gets SGC5005.</summary>
/// <remarks>Spans of variables and metrics keep their memory alive, also when the step is disposed or collected.</remarks>
public sealed class TrainingStep : CompiledFunction
{
    private readonly TrainingPlan _plan;
    private readonly bool _isDoubleLoss;
    private long _runs; // Where numbers are checked.
    private Dictionary<string, byte[]>? _bad; // Inputs of a run whose numbers were not finite.

    internal TrainingStep(TrainingPlan plan, CompileOptions options, VariableStore? store) : base(plan, options, store)
    {
        _plan = plan;
        _isDoubleLoss = Executable.Layout.Buffers.Single(b => b.Name == TrainingPlan.LossName).Type == ElementType.F64;
        if (plan.Unguarded is not null) Executable.Ran = KeepBadInputs;
    }

    /// <summary>The loss of the last step, before its update; an f64 loss is rounded.</summary>
    /// <remarks>Of the last step of whichever thread, if threads take turns.</remarks>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5003: the loss is neither f32 nor f64. SGC5005: run by another
    /// thread.</exception>
    public float Loss
    {
        get
        {
            using var entry = Executable.Enter();
            return _isDoubleLoss
                ? (float)entry.Read<double>(TrainingPlan.LossName)[0]
                : entry.Read<float>(TrainingPlan.LossName)[0];
        }
    }

    /// <summary>The loss of the last step as it was computed: f32 is float, f64 double.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5003: the loss is of another type. SGC5005: run by another
    /// thread.</exception>
    public T LossAs<T>() where T : unmanaged => Metric<T>(TrainingPlan.LossName)[0];

    /// <summary>What the last step did, variable by variable: of a plan <see cref="TrainingPlan.WithInsight"/>; zeros before the
    /// first.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5004: the plan is without insight. SGC5005: run by another
    /// thread.</exception>
    public StepInsight Insight
    {
        get
        {
            if (_plan.Observed.IsEmpty)
                throw new RuntimeException(RuntimeCode.UnknownArgument, "this step has no insight; compile plan.WithInsight()");
            using var entry = Executable.Enter();
            return StepInsight.Of(_plan.Observed, entry.Read<double>(StepInsight.OutputName));
        }
    }

    /// <summary>Whether it has <see cref="Insight"/>.</summary>
    internal bool HasInsight => !_plan.Observed.IsEmpty;

    /// <summary>The rate of the next steps, where the optimizer has one that is settable:
    /// <c>new Adam(Schedule.Settable(1e-3))</c>.</summary>
    /// <remarks>Of several each is a variable: <c>step.Variable&lt;double&gt;("parametergroups/rate")[0]</c>.</remarks>
    /// <exception cref="GraphException">SGC1011: set to a number that is not in [0, ∞).</exception>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5004: no rate is settable, or several are. SGC5005: run by another
    /// thread.</exception>
    public double LearningRate
    {
        get => Variable<double>(NameOfRate())[0];
        set => Variable<double>(NameOfRate())[0] = Optimizers.Argument.NotNegative(value, nameof(LearningRate), Location.Unknown);
    }

    /// <summary>Whether <see cref="LearningRate"/> can be set.</summary>
    internal bool HasLearningRate => _plan.Rates.Count == 1;

    // Inputs are where they were only until the run returns.
    private void KeepBadInputs()
    {
        _runs++;
        if (Executable.BytesOf(NumericsGuard.OutputName)[0] != 0) return;
        _bad = Inputs.Select((name, i) => (name, Bytes: Executable.BytesOfInput(i).ToArray())).ToDictionary(i => i.name, i => i.Bytes);
    }

    // The variables are those that the run found, since it has changed nothing.
    private protected override void ThrowIfNotFinite()
    {
        if (_bad is not { } given) return;
        _bad = null;
        foreach (var state in _plan.States) given[state.Name] = Executable.BytesOf(state.Name).ToArray();
        throw new RuntimeException(RuntimeCode.NotFinite,
            $"{NonFiniteOrigin.Describe(_plan.Unguarded!, Options, given)}\n  in run {_runs} of this step, which changed nothing");
    }

    private string NameOfRate() => _plan.Rates.Count == 1 ? _plan.Rates.First() : throw new RuntimeException(RuntimeCode.UnknownArgument,
        _plan.Rates.Count == 0 ? "no learning rate of this step is settable; declare one: new Adam(Schedule.Settable(1e-3))"
            : $"several rates of this step are settable; set one by its name with Variable<double>: {string.Join(", ", _plan.Rates)}");

    /// <summary>A metric of the last step by its name at <c>Minimize</c>. Changed by this thread's next step.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5003: other element type. SGC5004: unknown name. SGC5005: run by
    /// another thread.</exception>
    public ReadOnlySpan<T> Metric<T>(string name) where T : unmanaged => Output<T>(name);

    /// <summary>Compiles what <paramref name="output"/> needs of the model, sharing the variables of this step.</summary>
    /// <remarks>Its inputs are those that the output depends on: a prediction takes no labels.</remarks>
    /// <param name="output">Of the model.</param>
    /// <param name="averaged">Whether it reads the averages that <see cref="Optimizers.ExponentialMovingAverage"/> keeps, where there is
    /// one of a variable.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1008: the output is of another model, or reads a variable declared after Minimize. SGC1011: the
    /// optimizer keeps no averages.</exception>
    /// <exception cref="RuntimeException">SGC5002: the step is disposed.</exception>
    public Predictor Predictor(Value output, bool averaged = false, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(output);
        var plan = PredictionPlan.Create(_plan, output, new Location(file, line), averaged);
        return new Predictor(plan.Tested(Options), Options, Variables);
    }
}
