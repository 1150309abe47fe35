using System.Runtime.InteropServices;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Aot.Tests;

/// <summary>A model with batch normalization and names that nest, built to C: it trains, and predicts with running statistics.</summary>
public sealed class NormalizedModelTests
{
    private const int Rows = 6, Features = 4, Steps = 5;

    private static (TrainingPlan Plan, Value Y) Declare()
    {
        var g = new GraphBuilder("normal", seed: 5);
        var (x, t) = (g.Input("x", F32[Rows, Features]), g.Input("t", F32[Rows, 1]));
        var y = x.Repeat(2, (h, _) => h.Residual(k => k.Dense(Features).BatchNorm("norm").Relu())).Dense(1);
        return (g.Minimize(y.MeanSquaredError(t), new Sgd(0.05)), y);
    }

    private static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => 3 * random.NextSingle())];
    }

    [Fact]
    public void ItTrainsInCAndPredictsWithRunningStatistics()
    {
        var (plan, y) = Declare();
        using var built = new BuiltModel("normal", new ModelDeclaration(plan, y));
        var (x, t) = (Numbers(Rows * Features, 1), Numbers(Rows, 2));
        File.WriteAllBytes(built["batch"], [.. MemoryMarshal.AsBytes<float>(x), .. MemoryMarshal.AsBytes<float>(t)]);
        File.WriteAllText(built["main.c"], $$"""
            #include <stdio.h>
            #include "normal.h"
            #define CHECK(x) do { if (!(x)) { fprintf(stderr, "line %d: %s\n", __LINE__, #x); return 1; } } while (0)
            int main(int argc, char **argv) {
                float x[{{x.Length}}], t[{{t.Length}}], loss, y[{{Rows}}], variance[{{Features}}];
                normal_model *m;
                FILE *batch = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
                CHECK(argc == 3 && batch && out);
                CHECK(fread(x, sizeof x, 1, batch) == 1 && fread(t, sizeof t, 1, batch) == 1);
                CHECK(normal_create(1, &m) == 0);
                for (int i = 0; i < {{Steps}}; i++) CHECK(normal_train_step(m, x, t, &loss) == 0);
                CHECK(normal_get_parameter(m, "block1/residual/norm/running_variance", variance, sizeof variance) == 0);
                CHECK(fwrite(variance, sizeof variance, 1, out) == 1);
                CHECK(normal_predict(m, x, y) == 0 && fwrite(y, sizeof y, 1, out) == 1);
                /* Each row is predicted by itself. */
                for (int i = {{Features}}; i < {{x.Length}}; i++) x[i] = -x[i];
                CHECK(normal_predict(m, x, y) == 0 && fwrite(y, sizeof *y, 1, out) == 1);
                normal_destroy(m);
                fclose(batch);
                return fclose(out);
            }
            """);
        Assert.Equal((0, ""), BuiltModel.Run("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", built.Folder,
            "-o", built["main"], built["main.c"], "-L", built.Folder, "-lnormal", $"-Wl,-rpath,{built.Folder}"));
        Assert.Equal((0, ""), BuiltModel.Run(built["main"], built["batch"], built["results"]));
        using var step = plan.Compile(new CompileOptions { Threads = 1 });
        for (var i = 0; i < Steps; i++) step.Run<float, float>(x, t);
        using var predictor = step.Predictor(y);
        var variance = step.Variable<float>("block1/residual/norm/running_variance").ToArray();
        var predicted = predictor.Run<float, float>(x).ToArray();
        Assert.All(variance, v => Assert.NotEqual(1, v));
        Assert.Equal(MemoryMarshal.AsBytes<float>([.. variance, .. predicted, predicted[0]]).ToArray(),
            File.ReadAllBytes(built["results"]));
    }
}
