using GraphCompiler.Bench.Peers;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;

namespace GraphCompiler.Bench.Suite;

/// <summary>A model as its user declares it.</summary>
internal sealed record Declaration(GraphBuilder Graph, Value Loss, Optimizer Optimizer)
{
    public TrainingPlan Plan() => Graph.Minimize(Loss, Optimizer);
}

/// <summary>The inputs of one step: features, and targets, each f32 or i32.</summary>
internal sealed record Batch(Array Features, Array Targets);

/// <summary>A row of the comparison: one model, declared once for the compiler and the tape, and once for libtorch.</summary>
internal abstract record SuiteModel(string Name)
{
    /// <summary>The seed of weights and of batches.</summary>
    public const ulong Seed = 7;

    /// <summary>Whether the tape has every operation of the model: it is one of dense models.</summary>
    public virtual bool RunsOnTape => true;

    public abstract Declaration Declare();

    /// <summary>The same model for libtorch, with the weights that <paramref name="variable"/> gives by name.</summary>
    public abstract ITorchModel DeclareTorch(Func<string, float[]> variable);

    /// <summary>Batch <paramref name="index"/>, the same for every side.</summary>
    public abstract Batch CreateBatch(int index);
}
