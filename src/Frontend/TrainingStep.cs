using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>A compiled training step with the model's variables. For one thread at a time: a second one gets SGC5005.</summary>
/// <remarks>Spans of variables and metrics keep their memory alive, also when the step is disposed or collected.</remarks>
public sealed class TrainingStep : IDisposable
{
    private readonly Executable _executable;
    private readonly StateStore _state = new();
    private readonly TrainingPlan _plan;
    private readonly CompileOptions _options;
    private readonly bool _isDoubleLoss;
    private readonly LoopProgram _program;

    internal TrainingStep(TrainingPlan plan, CompileOptions options)
    {
        (_plan, _options) = (options.Checked && plan.Checking is { } checking ? checking : plan, options);
        var start = Stopwatch.GetTimestamp();
        try
        {
            (_executable, _program) = Compiler.Compile(_plan.Function, _plan.Roles, _plan.Donated, _plan.ResultNames, options, _state);
            CompileTime = Stopwatch.GetElapsedTime(start);
            _isDoubleLoss = _executable.Layout.Buffers.Single(b => b.Name == TrainingPlan.LossName).Type == ElementType.F64;
            foreach (var state in _plan.States.Where(s => s.Initializer != Initializer.Zeros))
                _state.Write(state.Name, state.InitialBytes(_plan.Graph.Seed));
        }
        catch
        {
            _executable?.Dispose();
            _state.Dispose();
            throw;
        }
    }

    /// <summary>Time from the graph to loaded native code.</summary>
    public TimeSpan CompileTime { get; }

