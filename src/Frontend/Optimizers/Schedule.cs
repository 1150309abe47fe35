using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>A number that depends on the step, such as a learning rate: computed in f64 within the compiled step. A plain number converts
/// to one, and stays a constant of the kernels.</summary>
/// <remarks>t counts from 0: it is the number of updates before this one. <see cref="At"/> tells the number of any step.</remarks>
public abstract partial record Schedule
{
    private protected Schedule() { }

    /// <summary>The number of every step.</summary>
    public static implicit operator Schedule(double number) => Constant(number);

    /// <summary>A factor times a schedule.</summary>
    public static Schedule operator *(double factor, Schedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return schedule.Number is { } number ? Constant(factor * number) : new Scaled(factor, schedule);
    }

    /// <summary>One number for every step.</summary>
    public static Schedule Constant(double number) => new Fixed(number);

    /// <summary>A number that is set between steps, without compiling again: <see cref="TrainingStep.LearningRate"/>.</summary>
    /// <param name="initial">What it is until then, at least 0.</param>
    /// <param name="name">Of the state that holds it, f64[]: <c>optimizer/name</c>. Rules of one step share what has one name.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: out of range. SGC1006, at <c>Minimize</c>: no name, or one that is taken.</exception>
    public static Schedule Settable(double initial, string name = "rate",
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new Setting(Argument.NotNegative(initial, nameof(initial), new(file, line)), name);
    }

