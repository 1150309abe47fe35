using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>A compiled training step with the model's variables. For one thread at a time.</summary>
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
            foreach (var variable in _plan.Graph.ModelParameters.Where(p => Declares(p.Value)))
                _state.Write(variable.Value.Name!, variable.InitialBytes(_plan.Graph.Seed));
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
    /// <exception cref="InvalidOperationException">The step was compiled without <see cref="CompileOptions.Profile"/>.</exception>
    /// <exception cref="RuntimeException">SGC5002: disposed.</exception>
    public StepProfile Profile(int steps, Action run)
    {
        const int WarmUp = 20;
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentNullException.ThrowIfNull(run);
        if (_program.TicksOffset is not { } offset) throw new InvalidOperationException("this step counts no times; compile it with new CompileOptions { Profile = true }");
        for (var i = 0; i < WarmUp || _executable.TriesBoth; i++) run();
        _executable.FreezeChoice(true);
        try
        {
            var ticks = _executable.Arena<long>(offset, _program.Calls.Length);
            ticks.Clear();
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < steps; i++) run();
            return StepProfile.Of(_program, ticks, Stopwatch.GetElapsedTime(start) / steps, _executable.ActiveThreads);
        }
        finally
        {
            _executable.FreezeChoice(false);
        }
    }

    /// <summary>Bytes of scratch memory that a step uses beside inputs, variables and optimizer state.</summary>
    public long ArenaBytes => _executable.Layout.ArenaBytes;

    /// <summary>Of <see cref="ArenaBytes"/> those of values that pass from one kernel to another; the rest is kernels' scratch.</summary>
    public long ValueBytes => _program.SharedScratch;

    /// <summary>Bytes that the values of <see cref="ValueBytes"/> would take if none shared memory with another.</summary>
    public long KeepAllBytes => _program.KeepAllBytes;

    /// <summary>The loss of the last step, before its update; an f64 loss is rounded.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5003: the loss is neither f32 nor f64.</exception>
    public float Loss => _isDoubleLoss
        ? (float)_executable.Output<double>(TrainingPlan.LossName)[0]
        : _executable.Output<float>(TrainingPlan.LossName)[0];

    /// <summary>A metric of the last step by its name at <see cref="GraphBuilder.Minimize"/>.</summary>
    /// <exception cref="RuntimeException">SGC5003: other element type. SGC5004: unknown name.</exception>
    public ReadOnlySpan<T> Metric<T>(string name) where T : unmanaged => _executable.Output<T>(name);

    /// <summary>A variable or optimizer state by name, to read or to set.</summary>
    /// <exception cref="RuntimeException">SGC5003: other element type. SGC5004: unknown name.</exception>
    public Span<T> Variable<T>(string name) where T : unmanaged => _executable.State<T>(name);

    /// <summary>One step of a model without inputs. Nothing is allocated.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5007: the model has inputs.</exception>
    public void Run()
    {
        _executable.Run();
        CheckInputs();
    }

    /// <summary>One step on inputs in the order of their declaration. Nothing is copied or allocated.</summary>
    /// <exception cref="RuntimeException">SGC5001: wrong length. SGC5002: disposed. SGC5003: wrong element type. SGC5007: wrong number.
    /// SGC5008: an input that a loss cannot use, in a step compiled with <see cref="CompileOptions.Checked"/>.</exception>
    public void Run<T0>(ReadOnlySpan<T0> input0) where T0 : unmanaged
    {
        _executable.Run(input0);
        CheckInputs();
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1) where T0 : unmanaged where T1 : unmanaged
    {
        _executable.Run(input0, input1);
        CheckInputs();
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged
    {
        _executable.Run(input0, input1, input2);
        CheckInputs();
    }

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2, T3>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2, ReadOnlySpan<T3> input3)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where T3 : unmanaged
    {
        _executable.Run(input0, input1, input2, input3);
        CheckInputs();
    }

    /// <summary>One step on any number of inputs, given as bytes.</summary>
    /// <exception cref="RuntimeException">SGC5001: wrong length. SGC5002: disposed. SGC5007: wrong number.</exception>
    public void Run(ReadOnlySpan<ReadOnlyMemory<byte>> inputs)
    {
        _executable.Run(inputs);
        CheckInputs();
    }

    /// <summary>Compiles what <paramref name="output"/> needs of the model, sharing the variables of this step.</summary>
    /// <remarks>Its inputs are those that the output depends on: a prediction takes no labels.</remarks>
    /// <exception cref="GraphException">SGC1008: the output is of another model, or reads a variable declared after Minimize.</exception>
    public Predictor Predictor(Value output, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(output);
        var location = new Location(file, line);
        if (output.Builder != _plan.Graph)
            throw new GraphException(DiagnosticCode.ForeignValue, $"the output belongs to \"{output.Builder.Name}\", not to \"{_plan.Graph.Name}\"", location);
        var function = Prediction.Slice(_plan.Graph, output);
        var inputs = _plan.Graph.Inputs.Select(i => i.Name!).ToHashSet();
        foreach (var parameter in function.Parameters)
            if (!inputs.Contains(parameter.Name!) && !Declares(parameter))
                throw new GraphException(DiagnosticCode.ForeignValue,
                    $"the output reads the variable \"{parameter.Name}\", which was declared after Minimize, so the step does not hold it", location);
        return new Predictor(function, inputs, _options, _state);
    }

    /// <summary>Frees the code and, once no predictor uses it, the memory.</summary>
    public void Dispose()
    {
        _executable.Dispose();
        _state.Dispose();
    }

    private void CheckInputs()
    {
        for (var i = 0; i < _plan.Checks.Length; i++)
        {
            var (isGood, shown) = TrainingPlan.NamesOfCheck(i);
            var at = _executable.Output<bool>(isGood).IndexOf(false);
            if (at < 0) continue;
            var (check, value) = (_plan.Checks[i], _executable.Output<long>(shown)[at]);
            throw new RuntimeException(RuntimeCode.BadInput,
                $"{check.Location}: {string.Format(CultureInfo.InvariantCulture, check.What, value)} (example {at} of the batch)");
        }
    }

    private bool Declares(Value parameter) => _plan.Function.Parameters.Any(p => p.Name == parameter.Name);
}
