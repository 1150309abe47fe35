using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using GraphCompiler.Runtime.Deployment;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Aot.Tests;

/// <summary>How the threads of a built model wait and end, in C and in .NET; what keeps load contexts.</summary>
[Collection(nameof(RunsAlone))]
public sealed class ThreadTests
{
    private const int Steps = 60;

    [Theory]
    [InlineData("fork")]
    [InlineData("affinity")]
    [InlineData("confined")]
    [InlineData("idle")]
    public void ACProgramsWorkersNeitherHangNorSpin(string mode)
    {
        using var built = new BuiltModel("wide");
        var compile = BuiltModel.Run("cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-DMODEL=wide", "-DHEADER=\"wide.h\"",
            "-I", built.Folder, "-o", built["threads"], Path.Combine(AppContext.BaseDirectory, "threads.c"),
            "-L", built.Folder, "-lwide", $"-Wl,-rpath,{built.Folder}");
        Assert.Equal((0, ""), compile);
        Assert.Equal((0, ""), BuiltModel.Run(built["threads"], mode, $"{Steps}", built["child"], built["parameters"]));
        var expected = BuiltModel.TrainJustInTime(Models.Wide(), Steps);
        Assert.Equal(expected, File.ReadAllBytes(built["parameters"]));
        if (mode == "fork") Assert.Equal(expected, File.ReadAllBytes(built["child"]));
    }

    [Fact]
    public void AFacadesThreadsEndWithItAndItsLoadContextUnloads()
    {
        using var built = new BuiltModel("wide");
        var context = TrainInContextOfItsOwn(built);
        Assert.True(ProcessThreads.EventuallyCollected(() => !context.IsAlive),
            "the context of the facade and of the runtime is held");
        Assert.True(ProcessThreads.EventuallyCollected(() => ProcessThreads.Workers == 0), $"{ProcessThreads.Workers} workers");
    }

    [Fact]
    public void TheContextOfADeclaringAssemblyUnloads()
    {
        Declare();
        Assert.True(ProcessThreads.EventuallyCollected(() => AssemblyLoadContext.All.All(c => c.Name != "models")));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Declare()
    {
        Assert.NotNull(ModelAssembly.Declare(typeof(Models).Assembly.Location, "digits"));
        Assert.Contains(AssemblyLoadContext.All, c => c.Name == "models");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference TrainInContextOfItsOwn(BuiltModel built)
    {
        var context = new FacadeContext();
        var type = context.LoadFromAssemblyPath(built[$"{built.Name}.dll"])
            .GetType($"{Facade.Namespace}.{Facade.ClassName(built.Name)}", throwOnError: true)!;
        Assert.NotEqual(typeof(CompiledModel), type.BaseType);
        var model = (IDisposable)type.GetConstructors().Single().Invoke([BuiltModel.Threads, built.Folder]);
        var state = 1u;
        for (var i = 0; i < Steps; i++)
        {
            var (images, labels) = BuiltModel.Batch(ref state);
            ((TrainStep)Delegate.CreateDelegate(typeof(TrainStep), model, "TrainStep"))(images, labels);
        }
        model.Dispose();
        context.Unload();
        return new WeakReference(context);
    }

    /// <summary>Has a runtime of its own, as a plug-in may.</summary>
    private sealed class FacadeContext() : AssemblyLoadContext("facade", isCollectible: true)
    {
        protected override System.Reflection.Assembly? Load(System.Reflection.AssemblyName name) =>
            name.Name == typeof(CompiledModel).Assembly.GetName().Name ? LoadFromAssemblyPath(typeof(CompiledModel).Assembly.Location)
                : null;
    }
}
