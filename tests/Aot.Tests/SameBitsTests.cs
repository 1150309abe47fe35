using System.Runtime.InteropServices;
using GraphCompiler.Frontend;
using Xunit;

namespace GraphCompiler.Aot.Tests;

/// <summary>Every form of a model trains to the bytes of the step that is compiled just in time.</summary>
[Trait("Category", "Target")]
public sealed class SameBitsTests
{
    private const int Steps = 25;

    private static ModelDeclaration Declaration(string name) => name == "digits" ? Models.Digits() : Models.Wide();

    [Theory]
    [InlineData("digits", 1)]
    [InlineData("wide", 1)]
    [InlineData("wide", 2)]
    public void ACProgramNeedsTheHeaderAlone(string name, int threads)
    {
        using var built = new BuiltModel(name);
        var compile = BuiltModel.Run("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", $"-DMODEL={name}",
            $"-DHEADER=\"{name}.h\"", "-I", built.Folder, "-o", built["train"],
            Path.Combine(AppContext.BaseDirectory, "train.c"), "-L", built.Folder, $"-l{name}", $"-Wl,-rpath,{built.Folder}");
        Assert.Equal((0, ""), compile);
        Assert.Equal((0, ""), BuiltModel.Run(built["train"], $"{Steps}", $"{threads}", built["parameters"], built["checkpoint"]));
        var expected = BuiltModel.TrainJustInTime(Declaration(name), Steps);
        // The program wrote the parameters that it trained, and those of an instance that loaded its checkpoint.
        Assert.Equal([.. expected, .. expected], File.ReadAllBytes(built["parameters"]));
        using var model = built.Load();
        model.Load(built["checkpoint"]);
        Assert.Equal(expected, Parameters(model));
    }

    [Theory]
    [InlineData("digits", 1)]
    [InlineData("wide", 2)]
    public void TheFacadeTrainsLikeTheJit(string name, int threads)
    {
        using var built = new BuiltModel(name);
        using var model = built.Load(threads);
        Assert.Equal(threads, model.Threads);
        Assert.Equal(BuiltModel.TrainJustInTime(Declaration(name), 0), Parameters(model));
        var train = BuiltModel.Method<TrainStep>(model, "TrainStep");
        var state = 1u;
        for (var i = 0; i < Steps; i++)
        {
            var (images, labels) = BuiltModel.Batch(ref state);
            train(images, labels);
        }
        Assert.Equal(BuiltModel.TrainJustInTime(Declaration(name), Steps), Parameters(model));
    }

    [Fact]
    public void PredictionsAndLossesAreThoseOfTheJit()
    {
        using var built = new BuiltModel("digits");
        using var model = built.Load();
        var declaration = Models.Digits();
        using var step = declaration.Training.Compile();
        using var predictor = step.Predictor(declaration.Prediction!);
        var state = 5u;
        var (images, labels) = BuiltModel.Batch(ref state);
        step.Run<float, int>(images, labels);
        Assert.Equal(step.Loss, BuiltModel.Method<TrainStep>(model, "TrainStep")(images, labels));
        Assert.Equal(predictor.Run<float, float>(images).ToArray(), BuiltModel.Method<Predict>(model, "Predict")(images).ToArray());
    }

    private static byte[] Parameters(Runtime.Deployment.CompiledModel model) =>
        [.. model.ParameterNames.SelectMany(n => MemoryMarshal.AsBytes(model.Parameter<float>(n)).ToArray())];
}
