using System.Text;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;
using Xunit;

namespace GraphCompiler.Aot.Tests;

public sealed class BadInputTests
{
    private static readonly string s_models = typeof(Models).Assembly.Location;

    private static string CodeOf(Action action) => Record.Exception(action) switch
    {
        AotException e => e.Code,
        GraphException e => e.Code,
        RuntimeException e => e.Code,
        BackendException e => e.Code,
        var other => $"{other?.GetType().Name ?? "nothing"}: {other?.Message}",
    };

    [Fact]
    public void ListingNamesTheModelsInOrder() =>
        Assert.Equal(["digits", "wide", "sized", "twice", "twice", "failing", "odd-name", "cased", "Cased"],
            ModelAssembly.List(s_models).Select(m => m.Name));

    [Fact]
    public void WrongDeclarationsAreCodedErrors()
    {
        Assert.Equal("SGC7103", CodeOf(() => ModelAssembly.Declare(s_models, "missing")));
        Assert.Equal("SGC7104", CodeOf(() => ModelAssembly.Declare(s_models, "twice")));
        Assert.Equal("SGC7104", CodeOf(() => ModelAssembly.Declare(s_models, "cased")));
        Assert.Equal("SGC7106", CodeOf(() => ModelAssembly.Declare(s_models, "failing")));
        Assert.Equal("SGC7102", CodeOf(() => ModelAssembly.List(Path.ChangeExtension(s_models, ".deps.json"))));
        Assert.Equal("SGC7102", CodeOf(() => ModelAssembly.List("missing.dll")));
        Assert.Equal("SGC7105", CodeOf(() => CompiledArtefact.Compile("odd-name", Models.Digits(), ["native"], 1)));
        Assert.Equal("SGC7102", CodeOf(() => ModelAssembly.List("")));
        Assert.Equal("SGC4004", CodeOf(() => CompiledArtefact.Compile("digits", Models.Digits(), ["z80"], 1)));
        Assert.Equal("SGC4004", CodeOf(() => CompiledArtefact.Compile("digits", Models.Digits(), [], 1)));
        Assert.Equal("SGC1011", CodeOf(() => CompiledArtefact.Compile("digits", Models.Digits(), ["native"], 0)));
    }

    [Fact]
    public void AFolderThatCannotBeWrittenIsLeftAlone()
    {
        var artefact = CompiledArtefact.Compile("digits", Models.Digits(), ["x86-64-v2"], 1);
        var folder = Directory.CreateTempSubdirectory("graphc").FullName;
        var file = Path.Combine(folder, "file");
        File.WriteAllText(file, "");
        Assert.Equal("SGC7107", CodeOf(() => ArtefactWriter.Write(artefact, Path.Combine(file, "out"), ["obj"])));
        Assert.Equal("SGC7108", CodeOf(() => ArtefactWriter.Write(artefact, folder, ["pdf"])));
        // A file in the way of the second file to be moved: nothing temporary stays.
        Directory.CreateDirectory(Path.Combine(folder, "digits.h", "x"));
        Assert.Equal("SGC7107", CodeOf(() => ArtefactWriter.Write(artefact, folder, ["obj", "header"])));
        Assert.False(File.Exists(Path.Combine(folder, "digits.json")));
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(folder), p => p.EndsWith(".tmp", StringComparison.Ordinal));
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("digits.json", "SGC7201")]
    [InlineData("libdigits.so", "SGC7202")]
    [InlineData("digits.o", "SGC7202")]
    [InlineData("digits.dll", "SGC7202")]
    public void AlteredAndTruncatedFilesAreRefusedBeforeTheyRun(string file, string code)
    {
        using var built = new BuiltModel("digits");
        var model = built.Load(); // The assembly is in memory from here on.
        var type = model.GetType();
        model.Dispose();
        void Load() => built.Create(type);
        var bytes = File.ReadAllBytes(built[file]);
        void Replace(byte[] with)
        {
            File.Delete(built[file]); // The process may still map the old one.
            File.WriteAllBytes(built[file], with);
        }
        Replace(bytes[..^100]);
        Assert.Equal(code, CodeOf(Load));
        var altered = bytes.ToArray();
        altered[^10] ^= 1;
        Replace(altered);
        Assert.Equal(code, CodeOf(Load));
        Replace(bytes);
        Assert.Equal("nothing: ", CodeOf(Load));
    }

    [Fact]
    public void WhatDoesNotFitTheMachineIsRefused()
    {
        using var built = new BuiltModel("digits");
        var manifest = ModelManifest.Read(built["digits.json"]);
        string With(ModelManifest changed)
        {
            File.WriteAllText(built["digits.json"], changed.Serialize());
            return CodeOf(() => built.Load().Dispose());
        }
        Assert.Equal("SGC7203", With(manifest with { Abi = manifest.Abi + 1 }));
        Assert.Equal("SGC7204", With(manifest with { Platform = "z80-linux" }));
        Assert.Equal("SGC7205", With(manifest with { Variants = [manifest.Variants[0] with { CpuFeatures = ["sse3", "mmx9"] }] }));
        Assert.Equal("SGC7206", With(manifest with { SourceSha256 = new string('0', 64) }));
        Assert.Equal("nothing: ", With(manifest));
        Assert.Equal("SGC7207", CodeOf(() => built.Load(BuiltModel.Threads + 1)));
        File.Delete(built["libdigits.so"]);
        Assert.Equal("SGC6001", CodeOf(() => built.Load()));
    }

    [Fact]
    public void WrongUseOfALoadedModelIsACodedError()
    {
        using var built = new BuiltModel("digits");
        var model = built.Load();
        var train = BuiltModel.Method<TrainStep>(model, "TrainStep");
        var state = 1u;
        var (images, labels) = BuiltModel.Batch(ref state);
        Assert.Equal("SGC5001", CodeOf(() => train(images.AsSpan(1), labels)));
        Assert.Equal("SGC5004", CodeOf(() => model.Parameter<float>("images")));
        Assert.Equal("SGC5003", CodeOf(() => model.Parameter<int>(model.ParameterNames[0])));
        Assert.Equal("SGC6001", CodeOf(() => model.Load(built["missing"])));
        model.Save(built["checkpoint"]);
        var bytes = File.ReadAllBytes(built["checkpoint"]);
        bytes[100] ^= 1;
        File.WriteAllBytes(built["checkpoint"], bytes);
        Assert.Equal("SGC7208", CodeOf(() => model.Load(built["checkpoint"])));
        File.WriteAllBytes(built["checkpoint"], bytes[..^1]);
        Assert.Equal("SGC7208", CodeOf(() => model.Load(built["checkpoint"])));
        model.Dispose();
        model.Dispose();
        Assert.Equal("SGC5002", CodeOf(() => train(images, labels)));
        Assert.Equal("SGC5002", CodeOf(() => model.Save(built["checkpoint"])));
    }
}
