using GraphCompiler.Frontend;

namespace Digits;

/// <summary>What an epoch came to.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Loss">Mean over its batches.</param>
/// <param name="Accuracy">On the held-out examples after it.</param>
internal sealed record Epoch(int Number, double Loss, double Accuracy);

/// <summary>A training from its start to its end.</summary>
/// <param name="Epochs">In their order.</param>
/// <param name="Guesses">On the held-out examples at the end.</param>
/// <param name="Time">Of the steps, evaluation not counted.</param>
/// <param name="Steps">How many there were.</param>
internal sealed record TrainingRun(IReadOnlyList<Epoch> Epochs, Guesses Guesses, TimeSpan Time, int Steps);

/// <summary>What a model says of the held-out examples.</summary>
/// <param name="Labels">The likeliest class of each.</param>
/// <param name="Probabilities">Of that class.</param>
/// <param name="Accuracy">The part that is right.</param>
internal sealed record Guesses(int[] Labels, float[] Probabilities, double Accuracy)
{
    private const int Classes = 10;

    /// <summary>Asks the model. Its batch is fixed: what is left in the buffer after the last examples is computed and ignored.</summary>
    /// <param name="data">With the held-out examples.</param>
    /// <param name="batch">Of the predictor.</param>
    /// <param name="predict">Gives probabilities.</param>
    public static Guesses Of(Split data, int batch, Predictor predict)
    {
        var count = data.TestY.Length;
        var (labels, probabilities, images) = (new int[count], new float[count], new float[batch * data.Features]);
        for (var start = 0; start < count; start += batch)
        {
            var size = Math.Min(batch, count - start);
            data.TestX.AsSpan(start * data.Features, size * data.Features).CopyTo(images);
            var scores = predict.Run<float, float>(images);
            for (var i = 0; i < size; i++)
            {
                var row = scores.Slice(i * Classes, Classes);
                var best = 0;
                for (var c = 1; c < Classes; c++) if (row[c] > row[best]) best = c;
                (labels[start + i], probabilities[start + i]) = (best, row[best]);
            }
        }
        return new(labels, probabilities, labels.Zip(data.TestY).Count(x => x.First == x.Second) / (double)count);
    }
}