    /// <summary>Runs some steps and tells where their time went, kernel by kernel, beside the machine's limits.</summary>
    /// <param name="steps">How many, at least 1; some tens more, or a hundred, are run first and not counted.</param>
    /// <param name="run">One step of this object: <c>() => step.Run(images, labels)</c>.</param>
    /// <remarks>Takes half a second more than the steps, to measure the limits.</remarks>
    /// <exception cref="GraphException">SGC1011: no steps, or an action that does not run this step.</exception>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5005: run by another thread. SGC5009: compiled without
    /// <see cref="CompileOptions.Profile"/>.</exception>
    public StepProfile Profile(int steps, Action run)
    {
        const int WarmUp = 20, MostTrials = 1000;
        ArgumentNullException.ThrowIfNull(run);
        if (steps < 1) throw new GraphException(DiagnosticCode.BadArgument, $"a profile of {steps} steps; at least 1 is needed");
        if (_program.TicksOffset is null)
            throw new RuntimeException(RuntimeCode.NotProfiled,
                "this step counts no times; compile it with new CompileOptions { Profile = true }");
        ClearTicks();
        for (var i = 0; i < WarmUp || (_executable.TriesBoth && i < MostTrials); i++) run();
        _executable.FreezeChoice(true);
        try
        {
            ClearTicks();
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < steps; i++) run();
            var elapsed = Stopwatch.GetElapsedTime(start);
            var ticks = Ticks();
            if (!ticks.AsSpan().ContainsAnyExcept(0))
                throw new GraphException(DiagnosticCode.BadArgument, "the action that is to be profiled does not run this step");
            return StepProfile.Of(_program, ticks, elapsed / steps, _executable.ActiveThreads);
        }
        finally
        {
            _executable.FreezeChoice(false);
        }
    }

    /// <summary>Bytes of scratch memory that a step uses beside inputs, variables and optimizer state.</summary>
    public long ArenaBytes => _executable.Layout.ArenaBytes;

    /// <summary>Of <see cref="ArenaBytes"/> those of values that pass from one kernel to another; the others are scratch.</summary>
    public long ValueBytes => _program.SharedScratch;

    /// <summary>Bytes that the values of <see cref="ValueBytes"/> would take if none shared memory with another.</summary>
    public long KeepAllBytes => _program.KeepAllBytes;

    /// <summary>The loss of the last step, before its update; an f64 loss is rounded.</summary>
    /// <remarks>Of the last step of whichever thread, if threads take turns.</remarks>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5003: the loss is neither f32 nor f64. SGC5005: run by another
    /// thread.</exception>
    public float Loss
    {
        get
        {
            using var entry = _executable.Enter();
            return _isDoubleLoss
                ? (float)entry.Read<double>(TrainingPlan.LossName)[0]
                : entry.Read<float>(TrainingPlan.LossName)[0];
        }
    }

    /// <summary>The loss of the last step as it was computed: f32 is float, f64 double.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5003: the loss is of another type. SGC5005: run by another
    /// thread.</exception>
    public T LossAs<T>() where T : unmanaged => Metric<T>(TrainingPlan.LossName)[0];

    /// <summary>The rate of the next steps, where the optimizer has one that is settable: <c>new Adam(Schedule.Settable(1e-3))</c>.</summary>
    /// <remarks>Of several each is a variable: <c>step.Variable&lt;double&gt;("parametergroups/rate")[0]</c>.</remarks>
    /// <exception cref="GraphException">SGC1011: set to a number that is not in [0, ∞).</exception>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5004: no rate is settable, or several are. SGC5005: run by another
    /// thread.</exception>
    public double LearningRate
    {
        get => Variable<double>(NameOfRate())[0];
        set => Variable<double>(NameOfRate())[0] = Optimizers.Argument.NotNegative(value, nameof(LearningRate), Location.Unknown);
    }

    private string NameOfRate() => _plan.Rates.Count == 1 ? _plan.Rates.First() : throw new RuntimeException(RuntimeCode.UnknownArgument,
        _plan.Rates.Count == 0 ? "no learning rate of this step is settable; declare one: new Adam(Schedule.Settable(1e-3))"
            : $"several rates of this step are settable; set one by its name with Variable<double>: {string.Join(", ", _plan.Rates)}");

    /// <summary>A metric of the last step by its name at <c>Minimize</c>. Changed by this thread's next step.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5003: other element type. SGC5004: unknown name. SGC5005: run by
    /// another thread.</exception>
    public ReadOnlySpan<T> Metric<T>(string name) where T : unmanaged => _executable.Output<T>(name);

    /// <summary>A variable or optimizer state by name, to read or to set between steps.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5003: other element type. SGC5004: unknown name. SGC5005: run by
    /// another thread.</exception>
    public Span<T> Variable<T>(string name) where T : unmanaged => _executable.State<T>(name);

    /// <summary>One step of a model without inputs. Nothing is allocated.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5005: run by another thread. SGC5007: the model has inputs.</exception>
    public void Run()
    {
        using var entry = _executable.Enter();
        entry.Run();
        CheckInputs(entry);
    }

    /// <summary>One step on inputs in the order of their declaration. Nothing is copied or allocated.</summary>
    /// <exception cref="RuntimeException">SGC5001: wrong length. SGC5002: disposed. SGC5003: wrong element type. SGC5005: run by
    /// another thread. SGC5007: wrong number. SGC5008: an input that a loss cannot use, in a step compiled with
    /// <see cref="CompileOptions.Checked"/>.</exception>
    public void Run<T0>(ReadOnlySpan<T0> input0) where T0 : unmanaged
    {
        using var entry = _executable.Enter();
        entry.Run(input0);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1) where T0 : unmanaged where T1 : unmanaged
    {
        using var entry = _executable.Enter();
        entry.Run(input0, input1);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged
    {
        using var entry = _executable.Enter();
        entry.Run(input0, input1, input2);
        CheckInputs(entry);
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2, T3>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2, ReadOnlySpan<T3> input3)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged
    {
        using var entry = _executable.Enter();
        entry.Run(input0, input1, input2, input3);
        CheckInputs(entry);
    }

    /// <summary>One step on any number of inputs, given as bytes.</summary>
    /// <exception cref="RuntimeException">SGC5001: wrong length. SGC5002: disposed. SGC5005: run by another thread. SGC5007: wrong
    /// number.</exception>
    public void Run(ReadOnlySpan<ReadOnlyMemory<byte>> inputs)
    {
        using var entry = _executable.Enter();
        entry.Run(inputs);
        CheckInputs(entry);
    }

    /// <summary>Compiles what <paramref name="output"/> needs of the model, sharing the variables of this step.</summary>
    /// <remarks>Its inputs are those that the output depends on: a prediction takes no labels.</remarks>
    /// <param name="output">Of the model.</param>
    /// <param name="averaged">Whether it reads the averages that <see cref="Optimizers.ExponentialMovingAverage"/> keeps, where there is one
    /// of a variable.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1008: the output is of another model, or reads a variable declared after Minimize. SGC1011: the
    /// optimizer keeps no averages.</exception>
    /// <exception cref="RuntimeException">SGC5002: the step is disposed.</exception>
    public Predictor Predictor(Value output, bool averaged = false, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(output);
        return new Predictor(PredictionPlan.Create(_plan, output, new Location(file, line), averaged), _options, _state);
    }

    /// <summary>Frees the code and, once no predictor and no span uses it, the memory.</summary>
    public void Dispose()
    {
        _executable.Dispose();
        _state.Dispose();
    }

    private void ClearTicks()
    {
        using var entry = _executable.Enter();
        Ticks(entry).Clear();
    }

    private long[] Ticks()
    {
        using var entry = _executable.Enter();
        return Ticks(entry).ToArray();
    }

    // Of each call; only in a step that counts them.
    private Span<long> Ticks(Executable.Entry entry) => entry.Arena<long>(_program.TicksOffset!.Value, _program.Calls.Length);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CheckInputs(Executable.Entry entry)
    {
        if (_plan.Checks.Length > 0) ThrowOnBadInput(entry);
    }

    private void ThrowOnBadInput(Executable.Entry entry)
    {
        for (var i = 0; i < _plan.Checks.Length; i++)
        {
            var (isGood, shown) = TrainingPlan.NamesOfCheck(i);
            var at = entry.Read<bool>(isGood).IndexOf(false);
            if (at < 0) continue;
            var (check, value) = (_plan.Checks[i], entry.Read<long>(shown)[at]);
            throw new RuntimeException(RuntimeCode.BadInput,
                $"{check.Location}: {string.Format(CultureInfo.InvariantCulture, check.What, value)} (example {at} of the batch)");
        }
    }
}
