using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Microsoft.Extensions.Logging;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>How many threads a compiled step starts, and when they end.</summary>
[Collection(nameof(RunsAlone))]
[Trait("Category", "AnyLevel")]
public sealed class ThreadTests
{
    [Fact]
    public void ThreadsAreAtMostTheProcessorsAndEndWithTheirSteps()
    {
        ExpectNoWorkers();
        var steps = Enumerable.Range(2, 39).Select(threads => Train(new CompileOptions { Threads = threads })).ToList();
        Assert.InRange(ProcessThreads.Workers, 0, Enumerable.Range(2, Environment.ProcessorCount).Sum(p => p - 1));
        steps.ForEach(s => s.Dispose());
        ExpectNoWorkers();
    }

    [Fact]
    public void ThreadsBeyondTheProcessorsAreLogged()
    {
        var logger = new Lines();
        Train(new CompileOptions { Threads = Environment.ProcessorCount, Logger = logger }).Dispose();
        Assert.DoesNotContain(logger.Informed, l => l.Contains("threads", StringComparison.Ordinal));
        Train(new CompileOptions { Threads = 1000, Logger = logger }).Dispose();
        Assert.Contains(logger.Informed, l => l.StartsWith("1000 threads are asked for", StringComparison.Ordinal));
    }

    [Fact]
    public void ALoadContextWithTheCompilerUnloads()
    {
        var context = TrainInContextOfItsOwn();
        Assert.True(ProcessThreads.EventuallyCollected(() => !context.IsAlive));
    }

    /// <summary>What a plug-in does; called by reflection.</summary>
    internal static void TrainAndDispose() => Train(new CompileOptions { Threads = 2 }).Dispose();

    // Large enough that its kernels are shared.
    private static TrainingStep Train(CompileOptions options)
    {
        var g = new GraphBuilder("wide", seed: 3);
        var h = g.Input("x", F32[64, 64]).Dense(256, "hidden").Relu().Dense(64, "out");
        var step = g.Minimize((h * h).Mean(), new Sgd(0.1)).Compile(options);
        var x = new float[64 * 64];
        for (var i = 0; i < 10; i++) step.Run<float>(x);
        return step;
    }

    private static void ExpectNoWorkers() =>
        Assert.True(ProcessThreads.EventuallyCollected(() => ProcessThreads.Workers == 0), $"{ProcessThreads.Workers} workers");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference TrainInContextOfItsOwn()
    {
        var context = new PlugIn();
        var type = context.LoadFromAssemblyPath(typeof(ThreadTests).Assembly.Location)
            .GetType(typeof(ThreadTests).FullName!, throwOnError: true)!;
        Assert.NotEqual(typeof(ThreadTests), type);
        type.GetMethod(nameof(TrainAndDispose), BindingFlags.Static | BindingFlags.NonPublic)!.Invoke(null, null);
        Assert.Contains(context.Assemblies, a => a.GetName().Name == typeof(GraphBuilder).Assembly.GetName().Name);
        context.Unload();
        return new WeakReference(context);
    }

    /// <summary>Has the whole compiler for itself, and shares what is .NET's.</summary>
    private sealed class PlugIn() : AssemblyLoadContext("plug-in", isCollectible: true)
    {
        protected override Assembly? Load(AssemblyName name) => name.Name!.StartsWith("GraphCompiler.", StringComparison.Ordinal)
            ? LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, $"{name.Name}.dll")) : null;
    }
}
