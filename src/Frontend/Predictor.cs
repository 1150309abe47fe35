using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>A compiled forward function that reads the variables of a training step. For one thread at a time.</summary>
public sealed class Predictor : IDisposable
{
    private readonly Executable _executable;

    // A predictor counts no times, whatever its step does.
    internal Predictor(PredictionPlan plan, CompileOptions options, StateStore state) =>
        (_executable, _) = Compiler.Compile(plan.Function, plan.Roles, PredictionPlan.Donated, PredictionPlan.ResultNames,
            options with { Profile = false }, state);

    /// <summary>The inputs that the output depends on, in the order of their declaration.</summary>
    public IReadOnlyList<string> Inputs => [.. _executable.Layout.Buffers.Where(b => b.Role == BufferRole.Input).Select(b => b.Name)];

    /// <summary>Computes the output, which is valid until the next call.</summary>
    /// <exception cref="RuntimeException">SGC5001: wrong length. SGC5002: disposed. SGC5003: wrong element type.</exception>
    public ReadOnlySpan<TOut> Run<T0, TOut>(ReadOnlySpan<T0> input) where T0 : unmanaged where TOut : unmanaged
    {
        _executable.Run(input);
        return _executable.Output<TOut>(PredictionPlan.OutputName);
    }

    /// <inheritdoc cref="Run{T0,TOut}(ReadOnlySpan{T0})"/>
    public ReadOnlySpan<TOut> Run<T0, T1, TOut>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1)
        where T0 : unmanaged where T1 : unmanaged where TOut : unmanaged
    {
        _executable.Run(input0, input1);
        return _executable.Output<TOut>(PredictionPlan.OutputName);
    }

    /// <summary>Frees the code.</summary>
    public void Dispose() => _executable.Dispose();
}