    /// <summary>From one number to another in equal steps: from + (to - from)·t/n, then <paramref name="to"/>.</summary>
    /// <param name="from">At first, at least 0.</param>
    /// <param name="to">From step n on, at least 0.</param>
    /// <param name="steps">n, at least 1.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: out of range.</exception>
    public static Schedule Linear(double from, double to, int steps, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Polynomial(from, to, steps, 1, file, line);

    /// <summary>to + (from - to)·(1 - t/n)ᵖ, then <paramref name="to"/>.</summary>
    /// <param name="from">At first, at least 0.</param>
    /// <param name="to">From step n on, at least 0.</param>
    /// <param name="steps">n, at least 1.</param>
    /// <param name="power">p, above 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: out of range.</exception>
    public static Schedule Polynomial(double from, double to, int steps, double power,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        return new Decay(Argument.NotNegative(from, nameof(from), location), Argument.NotNegative(to, nameof(to), location),
            Argument.Count(steps, nameof(steps), location), Argument.Positive(power, nameof(power), location));
    }

    /// <summary>initial·factorᵗ.</summary>
    /// <param name="initial">At first, at least 0.</param>
    /// <param name="factor">Above 0, and at most 1 for a decay.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: out of range.</exception>
    public static Schedule Exponential(double initial, double factor,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Step(initial, factor, 1, file, line);

    /// <summary>initial·factor^⌊t/every⌋: times the factor every so many steps.</summary>
    /// <param name="initial">At first, at least 0.</param>
    /// <param name="factor">Above 0, and at most 1 for a decay.</param>
    /// <param name="every">At least 1.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: out of range.</exception>
    public static Schedule Step(double initial, double factor, int every,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        return new Powers(Argument.NotNegative(initial, nameof(initial), location), Argument.Positive(factor, nameof(factor), location),
            Argument.Count(every, nameof(every), location));
    }

    /// <summary>floor + (initial - floor)·(1 + cos(π·t/n))/2, then <paramref name="floor"/> (Loshchilov and Hutter 2017).</summary>
    /// <param name="initial">At first, at least 0.</param>
    /// <param name="steps">n, at least 1.</param>
    /// <param name="floor">From step n on, at least 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: out of range.</exception>
    public static Schedule Cosine(double initial, int steps, double floor = 0,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        return new Wave(Argument.NotNegative(initial, nameof(initial), location), Argument.NotNegative(floor, nameof(floor), location),
            Argument.Count(steps, nameof(steps), location), Growth: null);
    }

    /// <summary>Cosines that start again: the first has n steps, each further one <paramref name="growth"/> times as many (SGDR,
    /// Loshchilov and Hutter 2017).</summary>
    /// <param name="initial">At each start, at least 0.</param>
    /// <param name="steps">n, at least 1.</param>
    /// <param name="growth">At least 1.</param>
    /// <param name="floor">What each descends to, at least 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: out of range.</exception>
    public static Schedule CosineRestarts(double initial, int steps, int growth = 1, double floor = 0,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        return new Wave(Argument.NotNegative(initial, nameof(initial), location), Argument.NotNegative(floor, nameof(floor), location),
            Argument.Count(steps, nameof(steps), location), Argument.Count(growth, nameof(growth), location));
    }

    /// <summary>One cycle as PyTorch has it (Smith and Topin 2018): by a cosine from peak/<paramref name="division"/> to the peak, and by
    /// another down to peak/(division·finalDivision), where it stays.</summary>
    /// <param name="peak">At least 0.</param>
    /// <param name="steps">Of the whole cycle; steps·rise must be above 1.</param>
    /// <param name="rise">The fraction of the steps that it rises, between 0 and 1.</param>
    /// <param name="division">Above 0.</param>
    /// <param name="finalDivision">Above 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: out of range.</exception>
    public static Schedule OneCycle(double peak, int steps, double rise = 0.3, double division = 25, double finalDivision = 1e4,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = new Location(file, line);
        Argument.NotNegative(peak, nameof(peak), location);
        Argument.Positive(division, nameof(division), location);
        Argument.Positive(finalDivision, nameof(finalDivision), location);
        var turn = Argument.Count(steps, nameof(steps), location) * Argument.InRange(rise, 0, 1, nameof(rise), location) - 1;
        if (!(turn > 0)) throw Argument.Bad($"steps·rise must be above 1, got {steps}·{rise}", location);
        var first = peak / division;
        return new Cycle(first, peak, first / finalDivision, turn, steps - 1);
    }

    /// <summary>A function of one's own.</summary>
    /// <param name="rate">From t, f64[], to the number, f64[].</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">At <c>Minimize</c> and <see cref="At"/>, SGC1001, SGC1002, SGC1008 or SGC1011: the function gives
    /// something else than an f64[] of the step.</exception>
    public static Schedule Of(Func<Value, Value> rate, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(rate);
        return new Custom(rate, new(file, line));
    }

    /// <summary>For n steps (t + 1)/n of the first number of this schedule; then this schedule, from its beginning.</summary>
    /// <param name="steps">n, at least 1.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: out of range.</exception>
    public Schedule WithWarmUp(int steps, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        new WarmUp(Argument.Count(steps, nameof(steps), new(file, line)), this);

    /// <summary>This schedule for some steps, and then another one from its beginning.</summary>
    /// <param name="steps">At least 1.</param>
    /// <param name="next">What follows.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: out of range.</exception>
    public Schedule Then(int steps, Schedule next, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(next);
        return new Sequence(this, Argument.Count(steps, nameof(steps), new(file, line)), next);
    }

    /// <summary>The number of step t, as the reference interpreter computes it; of what is settable the initial one.</summary>
    /// <param name="t">How many updates there were before, from 0.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: t is negative. Or as for <see cref="Of"/>.</exception>
    public double At(long t, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        if (t < 0) throw Argument.Bad($"a schedule begins with step 0, got {t}", new(file, line));
        if (Number is { } number) return number;
        var builder = new FunctionBuilder("schedule");
        var step = builder.Parameter("t", DType.F64.Scalar);
        var rate = Compute(step, (_, initial) => step.Constant(initial));
        return (double)ReferenceInterpreter.Run(builder.Build(rate), new Literal(DType.F64.Scalar, (double)t))[0][0];
    }

    /// <summary>The number, where it is the same for every step.</summary>
    internal virtual double? Number => null;

    /// <summary>Appends what computes the number, f64[].</summary>
    /// <param name="t">f64[].</param>
    /// <param name="setting">The state that holds a settable number, by its name and initial value.</param>
    internal abstract Value Compute(Value t, Func<string, double, Value> setting);
}
