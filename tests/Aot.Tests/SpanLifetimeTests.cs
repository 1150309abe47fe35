using System.Reflection;
using System.Runtime.InteropServices;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Data;
using GraphCompiler.Runtime.Deployment;
using GraphCompiler.Tests.Shared;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Aot.Tests;

/// <summary>Every span that the public API gives keeps its memory alive, without its owner and after the owner is disposed; and what a
/// compiled model gives to one thread is not overwritten by another.</summary>
public sealed unsafe class SpanLifetimeTests(SpanLifetimeTests.BuiltModels built) : IClassFixture<SpanLifetimeTests.BuiltModels>
{
    private const int Size = 160;

    private static readonly Type[] s_spans = [typeof(Span<>), typeof(ReadOnlySpan<>), typeof(Memory<>), typeof(ReadOnlyMemory<>)];

    private delegate ReadOnlySpan<T> Give<TOwner, T>(TOwner owner);

    // Each makes all that a span comes from, and gives nothing but the span.
    private delegate ReadOnlySpan<byte> Source(BuiltModels built, bool disposes);

    private static readonly Dictionary<string, Source> s_sources = new()
    {
        ["Executable.State<1>(String)"] = (_, d) => Take(d, Doubling(), e => e.State<float>("state")),
        ["Executable.State<1>(Int32)"] = (_, d) => Take(d, Doubling(), e => e.State<float>(0)),
        ["Executable.Output<1>(String)"] = (_, d) => Take(d, Doubling(), e => e.Output<float>("y")),
        ["Executable.Output<1>(Int32)"] = (_, d) => Take(d, Doubling(), e => e.Output<float>(0)),
        ["TrainingStep.Metric<1>(String)"] = (_, d) => Take(d, Trained().Step, s => s.Metric<float>("scores")),
        ["CompiledFunction.Output<1>(String)"] = (_, d) => Take(d, Trained().Step, s => s.Output<float>("scores")),
        ["CompiledFunction.Variable<1>(String)"] = (_, d) => Take(d, Trained().Step, s => s.Variable<float>("w")),
        ["VariableStore.Variable<1>(String)"] = (_, d) => Take(d, Trained().Step.Variables, s => s.Variable<float>("w")),
        ["Predictor.Run<2>(ReadOnlySpan`1)"] = (_, d) => Take(d, Trained(), m => m.Of(m.Product).Run<float, float>(Input())),
        ["Predictor.Run<3>(ReadOnlySpan`1,ReadOnlySpan`1)"] =
            (_, d) => Take(d, Trained(), m => m.Of(m.Scores).Run<float, float, float>(Input(), Input())),
        ["Predictor.Run<4>(ReadOnlySpan`1,ReadOnlySpan`1,ReadOnlySpan`1)"] =
            (_, d) => Take(d, Trained(), m => m.Of(m.Three).Run<float, float, float, float>(Input(), Input(), Input())),
        ["CompiledModel.Parameter<1>(String)"] = (b, d) => Take(d, b.Load(), m => m.Parameter<float>("w")),
        ["CompiledModel.Metric<1>(String)"] = (b, d) => Take(d, b.Load(), m => m.Scores),
        ["CompiledModel.Infer<1>(PinnedInput*,Int32)"] = (b, d) => Take(d, b.Load(), m => m.Predict(Input())),
        ["CompiledModel.PinInput<1>(ReadOnlySpan`1)"] = (_, _) => Bytes(Opened.Pinned(Input())),
        ["Batch.get_Features<0>()"] = (_, _) => Bytes(FirstBatch().Features),
        ["Batch.get_Labels<0>()"] = (_, _) => Bytes(FirstBatch().Labels),
        ["Batch.Deconstruct<0>(ReadOnlySpan`1&,ReadOnlySpan`1&)"] = (_, _) =>
        {
            var (features, _) = FirstBatch();
            return Bytes(features);
        },
        ["Shape.get_Sizes<0>()"] = (_, _) => Bytes(F32[5, 4, 3, 2].Shape.Sizes),
    };

