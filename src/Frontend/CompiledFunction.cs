using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Metrics;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>Native code of a function of a model, with the variables that it reads and perhaps replaces.</summary>
/// <remarks>For one thread at a time: a second one gets SGC5005. Of functions that share variables, several that only read them may run at
/// the same time; who comes second to or after one that replaces any gets SGC5005.
/// Spans of variables and outputs keep their memory alive, also when the function is disposed or collected.</remarks>
public partial class CompiledFunction : IDisposable
{
    private readonly Plan _plan;
    private readonly LoopProgram _program;
    private readonly bool _tests; // Something of each run.
    private VariableStore? _store; // Null once disposed.

    private protected CompiledFunction(Plan plan, CompileOptions options, VariableStore? store)
    {
        (_plan, Options, _store) = (plan, options, store ?? new VariableStore());
        (Executable, _program, CompileTime) = Compiler.Compile(plan, options, _store);
        _tests = plan.Checks.Length > 0 || plan is TrainingPlan { Unguarded: not null };
    }

    internal CompiledFunction(FunctionPlan plan, CompileOptions options, VariableStore? store) : this((Plan)plan, options, store)
    {
    }

    private protected CompileOptions Options { get; }

    private protected Executable Executable { get; }

    /// <summary>Types and shapes of inputs, outputs and variables.</summary>
    internal ExecutableLayout Layout => Executable.Layout;

    /// <summary>The inputs that a run is given, in their order: that of their declaration.</summary>
    public IReadOnlyList<string> Inputs => NamesOf(BufferRole.Input);

    /// <summary>The names of the outputs, in their order.</summary>
    public IReadOnlyList<string> Outputs => [.. NamesOf(BufferRole.Output).SkipLast(_plan.HiddenOutputs)];

    /// <summary>The metrics that it was declared with, or the mean of each output of one number.</summary>
    internal ImmutableArray<NamedMetric> Metrics => field.IsDefault ? field = MetricsOf() : field;

    /// <summary>Where the function's variables live: to read, write, save and load them by name, and to share them with other
    /// functions.</summary>
    /// <exception cref="RuntimeException">SGC5002: the function is disposed. A store that was taken before stays as it is.</exception>
    public VariableStore Variables =>
        _store ?? throw new RuntimeException(RuntimeCode.Disposed, "the variables of a function are asked for after it was disposed");

    /// <summary>Time from the graph to loaded native code.</summary>
    public TimeSpan CompileTime { get; }

    /// <summary>Bytes of scratch memory that a run uses beside inputs, outputs and variables.</summary>
    public long ArenaBytes => Executable.Layout.ArenaBytes;

    /// <summary>Of <see cref="ArenaBytes"/> those of values that pass from one kernel to another; the others are scratch.</summary>
    public long ValueBytes => _program.SharedScratch;

    /// <summary>Bytes that the values of <see cref="ValueBytes"/> would take if none shared memory with another.</summary>
    public long KeepAllBytes => _program.KeepAllBytes;

    /// <summary>An output of the last run by its name (zero before the first). Changed by this thread's next run.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5003: other element type. SGC5004: unknown name. SGC5005: run by
    /// another thread.</exception>
    public ReadOnlySpan<T> Output<T>(string name) where T : unmanaged => Executable.Output<T>(name);

    /// <summary>A variable of this function, or state of its optimizer, by name, to read or to set between runs.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5003: other element type. SGC5004: unknown name. SGC5005: run by
    /// another thread.</exception>
    public Span<T> Variable<T>(string name) where T : unmanaged => Executable.State<T>(name);

