using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.Frontend;
using GraphCompiler.Runtime.Deployment;

namespace GraphCompiler.Aot.Tests;

internal delegate float TrainStep(ReadOnlySpan<float> images, ReadOnlySpan<int> labels);

internal delegate ReadOnlySpan<float> Predict(ReadOnlySpan<float> images);

/// <summary>A model built into a folder of its own, which goes away with it.</summary>
internal sealed class BuiltModel : IDisposable
{
    public const int Threads = 2;

    public BuiltModel(string name, params string[] targets)
        : this(name, ModelAssembly.Declare(typeof(Models).Assembly.Location, name), targets)
    {
    }

    public BuiltModel(string name, ModelDeclaration model, params string[] targets)
        : this([new SizedDeclaration(0, model)], name, targets)
    {
    }

    public BuiltModel(IReadOnlyList<SizedDeclaration> sizes, string name, params string[] targets)
    {
        Name = name;
        try
        {
            var artefact = CompiledArtefact.CompileSizes(name, sizes, targets.Length > 0 ? targets : [TargetInfo.Create().Name], Threads);
            ArtefactWriter.Write(artefact, Folder, ArtefactWriter.DefaultKinds);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Name { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("graphc").FullName;

    public string this[string file] => Path.Combine(Folder, file);

    /// <summary>The generated class, loaded in a context that shares the runtime alone.</summary>
    public Type LoadType() => new AssemblyLoadContext(Name).LoadFromAssemblyPath(this[$"{Name}.dll"])
        .GetType($"{Facade.Namespace}.{Facade.ClassName(Name)}", throwOnError: true)!;

    /// <summary>An instance of it.</summary>
    public CompiledModel Load(int threads = 1) => Create(LoadType(), threads);

    /// <summary>An instance of a class that was loaded before.</summary>
    public CompiledModel Create(Type type, int threads = 1) =>
        (CompiledModel)type.GetConstructors().Single().Invoke(BindingFlags.DoNotWrapExceptions, null, [threads, Folder], null);

    public static T Method<T>(CompiledModel model, string name) where T : Delegate =>
        model.GetType().GetMethod(name)!.CreateDelegate<T>(model);

    /// <summary>A batch that C makes in the same way: multiples of 2^-16 from a linear congruential generator.</summary>
    public static (float[] Images, int[] Labels) Batch(ref uint state)
    {
        var (images, labels) = (new float[Models.Batch * Models.Features], new int[Models.Batch]);
        uint Next(ref uint s) => (s = unchecked(s * 1664525 + 1013904223)) >> 16;
        foreach (ref var x in images.AsSpan()) x = Next(ref state) / 65536f;
        foreach (ref var t in labels.AsSpan()) t = (int)(Next(ref state) % Models.Classes);
        return (images, labels);
    }

    /// <summary>Parameters after some steps of the same model, compiled just in time.</summary>
    public static byte[] TrainJustInTime(ModelDeclaration model, int steps)
    {
        using var step = model.Training.Compile(new CompileOptions { Threads = Threads });
        var state = 1u;
        for (var i = 0; i < steps; i++)
        {
            var (images, labels) = Batch(ref state);
            step.Run<float, int>(images, labels);
        }
        var names = model.Training.Graph.ModelParameters.Select(p => p.Value.Name!);
        return [.. names.SelectMany(n => MemoryMarshal.AsBytes(step.Variable<float>(n)).ToArray())];
    }

    public static (int ExitCode, string Output) Run(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        return Finish(process);
    }

    /// <summary>Starts a program; variables of its environment are set to what follows their name.</summary>
    public static Process Start(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Waits for its end; gives all that it printed.</summary>
    public static (int ExitCode, string Output) Finish(Process process)
    {
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
