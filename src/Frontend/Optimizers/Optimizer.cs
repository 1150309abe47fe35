using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>State that an optimizer keeps, zero at first.</summary>
/// <param name="Name">Unique within the step.</param>
/// <param name="Type">Element type and shape.</param>
public sealed record OptimizerState(string Name, TensorType Type);

/// <summary>A rule that moves parameters against their gradients; it becomes part of the compiled step.</summary>
public abstract record Optimizer
{
    /// <summary>State shared by all of <paramref name="parameters"/>, such as a step counter.</summary>
    public virtual IReadOnlyList<OptimizerState> SharedStateFor(IReadOnlyList<Value> parameters) => [];

    /// <summary>State for one parameter.</summary>
    public abstract IReadOnlyList<OptimizerState> StateFor(Value parameter);

    /// <summary>The shared state after this step, and what <see cref="Update"/> may use of it.</summary>
    public virtual (Value[] Next, Value[] Factors) Advance(ReadOnlySpan<Value> shared) => ([], []);

    /// <summary>The parameter and its state after this step.</summary>
    public abstract (Value Parameter, Value[] State) Update(Value parameter, Value gradient, ReadOnlySpan<Value> state,
        ReadOnlySpan<Value> factors);

    private protected static double InRange(double value, double low, double high, string name, Location location) =>
        value >= low && value < high
        ? value
        : throw new GraphException(DiagnosticCode.BadArgument, $"{name} must be at least {low} and below {high}, got {value}", location);
}
