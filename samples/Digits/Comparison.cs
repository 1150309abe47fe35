using System.Diagnostics;
using GraphCompiler.Frontend;
using GraphCompiler.Passes;
using GraphCompiler.Runtime.Data;
using GraphCompiler.Tape;

namespace Digits;

/// <summary>The compiled step and the eager tape on the same model, batches and initial weights.</summary>
/// <param name="CompiledMicroseconds">Median time of a compiled step.</param>
/// <param name="TapeMicroseconds">Median time of a step on the tape.</param>
/// <param name="CompiledLosses">Of the first steps.</param>
/// <param name="TapeLosses">Of the same steps on the tape.</param>
internal sealed record Comparison(double CompiledMicroseconds, double TapeMicroseconds, double[] CompiledLosses, double[] TapeLosses)
{
    /// <summary>Largest relative difference of the losses; NaN where one is.</summary>
    public double LossDifference { get; } = CompiledLosses.Zip(TapeLosses, (a, b) => Math.Abs(a - b) / Math.Abs(b)).Aggregate(Math.Max);

    public const int CheckedSteps = 50;
    private const int Rounds = 15;
    private const int StepsPerRound = 50;

    // The tape is managed code: .NET optimizes it in the background, well after its first calls. Timing it before that
    // would flatter the compiled step.
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(1.5);

    /// <summary>The tape computes in f32.</summary>
    public static double ToleranceOf(Precision precision) => precision == Precision.BFloat16 ? 2e-2 : 1e-4;

    /// <summary>Compares the losses first, then warms both up, and then times them in turn.</summary>
    public static Comparison Run(TrainingPlan plan, Precision precision, Tape tape, Batches batches)
    {
        using var step = plan.Compile(new CompileOptions { Precision = precision });
        var (compiledLosses, tapeLosses) = (new double[CheckedSteps], new double[CheckedSteps]);
        for (var i = 0; i < CheckedSteps; i++)
        {
            var (features, labels) = Next(batches, i);
            step.Run<float, int>(features, labels);
            tape.Run<int>(features, labels);
            (compiledLosses[i], tapeLosses[i]) = (step.Loss, (double)tape.Loss);
        }
        var (x, t) = Next(batches, 0);
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < s_warmUp;)
        {
            step.Run<float, int>(x, t);
            tape.Run<int>(x, t);
        }
        var (compiled, eager) = (new double[Rounds], new double[Rounds]);
        for (var round = 0; round < Rounds; round++)
        {
            compiled[round] = Time(() => step.Run<float, int>(x, t));
            eager[round] = Time(() => tape.Run<int>(x, t));
        }
        Array.Sort(compiled);
        Array.Sort(eager);
        return new(compiled[Rounds / 2], eager[Rounds / 2], compiledLosses, tapeLosses);
    }

    private static double Time(Action step)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < StepsPerRound; i++) step();
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / StepsPerRound;
    }

    private static (float[] Features, int[] Labels) Next(Batches batches, int step)
    {
        if (step % batches.Count == 0) batches.Shuffle(step / batches.Count);
        var (features, labels) = (new float[batches.BatchSize * batches.FeatureSize], new int[batches.BatchSize]);
        batches.Fill(step % batches.Count, features, labels);
        return (features, labels);
    }
}
