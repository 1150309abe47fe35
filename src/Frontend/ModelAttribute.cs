using GraphCompiler.IR;

namespace GraphCompiler.Frontend;

/// <summary>Marks a static method without parameters that declares a model for ahead-of-time compilation.</summary>
/// <remarks>The method returns a <see cref="ModelDeclaration"/>, or a <see cref="TrainingPlan"/> when nothing is to be predicted.</remarks>
/// <param name="name">The model's name, which artefacts and C functions carry: a letter, then letters, digits and '_', and nothing that the
/// system's headers, libraries or functions are named; docs/aot.md lists what is refused.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ModelAttribute(string name) : System.Attribute
{
    /// <summary>The model's name.</summary>
    public string Name { get; } = name;
}

/// <summary>What is compiled ahead of time: a training step and, sharing its variables, a prediction.</summary>
/// <param name="Training">The step.</param>
/// <param name="Prediction">A value of the step's graph that needs fewer inputs, such as the logits; null for none.</param>
public sealed record ModelDeclaration(TrainingPlan Training, Value? Prediction = null);
