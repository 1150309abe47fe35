using System.Runtime.CompilerServices;
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

    internal TrainingStep(TrainingPlan plan, CompileOptions options, VariableStore? store) : base(plan, options, store) =>
        (_plan, _isDoubleLoss) =
            (plan, Executable.Layout.Buffers.Single(b => b.Name == TrainingPlan.LossName).Type == ElementType.F64);

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

    /// <summary>A metric of the last step by its name at <c>Minimize</c>. Changed by this thread's next step.</summary>
    /// <exception cref="RuntimeException">SGC5002: disposed. SGC5003: other element type. SGC5004: unknown name. SGC5005: run by
    /// another thread.</exception>
    public ReadOnlySpan<T> Metric<T>(string name) where T : unmanaged => Output<T>(name);

    /// <summary>Compiles what <paramref name="output"/> needs of the model, sharing the variables of this step.</summary>
    /// <remarks>Its inputs are those that the output depends on: a prediction takes no labels.</remarks>
    /// <exception cref="GraphException">SGC1008: the output is of another model, or reads a variable declared after Minimize.</exception>
    /// <exception cref="RuntimeException">SGC5002: the step is disposed.</exception>
    public Predictor Predictor(Value output, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(output);
        return new Predictor(PredictionPlan.Create(_plan, output, new Location(file, line)), Options, Variables);
    }
}
