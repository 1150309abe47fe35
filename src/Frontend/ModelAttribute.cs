using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Passes;

namespace GraphCompiler.Frontend;

/// <summary>Marks a static method that declares a model for ahead-of-time compilation.</summary>
/// <remarks>The method takes nothing, or one int, the rows of a batch: it is called once for each size that <c>graphc build --batch</c>
/// names, and all share the variables, as with <see cref="Specializations"/>. It returns a
/// <see cref="ModelDeclaration"/>; or a <see cref="TrainingPlan"/> when nothing is to be predicted, or a
/// <see cref="FunctionPlan"/> when nothing is to be trained.</remarks>
/// <param name="name">The model's name, which artefacts and C functions carry: a letter, then letters, digits and '_', and nothing that the
/// system's headers, libraries or functions are named; docs/aot.md lists what is refused.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ModelAttribute(string name) : System.Attribute
{
    /// <summary>The model's name.</summary>
    public string Name { get; } = name;
}

/// <summary>What is compiled ahead of time: a training step and, sharing its variables, a prediction; or a function.</summary>
public sealed record ModelDeclaration
{
    /// <summary>A training step.</summary>
    /// <param name="training">The step.</param>
    /// <param name="prediction">A value of the step's graph that needs fewer inputs, such as the logits; null for none.</param>
    /// <param name="averaged">Whether the prediction reads the averages that <see cref="Optimizers.ExponentialMovingAverage"/> keeps, where
    /// there is one of a variable.</param>
    /// <exception cref="GraphException">SGC1011: averages are to be read, and nothing is predicted.</exception>
    public ModelDeclaration(TrainingPlan training, Value? prediction = null, bool averaged = false)
    {
        ArgumentNullException.ThrowIfNull(training);
        if (averaged && prediction is null)
            throw new GraphException(DiagnosticCode.BadArgument,
                $"\"{training.Graph.Name}\" declares no prediction that could be averaged");
        (Plan, Prediction, IsAveraged) = (training, prediction, averaged);
    }

    /// <summary>A function of any outputs.</summary>
    public ModelDeclaration(FunctionPlan function)
    {
        ArgumentNullException.ThrowIfNull(function);
        Plan = function;
    }

    /// <summary>The step or function.</summary>
    public Plan Plan { get; }

    /// <summary>The step.</summary>
    /// <exception cref="GraphException">SGC1011: what is declared is a function.</exception>
    public TrainingPlan Training => Plan as TrainingPlan ?? throw new GraphException(DiagnosticCode.BadArgument,
        $"\"{Plan.Graph.Name}\" is declared as a function, and a training step is asked for");

    /// <summary>What is predicted; null for nothing.</summary>
    public Value? Prediction { get; }

    /// <summary>Whether the prediction reads averages in place of variables.</summary>
    public bool IsAveraged { get; }

    /// <summary>What products of the step and of the prediction multiply: <see cref="CompileOptions.Precision"/>.</summary>
    public Precision Precision { get; init; }
}
