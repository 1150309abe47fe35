using System.Diagnostics;
using GraphCompiler.IR;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>A compiled training step with the model's variables. For one thread at a time.</summary>
public sealed class TrainingStep : IDisposable
{
    private readonly Executable _executable;
    private readonly StateStore _state = new();
    private readonly TrainingPlan _plan;
    private readonly CompileOptions _options;

    internal TrainingStep(TrainingPlan plan, CompileOptions options)
    {
        (_plan, _options) = (plan, options);
        var start = Stopwatch.GetTimestamp();
        var names = plan.Function.Results.Select((_, i) => i == plan.Function.Results.Length - 1 ? "loss" : $"result{i}");
        _executable = Compiler.Compile(plan.Function, plan.Roles, plan.Donated, [.. names], options, _state);
        CompileTime = Stopwatch.GetElapsedTime(start);
        foreach (var parameter in plan.Graph.ModelParameters)
        {
            var elements = parameter.Initializer.Create(parameter.Value.Shape, plan.Graph.Seed, parameter.Value.Name!);
            if (parameter.Value.DType == DType.F64) Array.ConvertAll(elements, x => (double)x).CopyTo(_executable.State<double>(parameter.Value.Name!));
            else elements.CopyTo(_executable.State<float>(parameter.Value.Name!));
        }
    }

    /// <summary>Time from the graph to loaded native code.</summary>
    public TimeSpan CompileTime { get; }

    /// <summary>Bytes of scratch memory that a step uses beside inputs, variables and optimizer state.</summary>
    public long ArenaBytes => _executable.Layout.ArenaBytes;

    /// <summary>The loss of the last step, before its update; for an f32 loss.</summary>
    public float Loss => _executable.Output<float>("loss")[0];

    /// <summary>A variable or optimizer state by name, to read or to set.</summary>
    /// <exception cref="RuntimeException">SGC5003: other element type. SGC5004: unknown name.</exception>
    public Span<T> Variable<T>(string name) where T : unmanaged => _executable.State<T>(name);

    /// <summary>One step on inputs in the order of their declaration. Nothing is copied or allocated.</summary>
    /// <exception cref="RuntimeException">SGC5001: wrong length. SGC5002: disposed. SGC5003: wrong element type.</exception>
    public void Run<T0>(ReadOnlySpan<T0> input0) where T0 : unmanaged => _executable.Run(input0);

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1) where T0 : unmanaged where T1 : unmanaged =>
        _executable.Run(input0, input1);

    /// <inheritdoc cref="Run{T0}(ReadOnlySpan{T0})"/>
    public void Run<T0, T1, T2>(ReadOnlySpan<T0> input0, ReadOnlySpan<T1> input1, ReadOnlySpan<T2> input2)
        where T0 : unmanaged where T1 : unmanaged where T2 : unmanaged => _executable.Run(input0, input1, input2);

    /// <summary>Compiles what <paramref name="output"/> needs of the model, sharing the variables of this step.</summary>
    /// <remarks>Its inputs are those that the output depends on: a prediction takes no labels.</remarks>
    public Predictor Predictor(Value output) => new(_plan.Graph, output, _options, _state);

    /// <summary>Frees the code and, once no predictor uses it, the memory.</summary>
    public void Dispose()
    {
        _executable.Dispose();
        _state.Dispose();
    }
}
