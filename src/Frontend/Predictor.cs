using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>A compiled forward function of one output that reads the variables of a training step.</summary>
/// <remarks>For one thread at a time: a second one gets SGC5005. Threads that predict at the same time take a predictor each. Whoever comes
/// second of a predictor and its step, which writes the variables, gets SGC5005.</remarks>
public sealed class Predictor : CompiledFunction
{
    // A predictor counts no times, whatever its step does.
    internal Predictor(FunctionPlan plan, CompileOptions options, VariableStore store) : base(plan, options with { Profile = false }, store)
    {
    }

    /// <summary>Computes the output. This thread's next call changes the span; another thread's call does not.</summary>
    /// <remarks>The span keeps its memory alive, also when the predictor is disposed or collected. Nothing is copied or allocated, except
    /// new outputs where another thread has a span of the present ones.</remarks>
    /// <exception cref="RuntimeException">SGC5001: wrong length. SGC5002: disposed. SGC5003: wrong element type. SGC5005: run by
    /// another thread, or its step is. SGC5007: wrong number of inputs. SGC5008: an index outside of the rows, where the step is
    /// compiled with <see cref="CompileOptions.Checked"/>.</exception>
    public ReadOnlySpan<TOut> Run<T0, TOut>(ReadOnlySpan<T0> input) where T0 : unmanaged where TOut : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input);
        CheckInputs(entry);
        return entry.HandOut<TOut>(PredictionPlan.OutputName);
    }

    /// <inheritdoc cref="Run{T0,TOut}(ReadOnlySpan{T0})"/>
    public ReadOnlySpan<TOut> Run<T0, T1, TOut>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1)
        where T0 : unmanaged where T1 : unmanaged where TOut : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1);
        CheckInputs(entry);
        return entry.HandOut<TOut>(PredictionPlan.OutputName);
    }

    /// <inheritdoc cref="Run{T0,TOut}(ReadOnlySpan{T0})"/>
    public ReadOnlySpan<TOut> Run<T0, T1, T2, TOut>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where TOut : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2);
        CheckInputs(entry);
        return entry.HandOut<TOut>(PredictionPlan.OutputName);
    }

    /// <summary>Computes the output into the caller's memory. Allocates nothing, whichever threads take turns.</summary>
    /// <param name="input">Of the input's elements.</param>
    /// <param name="output">Of exactly the output's elements.</param>
    /// <exception cref="RuntimeException">SGC5001: wrong length. SGC5002: disposed. SGC5003: wrong element type. SGC5005: run by
    /// another thread, or its step is. SGC5007: wrong number of inputs. SGC5008: an index outside of the rows, where the step is
    /// compiled with <see cref="CompileOptions.Checked"/>.</exception>
    public void Run<T0, TOut>(ReadOnlySpan<T0> input, Span<TOut> output) where T0 : unmanaged where TOut : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input);
        CheckInputs(entry);
        entry.Copy(PredictionPlan.OutputName, output);
    }

    /// <inheritdoc cref="Run{T0,TOut}(ReadOnlySpan{T0},Span{TOut})"/>
    public void Run<T0, T1, TOut>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, Span<TOut> output)
        where T0 : unmanaged where T1 : unmanaged where TOut : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1);
        CheckInputs(entry);
        entry.Copy(PredictionPlan.OutputName, output);
    }

    /// <inheritdoc cref="Run{T0,TOut}(ReadOnlySpan{T0},Span{TOut})"/>
    public void Run<T0, T1, T2, TOut>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2, Span<TOut> output)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged where TOut : unmanaged
    {
        using var entry = Executable.Enter();
        entry.Run(input0, input1, input2);
        CheckInputs(entry);
        entry.Copy(PredictionPlan.OutputName, output);
    }
}
