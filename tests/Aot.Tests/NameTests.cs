using System.Collections.Immutable;
using System.Reflection;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;
using Xunit;
using Xunit.Abstractions;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Aot.Tests;

/// <summary>Every legal name compiles in every form of output; what cannot is refused at the call.</summary>
public sealed class NameTests(ITestOutputHelper output) : IDisposable
{
    private const int Seed = 20251126;
    private static readonly string[] s_c = ["gcc", "-std=c11"], s_cpp = ["g++", "-std=c++17"];
    private readonly string _folder = Directory.CreateTempSubdirectory("names").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("digits\n")]
    [InlineData("")]
    [InlineData("odd-name")]
    [InlineData("../digits")]
    [InlineData("a b")]
    [InlineData("1st")]
    [InlineData("é")]
    [InlineData("pthread")]
    [InlineData("pthread_mutex")]
    [InlineData("timer")]
    [InlineData("mtx")]
    [InlineData("thrd")]
    [InlineData("sem")]
    [InlineData("m")]
    [InlineData("c")]
    [InlineData("string")]
    [InlineData("Math")]
    [InlineData("stdint")]
    [InlineData("nul")]
    [InlineData("System")]
    public void A_model_that_cannot_have_its_name_is_refused(string name)
    {
        var error = Assert.Throws<AotException>(() => CompiledArtefact.Compile(name, Models.Digits(), ["x86-64-v2"], 1));
        Assert.Equal("SGC7105", error.Code);
    }

    [Fact]
    public void A_long_name_is_refused_and_the_longest_builds()
    {
        var name = new string('n', ModelName.MostCharacters);
        var error = Assert.Throws<AotException>(() => CompiledArtefact.Compile(name + "n", Models.Digits(), ["x86-64-v2"], 1));
        Assert.Equal("SGC7105", error.Code);
        using var built = new BuiltModel(name, Models.Digits(), "x86-64-v2", "x86-64-v3");
        built.Load().Dispose();
    }

    [Fact]
    public void The_list_of_functions_is_that_of_the_header()
    {
        var manifest = Manifest("zzz", ["x"], [], []);
        var header = CSource.Header(manifest) + CSource.Header(manifest with { IsFunction = true, Rates = ["sgd/rate"] })
            + CSource.Header(manifest with { Rows = 2 });
        var found = System.Text.RegularExpressions.Regex.Matches(header, "\\bzzz_([a-z_]+)\\(").Select(m => m.Groups[1].Value).Distinct();
        Assert.Equal(CSource.Functions.Order(), found.Order());
    }

    /// <summary>Fifty headers at a time, all in one file, after the system's headers and before them.</summary>
    [Fact]
    public void Headers_are_c11_and_cpp17_whatever_the_names()
    {
        output.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        string[] headers = ["assert", "complex", "errno", "limits", "math", "stdbool", "stdio", "stdlib", "string", "time", "unistd"];
        var standard = string.Concat(headers.Select(h => $"#include <{h}.h>\n"));
        for (var round = 0; round < Rounds; round++)
        {
            // Two whose names differ in case alone are two headers in one program.
            var manifests = Enumerable.Range(0, 50).Select(i => Nasty($"{(i % 2 == 0 ? "model" : "Model")}_{i / 2}", random)).ToList();
            foreach (var m in manifests) File.WriteAllText(Path.Combine(_folder, $"{m.Model}.h"), CSource.Header(m));
            var includes = string.Concat(manifests.Select(m => $"#include \"{m.Model}.h\"\n"));
            foreach (var text in (string[])[standard + includes, includes + standard])
            {
                File.WriteAllText(Path.Combine(_folder, "all.c"), text + "int main(void) { return 0; }\n");
                foreach (var compiler in (string[][])[s_c, ["gcc", "-std=gnu17"], s_cpp, ["g++", "-std=gnu++20"]])
                {
                    string[] language = compiler[0] == "g++" ? ["-x", "c++"] : [];
                    var (code, messages) = Compile([.. compiler, .. language], "all.c", "-fsyntax-only");
                    Assert.True(code == 0 && messages.Length == 0, $"round {round}, {string.Join(' ', compiler)}: {messages}");
                }
            }
        }
    }

    private static int Rounds => Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1" ? 50 : 2;

    // Also writes the facade and its documentation, which must be XML.
    private static ModelManifest Nasty(string name, Random random)
    {
        string[] inputs = [.. Enumerable.Range(0, random.Next(6)).Select(_ => NastyNames.Legal(random)).Except(["loss", "output"])];
        string[] parameters = [.. Enumerable.Range(0, 6).Select(_ => NastyNames.Legal(random)).Except([.. inputs, "loss"])];
        string[] metrics = [.. Enumerable.Range(0, 4).Select(_ => NastyNames.Any(random)).Except([.. inputs, .. parameters, "loss"])];
        var manifest = Manifest(name, inputs, parameters, metrics);
        Facade.Write(manifest with { Training = [.. manifest.Training.Where(b => b.Role != BufferRole.Input)] });
        System.Xml.Linq.XDocument.Parse(Facade.Documentation(manifest));
        return manifest;
    }

    /// <summary>A model whose every name is nasty, built, called from C, C++ and C#.</summary>
    [Fact]
    public void A_model_of_nasty_names_builds_and_is_called_from_three_languages()
    {
        string[] inputs = ["NULL", "int32_t", "call"];
        string[] variables =
            ["layer1.weight", "layer1_weight", "TrainStep", "asm", "a/b", "a.b", "Dispose", "ParameterNames", "nasty", "_"];
        string[] metrics = ["I", "m.x", "m/x", "m_x"];
        var g = new GraphBuilder("nasty", seed: 1);
        var sum = inputs.Select(n => g.Input(n, F32[4])).ToList().Aggregate((a, b) => a + b);
        foreach (var name in variables) sum *= g.Variable(name, F32[4], Initializer.Constant(2));
        var plan = g.Minimize(sum.Mean(), new Sgd(0), metrics.ToDictionary(m => m, _ => sum));
        using var built = new BuiltModel("Nasty", new ModelDeclaration(plan, g.Inputs.First().Exp()));
        var manifest = ModelManifest.Read(built["Nasty.json"]);
        Assert.Equal(metrics, manifest.Training.Where(b => b.Role == BufferRole.Output).Skip(1).Select(b => b.Name));

        File.WriteAllText(built["use.c"], """
            #include "Nasty.h"
            #include <stdio.h>
            int main(void) {
                Nasty_model *m;
                const float x[4] = {1, 1, 1, 1};
                float loss, out[4];
                if (Nasty_create(1, &m) || Nasty_train_step(m, x, x, x, &loss, out, NULL, NULL, NULL)) return 1;
                for (int i = 0; i < Nasty_parameter_count(); i++) puts(Nasty_parameter_name(i));
                Nasty_train_step(m, x, NULL, x, &loss, NULL, NULL, NULL, NULL);
                puts(Nasty_last_error(m));
                printf("%g %g\n", (double)loss, (double)out[0]);
                Nasty_destroy(m);
                return 0;
            }
            """);
        foreach (var compiler in (string[][])[s_c, [.. s_cpp, "-x", "c++"]])
        {
            Assert.Equal((0, ""), BuiltModel.Run(compiler[0], [.. compiler[1..], .. Warnings, "-o", built["use"], built["use.c"],
                "-x", "none", "-I", built.Folder, "-L", built.Folder, "-lNasty", $"-Wl,-rpath,{built.Folder}"]));
            var expected = string.Join('\n', variables) + "\nerror SGC5001: a null pointer was given for input int32_t\n3072 3072\n";
            Assert.Equal((0, expected), BuiltModel.Run(built["use"]));
        }
        CallFromCSharp(built, inputs, variables, metrics);
    }

    private static void CallFromCSharp(BuiltModel built, string[] inputs, string[] variables, string[] metrics)
    {
        var names = new ModelNames(ModelManifest.Read(built["Nasty.json"]));
        var arguments = string.Join(", ", inputs.Select(n => $"{names.Argument(n)}: x"));
        var properties = string.Join(" + ", variables.Concat(metrics).Select(n => $"m.{names.Member(n)}[0]"));
        File.WriteAllText(built["Use.cs"], $$"""
            public static class Use
            {
                public static float Run(string folder)
                {
                    using var m = new CompiledModels.{{Identifiers.ClassOf("Nasty")}}(threads: 1, folder: folder);
                    float[] x = [1, 1, 1, 1];
                    return m.TrainStep({{arguments}}) + {{properties}};
                }
            }
            """);
        CSharp.Compile(built["Use.cs"], built["Use.dll"], built["Nasty.dll"], typeof(CompiledModel).Assembly.Location);
        var context = new System.Runtime.Loader.AssemblyLoadContext("use");
        context.LoadFromAssemblyPath(built["Nasty.dll"]);
        var run = context.LoadFromAssemblyPath(built["Use.dll"]).GetType("Use")!.GetMethod("Run")!;
        var sum = (float)run.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [built.Folder], null)!;
        Assert.Equal(3072 + 2 * variables.Length + 3072 * metrics.Length, sum);
    }

    [Fact]
    public void A_metric_whose_name_is_no_text_is_refused()
    {
        var g = new GraphBuilder("lone", seed: 1);
        var w = g.Variable("w", F32[4], Initializer.HeNormal);
        var metrics = new Dictionary<string, Value> { ["\uD800"] = w };
        var error = Record.Exception(() =>
            CompiledArtefact.Compile("lone", new(g.Minimize(w.Mean(), new Sgd(0), metrics)), ["x86-64-v2"], 1));
        // The builder refuses it, or else what would have to write it.
        Assert.Contains((error as GraphException)?.Code ?? (error as AotException)?.Code, (string[])["SGC1006", "SGC7105"]);
    }

    [Fact]
    public void Files_that_differ_in_case_alone_are_not_written_beside_one_another()
    {
        var (small, capital) = (CompiledArtefact.Compile("digits", Models.Digits(), ["x86-64-v2"], 1),
            CompiledArtefact.Compile("Digits", Models.Digits(), ["x86-64-v2"], 1));
        ArtefactWriter.Write(small, _folder, ["header"]);
        Assert.Equal("SGC7105", Assert.Throws<AotException>(() => ArtefactWriter.Write(capital, _folder, ["header"])).Code);
        var names = Directory.GetFileSystemEntries(_folder).Select(f => Path.GetFileName(f));
        Assert.Equal(["digits.h", "digits.json"], names.Order(StringComparer.Ordinal));
    }

    private static string[] Warnings { get; } = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

    private (int ExitCode, string Output) Compile(string[] compiler, string file, params string[] more) =>
        BuiltModel.Run(compiler[0], [.. compiler[1..], .. Warnings, "-I", _folder, .. more, Path.Combine(_folder, file)]);

    // As the compiler would write it, had it compiled such a model.
    internal static ModelManifest Manifest(string name, string[] inputs, string[] parameters, string[] metrics)
    {
        static IEnumerable<ManifestBuffer> Buffers(IEnumerable<string> names, BufferRole role) =>
            names.Select((n, i) => new ManifestBuffer(n, role, Enum.GetValues<ElementType>()[i % 10], [2, 3]));
        ImmutableArray<ManifestBuffer> training = [.. Buffers(inputs, BufferRole.Input), .. Buffers(parameters, BufferRole.State),
            new("loss", BufferRole.Output, ElementType.F32, []), .. Buffers(metrics, BufferRole.Output)];
        ImmutableArray<ManifestBuffer> prediction = [.. Buffers(inputs.Take(1).DefaultIfEmpty("only"), BufferRole.Input),
            new("output", BufferRole.Output, ElementType.F32, [2])];
        var hash = new string('0', 64);
        return new ModelManifest
        {
            Model = name, Abi = KernelAbi.Version, Compiler = "0.1.0", Platform = ModelManifest.HostPlatform,
            SourceSha256 = hash, MaxThreads = 2, IsFunction = false, Files = [],
            Training = training, Prediction = prediction, Parameters = [.. parameters],
            Variants = [new("native", [], hash, new("step", 64, false, true), new("forward", 64, false, false))],
        };
    }
}
