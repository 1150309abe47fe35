using GraphCompiler.Frontend;
using Xunit;

namespace GraphCompiler.Aot.Tests;

/// <summary>The models of samples/Gpt train and predict ahead of time with the bits of those compiled just in time.</summary>
public sealed class GptTests
{
    private const int Steps = 3;

    private delegate float TrainTokens(ReadOnlySpan<int> tokens, ReadOnlySpan<int> targets);
    private delegate ReadOnlySpan<float> PredictTokens(ReadOnlySpan<int> tokens);

    [Theory]
    [InlineData("gpt", 65)]
    [InlineData("names", 27)]
    public void AModelOfCharactersIsTheSameAheadOfTime(string name, int characters)
    {
        var declared = ModelAssembly.Declare(typeof(Gpt.Models).Assembly.Location, name);
        using var step = declared.Training.Compile(new CompileOptions { Threads = BuiltModel.Threads });
        using var predictor = step.Predictor(declared.Prediction!);
        int[] sizes = [.. step.Inputs.Select(n => (int)declared.Training.Graph.Inputs.Single(i => i.Name == n).Shape.ElementCount)];
        var expected = Run(sizes, characters, (tokens, targets) =>
        {
            step.Run(tokens, targets);
            return step.Loss;
        }, tokens => predictor.Run<int, float>(tokens));
        using var built = new BuiltModel(name, declared);
        using var model = built.Load();
        Assert.Equal(expected, Run(sizes, characters, BuiltModel.Method<TrainTokens>(model, "TrainStep"),
            BuiltModel.Method<PredictTokens>(model, "Predict")));
    }

    /// <summary>The losses of some steps, and the scores of the last batch.</summary>
    private static float[] Run(int[] sizes, int characters, TrainTokens train, PredictTokens predict)
    {
        var (random, losses, tokens) = (new Random(1), new float[Steps], new int[sizes[0]]);
        foreach (ref var loss in losses.AsSpan())
        {
            foreach (ref var token in tokens.AsSpan()) token = random.Next(characters);
            loss = train(tokens, [.. Enumerable.Range(0, sizes[1]).Select(_ => random.Next(characters))]);
        }
        return [.. losses, .. predict(tokens)];
    }
}
