using System.Collections.Immutable;
using System.Runtime.InteropServices;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Aot.Tests;

/// <summary>One library for several sizes of batches, over one state.</summary>
[Trait("Category", "Target")]
public sealed class BatchSizeTests(BatchSizeTests.Library library) : IClassFixture<BatchSizeTests.Library>
{
    private static readonly int[] s_sizes = [6, 1, 3];

    // Full batches, a remainder, single rows, and back.
    private static readonly int[] s_batches = [6, 6, 3, 1, 6, 1, 3];

    private delegate ReadOnlySpan<int> Best();

    private static (float[] Images, int[] Labels) Batch(int rows, ref uint state)
    {
        var (images, labels) = BuiltModel.Batch(ref state);
        return (images[..(rows * Models.Features)], labels[..rows]);
    }

    private static Specializations<TrainingStep> Steps() =>
        Specializations.ByRows(rows => Models.Sized(rows).Training, new CompileOptions { Threads = 2 });

    [Fact]
    public void The_facade_takes_the_code_for_the_rows_and_has_the_bits_of_the_specialisations()
    {
        using var model = library.Built.Load(threads: 2);
        using var steps = Steps();
        using var predictors = Specializations.ByRows(rows => Models.Sized(rows) is var m
            ? m.Training.Graph.Function(("output", m.Prediction!)) : null!, new CompileOptions { Threads = 2 }, steps.Variables);
        var (train, best, predict) = (BuiltModel.Method<TrainStep>(model, "TrainStep"), BuiltModel.Method<Best>(model, "get_Best"),
            BuiltModel.Method<Predict>(model, "Predict"));
        Assert.Equal(s_sizes, model.BatchSizes);
        var state = 1u;
        foreach (var rows in s_batches)
        {
            var (images, labels) = Batch(rows, ref state);
            steps[rows].Run<float, int>(images, labels);
            Assert.Equal(steps[rows].Loss, train(images, labels));
            Assert.Equal(steps[rows].Output<int>("best").ToArray(), best().ToArray());
            predictors[rows].Run<float>(images);
            Assert.Equal(predictors[rows].Output<float>("output").ToArray(), predict(images).ToArray());
        }
        foreach (var name in model.ParameterNames) Assert.Equal(BytesOf(steps.Variables.Variable<float>(name)), BytesOf(model, name));
    }

    [Fact]
    public void A_batch_of_other_rows_is_refused_with_the_sizes_that_there_are()
    {
        using var model = library.Built.Load();
        var (train, predict) = (BuiltModel.Method<TrainStep>(model, "TrainStep"), BuiltModel.Method<Predict>(model, "Predict"));
        var before = model.ParameterNames.Select(n => BytesOf(model, n)).ToArray();
        void Refused(string code, string text, Action run)
        {
            var error = Assert.Throws<RuntimeException>(run);
            Assert.Equal(code, error.Code);
            Assert.Contains(text, error.Message, StringComparison.Ordinal);
        }
        Refused("SGC7209", "'images' has 2 rows, and model 'sized' was compiled for batches of 6, 1, 3; build it with --batch 6,1,3,2",
            () => train(new float[2 * Models.Features], new int[2]));
        Refused("SGC7209", "has 7 rows", () => predict(new float[7 * Models.Features]));
        Refused("SGC5001", "no whole rows", () => predict(new float[Models.Features + 1]));
        Refused("SGC5001", "no whole rows", () => predict([]));
        // As many images as a size has, and other labels.
        Refused("SGC5001", "'labels' is i32[3]", () => train(new float[3 * Models.Features], new int[6]));
        Assert.Equal(before, model.ParameterNames.Select(n => BytesOf(model, n)));
    }

    [Fact]
    public void A_C_program_trains_with_all_sizes_over_one_state_and_weights_go_both_ways()
    {
        var built = library.Built;
        Assert.Equal((0, ""), BuiltModel.Run("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", built.Folder,
            "-o", built["sizes"], Path.Combine(AppContext.BaseDirectory, "sizes.c"), "-L", built.Folder, "-lsized",
            $"-Wl,-rpath,{built.Folder}"));
        string[] arguments = [built["c.ckpt"], built["c.safetensors"], .. s_batches.Select(b => $"{b}")];
        var (code, output) = BuiltModel.Run(built["sizes"], arguments);
        Assert.True(code == 0, output);
        Assert.Equal("sizes 6 1 3 -1\nerror SGC7209: 2 rows are given, and the model was compiled for batches of 6, 1, 3; build it with"
            + " --batch\n", output);

        using var steps = Steps();
        var state = 1u;
        foreach (var rows in s_batches)
        {
            var (images, labels) = Batch(rows, ref state);
            steps[rows].Run<float, int>(images, labels);
        }
        using var model = built.Load();
        model.Load(built["c.ckpt"]);
        foreach (var name in model.ParameterNames) Assert.Equal(BytesOf(steps.Variables.Variable<float>(name)), BytesOf(model, name));
        // The same bytes from C, the facade and the store at run time; and each reads the others'.
        steps.Variables.SaveWeights(built["store.safetensors"]);
        model.SaveWeights(built["facade.safetensors"]);
        Assert.Equal(File.ReadAllBytes(built["store.safetensors"]), File.ReadAllBytes(built["c.safetensors"]));
        Assert.Equal(File.ReadAllBytes(built["store.safetensors"]), File.ReadAllBytes(built["facade.safetensors"]));
        using var fresh = built.Load();
        var report = fresh.LoadWeights(built["c.safetensors"]);
        Assert.Equal(fresh.ParameterNames.Count, report.Loaded.Length);
        foreach (var name in model.ParameterNames) Assert.Equal(BytesOf(model, name), BytesOf(fresh, name));
        Assert.Equal("SGC6001", Assert.Throws<RuntimeException>(() => fresh.LoadWeights(built["none"])).Code);
    }