    /// <summary>Runs the function some times and tells where its time goes, kernel by kernel, beside the machine's limits.</summary>
    /// <param name="steps">How many runs, at least 1; some tens more, or a hundred, come first and are not counted.</param>
    /// <param name="run">One run of this object: <c>() => step.Run(images, labels)</c>.</param>
    /// <remarks>Takes a second or two more than the runs, to measure the limits before and after them.</remarks>
    /// <exception cref="GraphException">SGC1011: no runs, or an action that does not run this object.</exception>
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
        for (var i = 0; i < WarmUp || (Executable.TriesBoth && i < MostTrials); i++) run();
        Executable.FreezeChoice(true);
        try
        {
            TakeTicks(); // Of a run of something else there are none.
            var before = StepProfile.MachineLimits.Measure(Executable.ActiveThreads);
            for (var i = 0; i < WarmUp; i++) run();
            ClearTicks();
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < steps; i++) run();
            var elapsed = Stopwatch.GetElapsedTime(start);
            var ticks = TakeTicks();
            var threads = Executable.ActiveThreads;
            var after = StepProfile.MachineLimits.Measure(threads);
            return StepProfile.Of(_program, ticks, elapsed / steps, threads, before, after) with { Precision = Options.Precision };
        }
        finally
        {
            Executable.FreezeChoice(false);
        }
    }

    /// <summary>Writes a page that shows the function: its graph by layers, each pass's result, its kernels, and what is in memory
    /// when.</summary>
    /// <param name="path">One file of HTML, which loads nothing; replaced whole or not at all.</param>
    /// <param name="profile">What <see cref="Profile"/> gave, to colour kernels by their times; by their operations when null.</param>
    /// <remarks>Runs the passes once more, for their results. Can be called while the function runs, and after it is disposed.</remarks>
    /// <exception cref="GraphException">SGC1011: a profile of another function. SGC3002: the file cannot be written.</exception>
    public void ToHtml(string path, StepProfile? profile = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (profile is not null && !profile.Kernels.Select(k => k.Name).SequenceEqual(_program.Calls.Select(c => c.Kernel.Name)))
            throw new GraphException(DiagnosticCode.BadArgument, "the profile is of another function: its kernels have other names");
        var page = Viewing.StepPage.Write(Viewing.StepViewBuilder.Build(_plan, _program, Options, profile));
        try
        {
            Runtime.Files.DurableFile.Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(page)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new GraphException(DiagnosticCode.CannotWrite, $"the page cannot be written to \"{path}\": {e.Message}");
        }
    }

    /// <summary>Frees the code and, once no other function, no store and no span uses it, the memory. Can be called twice.</summary>
    public void Dispose()
    {
        Executable.Dispose();
        _store = null;
        GC.SuppressFinalize(this);
    }

    private ImmutableArray<NamedMetric> MetricsOf()
    {
        if (_plan is FunctionPlan { Metrics: { IsEmpty: false } metrics }) return metrics;
        return [.. Executable.Layout.Buffers.Where(b => b.Role == BufferRole.Output && b.Elements == 1
            && b.Type is ElementType.F32 or ElementType.F64 && Outputs.Contains(b.Name))
            .Select(b => new NamedMetric(b.Name, new OutputMean(b.Type), [b.Name]))];
    }

    private string[] NamesOf(BufferRole role) => [.. Executable.Layout.Buffers.Where(b => b.Role == role).Select(b => b.Name)];

    private void ClearTicks()
    {
        using var entry = Executable.Enter();
        Ticks(entry).Clear();
    }

    private long[] TakeTicks()
    {
        using var entry = Executable.Enter();
        var ticks = Ticks(entry).ToArray();
        return ticks.AsSpan().ContainsAnyExcept(0) ? ticks
            : throw new GraphException(DiagnosticCode.BadArgument, "the action that is to be profiled does not run this step");
    }

    // Of each call; only in a function that counts them.
    private Span<long> Ticks(Executable.Entry entry) => entry.Arena<long>(_program.TicksOffset!.Value, _program.Calls.Length);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void CheckInputs(Executable.Entry entry)
    {
        if (_tests) Test(entry);
    }

    private void Test(Executable.Entry entry)
    {
        ThrowOnBadInput(entry);
        ThrowIfNotFinite();
    }

    /// <summary>Where a step's numbers are checked: throws where they are not finite.</summary>
    private protected virtual void ThrowIfNotFinite()
    {
    }

    private void ThrowOnBadInput(Executable.Entry entry)
    {
        for (var i = 0; i < _plan.Checks.Length; i++)
        {
            var (isGood, shown) = Plan.NamesOfCheck(i);
            var at = entry.Read<bool>(isGood).IndexOf(false);
            if (at < 0) continue;
            var (check, value) = (_plan.Checks[i], entry.Read<long>(shown)[at]);
            var index = new int[check.Tested.Rank];
            check.Tested.Shape.Unravel(at, index);
            var what = string.Format(CultureInfo.InvariantCulture, check.What, value, string.Join(",", index));
            throw new RuntimeException(RuntimeCode.BadInput, $"{check.Location}: {what}");
        }
    }
}
