using System.Runtime.InteropServices;
using GraphCompiler.Frontend;
using Xunit;

namespace GraphCompiler.Aot.Tests;

/// <summary>The models of samples/Vision train and classify in C and through the facade with the bits of those compiled just in
/// time.</summary>
public sealed class VisionTests
{
    private const int Steps = 3, Pixels = 28 * 28, Classes = 10;

    [Theory]
    [InlineData("lenet", 64)]
    [InlineData("convnet", 128)]
    [InlineData("fashion", 128)]
    public void AConvolutionalNetworkIsTheSameAheadOfTime(string name, int batch)
    {
        var declared = ModelAssembly.Declare(typeof(Vision.Models).Assembly.Location, name);
        using var step = declared.Training.Compile(new CompileOptions { Threads = BuiltModel.Threads });
        using var predictor = step.Predictor(declared.Prediction!);
        var expected = Run(batch, (images, labels) =>
        {
            step.Run(images, labels);
            return step.Loss;
        }, images => predictor.Run<float, float>(images));

        using var built = new BuiltModel(name, declared);
        using var model = built.Load();
        Assert.Equal(expected, Run(batch, BuiltModel.Method<TrainStep>(model, "TrainStep"), BuiltModel.Method<Predict>(model, "Predict")));

        var compile = BuiltModel.Run("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", $"-DMODEL={name}",
            $"-DBATCH={batch}", $"-DHEADER=\"{name}.h\"", "-I", built.Folder, "-o", built["vision"],
            Path.Combine(AppContext.BaseDirectory, "vision.c"), "-L", built.Folder, $"-l{name}", $"-Wl,-rpath,{built.Folder}");
        Assert.Equal((0, ""), compile);
        Assert.Equal((0, ""), BuiltModel.Run(built["vision"], $"{Steps}", built["results"]));
        Assert.Equal(expected, MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(built["results"])).ToArray());
    }

    /// <summary>The losses of some steps on what vision.c makes, and the scores of the last batch.</summary>
    private static float[] Run(int batch, TrainStep train, Predict predict)
    {
        var (images, labels, losses, state) = (new float[batch * Pixels], new int[batch], new float[Steps], 1u);
        uint Next() => (state = unchecked(state * 1664525 + 1013904223)) >> 16;
        foreach (ref var loss in losses.AsSpan())
        {
            foreach (ref var pixel in images.AsSpan()) pixel = Next() / 65536f;
            foreach (ref var label in labels.AsSpan()) label = (int)(Next() % Classes);
            loss = train(images, labels);
        }
        return [.. losses, .. predict(images)];
    }
}