    [Fact]
    public void The_manifest_and_graphc_say_the_sizes()
    {
        var manifest = ModelManifest.Read(library.Built["sized.json"]);
        Assert.Equal(s_sizes, manifest.Sizes.Select(s => s.Rows));
        Assert.Equal([6, Models.Features], manifest.Training[0].Shape.ToArray());
        Assert.Equal([1, Models.Features], manifest.OtherSizes[0].Training[0].Shape.ToArray());
        Assert.Contains("images /* [rows,64] */", File.ReadAllText(library.Built["sized.h"]), StringComparison.Ordinal);
        Assert.Contains("f32[rows,64]", File.ReadAllText(library.Built["sized.xml"]), StringComparison.Ordinal);
        var (code, output) = BuiltModel.Run("dotnet", Path.Combine(AppContext.BaseDirectory, "graphc.dll"), "inspect",
            library.Built["sized.json"]);
        Assert.True(code == 0, output);
        Assert.Contains("batches of 6, 1, 3 rows", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Declarations_that_differ_in_more_than_their_rows_are_refused()
    {
        var path = typeof(Models).Assembly.Location;
        void Refused(string code, string text, Action run)
        {
            var error = Assert.ThrowsAny<Exception>(run);
            Assert.Equal(code, error is AotException aot ? aot.Code : ((RuntimeException)error).Code);
            Assert.Contains(text, error.Message, StringComparison.Ordinal);
        }
        void Compile(params (int Rows, ModelDeclaration Model)[] sizes) => CompiledArtefact.CompileSizes("model",
            [.. sizes.Select(s => new SizedDeclaration(s.Rows, s.Model))], ["x86-64-v2"], 1);
        ModelDeclaration Function(Func<GraphBuilder, Value> output)
        {
            var g = new GraphBuilder("f");
            return new(g.Function(("y", output(g))));
        }
        Refused("SGC7113", "--batch 64,1", () => ModelAssembly.Declare(path, "sized"));
        Refused("SGC7113", "(int rows)", () => ModelAssembly.Declare(path, "digits", [4]));
        Refused("SGC7113", "no batch size", () => Compile());
        Refused("SGC7113", "named twice", () => Compile((2, Models.Sized(2)), (2, Models.Sized(2))));
        Refused("SGC7113", "0 rows", () => Compile((2, Models.Sized(2)), (0, Models.Sized(1))));
        Refused("SGC7113", "is missing", () => Compile((2, Models.Sized(2)), (1, new(Models.Sized(1).Training))));
        Refused("SGC5006", "variable 'w'", () => Compile([.. new[] { 2, 3 }.Select(r => (r, Function(g =>
            g.Input("x", F32[r]) * g.Variable("w", F32[r], Initializer.Zeros))))]));
        Refused("SGC7113", "nothing but sizes", () => Compile((2, Function(g => g.Input("x", F32[2]).Exp())),
            (3, Function(g => g.Input("z", F32[3]).Exp()))));
        Refused("SGC7113", "no input of 'model' has the rows", () => Compile((2, Function(g => g.Input("x", F32[5, 2]).Exp())),
            (3, Function(g => g.Input("x", F32[5, 3]).Exp()))));
    }

    /// <summary>An input's name does not collide with the argument that C has the rows in.</summary>
    [Fact]
    public void An_input_may_be_named_rows()
    {
        var buffers = (int rows) => ImmutableArray.Create(new ManifestBuffer("rows", BufferRole.Input, ElementType.F32, [rows]),
            new ManifestBuffer("loss", BufferRole.Output, ElementType.F32, []));
        var manifest = ModelManifest.Read(library.Built["sized.json"]) with
        {
            Rows = 2, Training = buffers(2), Prediction = [], OtherSizes = [new(1, buffers(1), [])], Parameters = [],
        };
        var header = CSource.Header(manifest);
        Assert.Contains("int64_t rows,\n    const float *rows_ /* [rows] */", header, StringComparison.Ordinal);
        Assert.Contains("sized_train_step_1(sized_model *model,\n    const float *rows_ /* [1] */", header, StringComparison.Ordinal);
    }

    private static byte[] BytesOf(CompiledModel model, string name) => BytesOf(model.Parameter<float>(name));

    private static byte[] BytesOf(Span<float> elements) => MemoryMarshal.AsBytes(elements).ToArray();

    /// <summary>The library that the tests share.</summary>
    public sealed class Library : IDisposable
    {
        internal BuiltModel Built { get; } =
            new(ModelAssembly.Declare(typeof(Models).Assembly.Location, "sized", s_sizes), "sized");

        public void Dispose() => Built.Dispose();
    }
}