    public static TheoryData<string, bool> Sources
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var member in s_sources.Keys)
            {
                data.Add(member, false);
                data.Add(member, true);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Sources))]
    public void A_span_outlives_what_it_came_from(string member, bool disposes)
    {
        var span = s_sources[member](built, disposes);
        var expected = span.ToArray();
        Assert.Contains(expected, b => b != 0);
        OverwriteWhatIsFree(span.Length);
        Assert.Equal(expected, span.ToArray());
    }

    /// <summary>A public member that gives memory, in a new place or of a new kind, must be added above.</summary>
    [Fact]
    public void Every_span_of_the_public_api_has_a_case()
    {
        const BindingFlags All =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        Type[] oneOfEach =
            [typeof(Value), typeof(Pipeline), typeof(Executable), typeof(StepCompiler), typeof(GraphBuilder), typeof(CompiledArtefact)];
        var members = oneOfEach.SelectMany(t => t.Assembly.GetExportedTypes())
            .Where(t => t.Namespace!.StartsWith("GraphCompiler", StringComparison.Ordinal)) // Not the binding of LLVM's C API.
            .SelectMany(t => t.GetMethods(All))
            .Where(m => (m.IsPublic || m.IsFamily || m.IsFamilyOrAssembly) && GivesMemory(m)).Select(NameOf);
        Assert.Equal(s_sources.Keys.Order(StringComparer.Ordinal), members.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_span_of_a_model_is_not_overwritten_by_another_thread()
    {
        using var model = built.Load();
        var scores = model.Scores;
        var predicted = model.Predict(Filled(2));
        var (expectedScores, expectedPrediction) = (scores.ToArray(), predicted.ToArray());
        OtherThread.Run(() =>
        {
            model.TrainStep(Filled(5), Filled(1));
            Assert.NotEqual(expectedScores, model.Scores.ToArray());
            Assert.NotEqual(expectedPrediction, model.Predict(Filled(7)).ToArray());
        });
        Assert.Equal(expectedScores, scores.ToArray());
        Assert.Equal(expectedPrediction, predicted.ToArray());
    }

    /// <summary>Equal inputs keep all elements of w equal, so that a prediction of unequal ones has read half of an update.</summary>
    [Fact]
    public void A_prediction_never_reads_half_of_a_step_of_its_model()
    {
        using var model = built.Load();
        model.Parameter<float>("w").Fill(3);
        var (input, torn, predictions) = (Filled(0.001f), 0, 0);
        void Repeat(Action action)
        {
            for (var i = 0; i < 20_000; i++)
            {
                try
                {
                    action();
                }
                catch (RuntimeException e) when (e.Code == RuntimeCode.ConcurrentRun)
                {
                    Thread.Yield();
                }
            }
        }
        var trainer = new Thread(() => Repeat(() => model.TrainStep(input, input)));
        trainer.Start();
        Repeat(() =>
        {
            var predicted = model.Predict(input);
            predictions++;
            if (predicted.ContainsAnyExcept(predicted[0])) torn++;
        });
        trainer.Join();
        Assert.NotEqual(0, predictions);
        Assert.Equal(0, torn);
    }

    private static string NameOf(MethodInfo m)
    {
        var parameters = string.Join(',', m.GetParameters().Select(p => p.ParameterType.Name));
        return $"{m.DeclaringType!.Name}.{m.Name}<{m.GetGenericArguments().Length}>({parameters})";
    }

    private static bool GivesMemory(MethodInfo m) => IsMemory(m.ReturnType)
        || m.GetParameters().Any(p => p.ParameterType.IsByRef && !p.IsIn && IsMemory(p.ParameterType.GetElementType()!));

    // A span of references cannot be of native memory.
    private static bool IsMemory(Type type) => type.IsPointer || type.IsByRef || type.IsGenericType
        && s_spans.Contains(type.GetGenericTypeDefinition())
        && (type.GetGenericArguments()[0].IsGenericParameter || type.GetGenericArguments()[0].IsValueType);

    // The memory of all that is unreachable is given back, and what gets it next writes other bytes into it.
    private static void OverwriteWhatIsFree(int bytes)
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }
        var native = Enumerable.Range(0, 64).Select(_ => (nint)NativeMemory.AlignedAlloc((nuint)bytes, KernelAbi.Alignment)).ToArray();
        foreach (var block in native) NativeMemory.Fill((void*)block, (nuint)bytes, 0xA5);
        for (var i = 0; i < 1000; i++) Array.Fill(GC.AllocateUninitializedArray<byte>(bytes, pinned: true), (byte)0xA5);
        foreach (var block in native) NativeMemory.AlignedFree((void*)block);
    }

    private static ReadOnlySpan<byte> Take<TOwner, T>(bool disposes, TOwner owner, Give<TOwner, T> give)
        where TOwner : IDisposable where T : unmanaged
    {
        var span = give(owner);
        if (disposes) owner.Dispose();
        return Bytes(span);
    }

    private static ReadOnlySpan<byte> Bytes<T>(ReadOnlySpan<T> span) where T : unmanaged => MemoryMarshal.AsBytes(span);

    private static float[] Input() => [.. Enumerable.Range(1, Size).Select(i => 0.25f * i)];

    private static float[] Filled(float value) => [.. Enumerable.Repeat(value, Size)];

    private static Batches.Batch FirstBatch()
    {
        var batches = new Batches(Input(), new int[] { 1, 2, 3, 4 }, 2).Epoch(0);
        batches.MoveNext();
        return batches.Current;
    }

    [UnmanagedCallersOnly]
    private static void Double(void** buffers, byte* arena, long worker, long workers, void* barrier)
    {
        for (var i = 0; i < Size; i++) ((float*)buffers[1])[i] = ((float*)buffers[2])[i] = 2 * ((float*)buffers[0])[i];
    }

    private static Executable Doubling()
    {
        BufferLayout Buffer(string name, BufferRole role) => BufferLayout.Dense(name, role, ElementType.F32, Size);
        BufferLayout[] buffers = [Buffer("x", BufferRole.Input), Buffer("state", BufferRole.State), Buffer("y", BufferRole.Output)];
        delegate* unmanaged<void**, byte*, long, long, void*, void> entry = &Double;
        var executable = new Executable(null, (nint)entry, new ExecutableLayout([.. buffers], 0, Parallel: false), threads: 1);
        executable.Run<float>(Input());
        return executable;
    }

    private static (TrainingPlan Plan, Value Product, Value Scores, Value Three) Declare()
    {
        var g = new GraphBuilder("line");
        var (x, z) = (g.Input("x", F32[Size]), g.Input("z", F32[Size]));
        var product = x * g.Variable("w", F32[Size], Initializer.Constant(3));
        var scores = product + z;
        var plan = g.Minimize(scores.Sum(), new Sgd(0.1), new Dictionary<string, Value> { ["scores"] = scores });
        return (plan, product, scores, scores + g.Input("third", F32[Size])); // The step has two inputs.
    }

    private static JustInTime Trained()
    {
        var (plan, product, scores, three) = Declare();
        var step = plan.Compile(new CompileOptions { Threads = 1 });
        step.Run<float, float>(Input(), Input());
        return new(step, product, scores, three);
    }

    private sealed record JustInTime(TrainingStep Step, Value Product, Value Scores, Value Three) : IDisposable
    {
        private Predictor? _predictor;

        public Predictor Of(Value value) => _predictor = Step.Predictor(value);

        public void Dispose()
        {
            _predictor?.Dispose();
            Step.Dispose();
        }
    }

    /// <summary>A model of one step with a prediction.</summary>
    public sealed class BuiltModels : IDisposable
    {
        private readonly BuiltModel _model;

        public BuiltModels()
        {
            var (plan, product, _, _) = Declare();
            _model = new BuiltModel("product", new ModelDeclaration(plan, product), "x86-64-v2");
        }

        internal Opened Load()
        {
            var model = new Opened("product", ModelManifest.Read(_model["product.json"]).SourceSha256, _model.Folder);
            model.TrainStep(Input(), Input());
            return model;
        }

        public void Dispose() => _model.Dispose();
    }

    /// <summary>What a facade makes public.</summary>
    internal sealed class Opened(string name, string sourceSha256, string folder) : CompiledModel(name, sourceSha256, 1, folder)
    {
        public ReadOnlySpan<float> Scores => Metric<float>("scores");

        public static ReadOnlySpan<float> Pinned(ReadOnlySpan<float> x) => MemoryMarshal.CreateReadOnlySpan(ref PinInput(x), x.Length);

        public float TrainStep(ReadOnlySpan<float> x, ReadOnlySpan<float> z)
        {
            var inputs = stackalloc PinnedInput[2];
            fixed (float* pinnedX = &PinInput(x), pinnedZ = &PinInput(z))
            {
                PassInput(inputs, 0, x);
                PassInput(inputs, 1, z);
                return Train(inputs, 2);
            }
        }

        public ReadOnlySpan<float> Predict(ReadOnlySpan<float> x)
        {
            var inputs = stackalloc PinnedInput[1];
            fixed (float* pinnedX = &PinInput(x))
            {
                PassInput(inputs, 0, x);
                return Infer<float>(inputs, 1);
            }
        }
    }
}
