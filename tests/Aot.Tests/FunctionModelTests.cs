using System.Runtime.InteropServices;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Aot.Tests;

/// <summary>Functions of several outputs compiled ahead of time, and checkpoints that stores, facades and C exchange.</summary>
public sealed class FunctionModelTests
{
    private delegate void Run(ReadOnlySpan<float> x, ReadOnlySpan<int> n);

    private delegate ReadOnlySpan<T> Output<T>();

    // loss is an ordinary name of an output here.
    private static FunctionPlan Declare()
    {
        var g = new GraphBuilder("blend", seed: 2);
        var (x, n) = (g.Input("x", F32[3]), g.Input("n", I32[2]));
        var w = g.Variable("w", F32[3], Initializer.Constant(2));
        var runs = g.Variable("runs", I64.Scalar, Initializer.Zeros, trainable: false);
        return g.Function(("scaled", x * w), ("loss", n.Sum()), ("before", runs)).Assigning(g.Assign(runs, runs + 1));
    }

    [Fact]
    public void AFunctionRunsFromDotNet()
    {
        using var built = new BuiltModel("blend", new ModelDeclaration(Declare()));
        using var model = built.Load();
        var run = BuiltModel.Method<Run>(model, "Run");
        ReadOnlySpan<T> Of<T>(string property) => BuiltModel.Method<Output<T>>(model, $"get_{property}")();
        for (var i = 0; i < 3; i++)
        {
            run([1, 2, 3], [4, 5]);
            Assert.Equal([2f, 4, 6], Of<float>("Scaled"));
            Assert.Equal([9], Of<int>("Loss"));
            Assert.Equal([(long)i], Of<long>("Before"));
        }
        Assert.Null(model.GetType().GetMethod("TrainStep"));
        Assert.Equal("SGC5001", Assert.Throws<RuntimeException>(() => run([1], [4, 5])).Code);
        Assert.Equal(["w", "runs"], model.ParameterNames);
        Assert.Contains("Run(System.ReadOnlySpan{System.Single},System.ReadOnlySpan{System.Int32})", File.ReadAllText(built["blend.xml"]),
            StringComparison.Ordinal);
    }

    [Fact]
    public void AFunctionRunsFromCAndChangesCheckpointsWithAStoreAndAFacade()
    {
        using var built = new BuiltModel("blend", new ModelDeclaration(Declare()));
        using var store = new VariableStore();
        using var compiled = Declare().Compile(new CompileOptions { Threads = 1 }, store);
        store.Write<float>("w", 3, 4, 5);
        store.Write<long>("runs", 40);
        store.Save(built["from_store"]);
        File.WriteAllText(built["main.c"], """
            #include <stdio.h>
            #include "blend.h"
            int main(int argc, char **argv) {
                blend_model *m;
                float x[3] = { 1, 2, 3 }, scaled[3];
                int32_t n[2] = { 4, 5 }, sum;
                int64_t before;
                int status = blend_create(1, &m);
                if (argc != 3 || status) return 1;
                status = blend_load(m, argv[1]);
                if (!status) status = blend_run(m, x, n, scaled, &sum, &before);
                if (!status) status = blend_run(m, x, n, 0, 0, &before);
                printf("%g %g %g %d %d", scaled[0], scaled[1], scaled[2], (int)sum, (int)before);
                if (!status) status = blend_save(m, argv[2]);
                blend_destroy(m);
                return status != 0;
            }
            """);
        Assert.Equal((0, ""), BuiltModel.Run("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", built.Folder,
            "-o", built["main"], built["main.c"], "-L", built.Folder, "-lblend", $"-Wl,-rpath,{built.Folder}"));
        Assert.Equal((0, "3 8 15 9 41"), BuiltModel.Run(built["main"], built["from_store"], built["from_c"]));
        store.Load(built["from_c"]);
        Assert.Equal(42, store.Variable<long>("runs")[0]);
        using var model = built.Load();
        model.Load(built["from_c"]);
        Assert.Equal([3f, 4, 5], model.Parameter<float>("w"));
        model.Parameter<float>("w")[0] = 7;
        model.Save(built["from_facade"]);
        store.Load(built["from_facade"]);
        Assert.Equal([7f, 4, 5], store.Variable<float>("w"));
        Assert.Equal(42, store.Variable<long>("runs")[0]);
    }

    /// <summary>Whatever order a store has its variables in, and with the optimizer's.</summary>
    [Fact]
    public void ACompiledModelGoesOnFromACheckpointOfAStore()
    {
        using var built = new BuiltModel("digits");
        var declaration = Models.Digits();
        using var store = new VariableStore();
        using var last = declaration.Training.Graph.Compile(store, declaration.Training.Graph.ModelParameters[^1].Value);
        using var step = declaration.Training.Compile(new CompileOptions { Threads = 1 }, store);
        var state = 1u;
        void Train(Action<float[], int[]> run, int steps)
        {
            for (var i = 0; i < steps; i++)
            {
                var (images, labels) = BuiltModel.Batch(ref state);
                run(images, labels);
            }
        }
        Train((x, t) => step.Run<float, int>(x, t), 5);
        store.Save(built["checkpoint"]);
        var half = state;
        Train((x, t) => step.Run<float, int>(x, t), 5);
        using var model = built.Load();
        model.Load(built["checkpoint"]);
        state = half;
        var train = BuiltModel.Method<TrainStep>(model, "TrainStep");
        Train((x, t) => train(x, t), 5);
        foreach (var name in model.ParameterNames) Assert.Equal(store.Variable<float>(name), model.Parameter<float>(name));
    }

    [Fact]
    public void AFunctionHasNoTrainingStep() =>
        Assert.Equal("SGC1011", Assert.Throws<IR.Diagnostics.GraphException>(() => new ModelDeclaration(Declare()).Training).Code);
}
