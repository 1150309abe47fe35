using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Several compiled functions over the variables of one store.</summary>
public sealed class SharedVariablesTests
{
    private const int Size = 48;

    private static void Expect(string code, Action action, params string[] parts)
    {
        var error = Assert.IsType<RuntimeException>(Record.Exception(action));
        Assert.Equal(code, error.Code);
        Assert.All(parts, p => Assert.Contains(p, error.Message, StringComparison.Ordinal));
    }

    private sealed record Classifier(GraphBuilder Graph, Value Logits, Value Loss, TrainingPlan Plan);

    private static Classifier Declare(ulong seed = 3)
    {
        var g = new GraphBuilder("model", seed);
        var (x, t) = (g.Input("x", F32[8, 5]), g.Input("t", I32[8]));
        var scale = g.Variable("scale", F32[5], Initializer.Constant(2), trainable: false);
        var logits = (x * scale).Dense(7, "hidden").Relu().Dense(3, "logits");
        var loss = logits.SoftmaxCrossEntropy(t).Mean();
        return new(g, logits, loss, g.Minimize(loss, new Adam(1e-2)));
    }

    private static (float[] X, int[] T) Batch(int seed)
    {
        var random = new Random(seed);
        return ([.. Enumerable.Range(0, 40).Select(_ => random.NextSingle() * 2 - 1)],
            [.. Enumerable.Range(0, 8).Select(_ => random.Next(3))]);
    }

    private static void Train(TrainingStep step, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            var (x, t) = Batch(i);
            step.Run<float, int>(x, t);
        }
    }

    private static byte[] Saved(VariableStore store)
    {
        using var stream = new MemoryStream();
        store.Save(stream);
        return stream.ToArray();
    }

    [Fact]
    public void TrainingEvaluationAndPredictionShareTheirVariables()
    {
        var m = Declare();
        using var step = m.Plan.Compile();
        using var evaluate = m.Graph.Compile(step.Variables, ("loss", m.Loss), ("logits", m.Logits));
        using var predict = step.Predictor(m.Logits);
        var (x, t) = Batch(1);
        for (var i = 0; i < 20; i++)
        {
            evaluate.Run<float, int>(x, t);
            var before = evaluate.Output<float>("loss")[0];
            Assert.Equal(evaluate.Output<float>("logits"), predict.Run<float, float>(x));
            step.Run<float, int>(x, t);
            Assert.Equal(step.Loss, before, 1e-6f);
        }
        Assert.Same(step.Variables, predict.Variables);
        Assert.True(step.Loss < 0.8, $"{step.Loss}");
    }

    [Fact]
    public void VariablesAreListedWithTheirRoles()
    {
        var m = Declare();
        using var step = m.Plan.Compile();
        var roles = step.Variables.Variables.ToDictionary(v => v.Name);
        Assert.Equal(m.Plan.Function.Parameters.Length - 2, roles.Count);
        Assert.Equal("hidden/kernel : f32[5,7], Trainable", roles["hidden/kernel"].ToString());
        Assert.Equal(VariableRole.Frozen, roles["scale"].Role);
        Assert.Equal(VariableRole.Trainable, roles["logits/bias"].Role);
        Assert.Equal(VariableRole.Optimizer, roles.Values.First(v => v.Name.Contains("/m/", StringComparison.Ordinal)).Role);
        Assert.All(roles.Values, v => Assert.True(step.Variables.Contains(v.Name)));
        step.Variables.Write<float>("scale", 1, 2, 3, 4, 5);
        Assert.Equal([1f, 2, 3, 4, 5], step.Variable<float>("scale"));
    }

    [Fact]
    public void TheFirstFunctionInitialisesAndTheNextLeavesAsItIs()
    {
        using var store = new VariableStore();
        var (first, second) = (Declare(seed: 3), Declare(seed: 4));
        using var predict = first.Graph.Compile(store, first.Logits);
        var kernel = predict.Variable<float>("hidden/kernel").ToArray();
        using var step = second.Plan.Compile(store: store);
        Assert.Equal(kernel, step.Variable<float>("hidden/kernel"));
        Assert.NotEqual(kernel, second.Graph.ModelParameters.Single(p => p.Value.Name == "hidden/kernel").InitialElements(4));
        Train(step, 0, 1);
        Assert.NotEqual(kernel, predict.Variable<float>("hidden/kernel").ToArray());
        Assert.Equal(predict.Variable<float>("hidden/kernel"), step.Variable<float>("hidden/kernel"));
    }

    /// <summary>40 steps, and 25 steps, a checkpoint, a fresh store and 15 more, give the same bits.</summary>
    [Fact]
    public void ALoadedStoreGoesOnWithTheSameBits()
    {
        using var through = Declare().Plan.Compile();
        Train(through, 0, 40);
        using var first = Declare().Plan.Compile();
        Train(first, 0, 25);
        var checkpoint = Saved(first.Variables);
        using var store = new VariableStore();
        var m = Declare(seed: 99);
        using var last = m.Graph.Compile(store, m.Graph.ModelParameters[^1].Value); // Comes first in this store.
        using var resumed = m.Plan.Compile(store: store);
        Assert.NotEqual(first.Variables.Variables.Select(v => v.Name), store.Variables.Select(v => v.Name));
        using var stream = new MemoryStream(checkpoint);
        store.Load(stream);
        Train(resumed, 25, 40);
        Assert.Equal(Saved(through.Variables), Saved(store));
        Assert.Equal(through.Loss, resumed.Loss);
    }

    [Fact]
    public void ACheckpointOfOtherVariablesIsRefused()
    {
        using var step = Declare().Plan.Compile();
        var other = new GraphBuilder("other");
        using var f = other.Compile(other.Variable("hidden/kernel", F32[5, 8], Initializer.Zeros));
        Expect("SGC7208", () => step.Variables.Load(new MemoryStream(Saved(f.Variables))), "other variables");
    }

    [Fact]
    public void AVariableOfAnotherTypeOrShapeIsRefusedAndTheStoreStaysAsItWas()
    {
        using var store = new VariableStore();
        var g = new GraphBuilder("g");
        using var f = g.Compile(store, g.Variable("w", F32[3], Initializer.Constant(1)));
        foreach (var type in new[] { F32[4], F64[3], F32[3, 1] })
        {
            var other = new GraphBuilder("other");
            var value = other.Variable("a", F32[2], Initializer.Zeros).Sum()
                + other.Variable("w", type, Initializer.Zeros).Sum().ConvertTo(F32);
            Expect("SGC5006", () => other.Compile(store, value), "'w'", "f32[3]", type.ToString());
            Assert.Equal(["w"], store.Variables.Select(v => v.Name));
        }
    }

    [Fact]
    public void RolesMayDifferAndTheFirstDeclaresIt()
    {
        using var store = new VariableStore();
        var (frozen, trained) = (new GraphBuilder("frozen"), new GraphBuilder("trained"));
        using var read = frozen.Compile(store, frozen.Variable("w", F32[2], Initializer.Constant(1), trainable: false));
        var loss = trained.Variable("w", F32[2], Initializer.Zeros).Sum();
        using var step = trained.Minimize(loss, new Sgd(0.5)).Compile(store: store);
        Assert.Equal(VariableRole.Frozen, store.Variables.Single().Role);
        step.Run();
        read.Run();
        Assert.Equal([0.5f, 0.5f], read.Output<float>("output"));
    }

    [Fact]
    public void AStoreOutlivesItsFunctionsAndTheyIt()
    {
        var m = Declare();
        var step = m.Plan.Compile();
        var store = step.Variables;
        Train(step, 0, 3);
        var saved = Saved(store);
        step.Dispose();
        step.Dispose();
        Expect("SGC5002", () => _ = step.Variables);
        Assert.Equal(saved, Saved(store));
        using var again = m.Plan.Compile(store: store);
        Train(again, 3, 5);
        store.Dispose();
        Train(again, 5, 7);
        Assert.True(float.IsFinite(again.Loss));
        Expect("SGC5002", () => m.Plan.Compile(store: store));
        Expect("SGC5002", () => m.Graph.Compile(store, m.Logits));
    }

    /// <summary>Two steps of one model train disjoint variables of one store, each over what the other left.</summary>
    [Fact]
    public void TheTwoStepsOfAGanTrainTheirOwnVariablesOfOneStore()
    {
        var g = new GraphBuilder("gan", seed: 6);
        var (noise, real) = (g.Input("noise", F32[16, 4]), g.Input("real", F32[16, 2]));
        var fake = noise.Dense(2, "generator");
        Value[] made = [.. g.ModelParameters.Select(p => p.Value)];
        var discriminate = new Dense(1, "discriminator");
        Value Critic(Value x, float label) =>
            discriminate.Apply(x).BinaryCrossEntropyWithLogits(x.Sum(1, keepAxes: true) * 0 + label).Mean();
        var (lossOfCritic, lossOfGenerator) = (Critic(real, 1) + Critic(fake, 0), Critic(fake, 1));
        Value[] judged = [.. g.ModelParameters.Select(p => p.Value).Except(made)];
        using var store = new VariableStore();
        using var critic = g.Minimize(lossOfCritic, new Sgd(0.1), variables: judged).Compile(store: store);
        using var generator = g.Minimize(lossOfGenerator, new Adam(0.01), variables: made).Compile(store: store);
        using var sample = g.Compile(store, fake);
        float[] Of(string prefix) => [.. store.Variables.Where(v => v.Name.StartsWith(prefix, StringComparison.Ordinal))
            .SelectMany(v => store.Variable<float>(v.Name).ToArray())];
        var random = new Random(2);
        float[] z = [.. Enumerable.Range(0, 64).Select(_ => random.NextSingle() - 0.5f)];
        float[] x = [.. Enumerable.Range(0, 32).Select(i => i % 2 + 1f)];
        for (var i = 0; i < 3; i++)
        {
            var (made1, judged1) = (Of("generator/"), Of("discriminator/"));
            critic.Run<float, float>(z, x);
            Assert.Equal(made1, Of("generator/"));
            var judged2 = Of("discriminator/");
            Assert.NotEqual(judged1, judged2);
            generator.Run<float>(z);
            Assert.Equal(judged2, Of("discriminator/"));
            Assert.NotEqual(made1, Of("generator/"));
        }
        sample.Run<float>(z);
        var kernel = store.Variable<float>("generator/kernel").ToArray();
        Assert.Equal(z[..4].Select((e, i) => e * kernel[2 * i]).Sum() + store.Variable<float>("generator/bias")[0],
            sample.Output<float>("output")[0], 1e-5f);
    }

    /// <summary>Equal inputs keep all elements of w equal, so that a function that gets unequal ones has read half of an update.</summary>
    [Fact]
    public void AStepAndPredictorsOnSeveralThreadsReadWholeStepsOrAreRefused()
    {
        var g = new GraphBuilder("line");
        var x = g.Input("x", F32[Size]);
        var product = x * g.Variable("w", F32[Size], Initializer.Constant(3));
        using var step = g.Minimize(product.Sum(), new Sgd(1)).Compile(new CompileOptions { Threads = 1 });
        var input = new float[Size];
        Array.Fill(input, 0.25f);
        var (torn, predictions, steps) = (0, 0, 0);
        var errors = new List<Exception>();
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
                catch (Exception e)
                {
                    lock (errors) errors.Add(e);
                }
            }
        }
        var threads = Enumerable.Range(0, 3).Select(_ => new Thread(() =>
        {
            using var predict = step.Predictor(product);
            Repeat(() =>
            {
                var y = predict.Run<float, float>(input);
                Interlocked.Increment(ref predictions);
                if (y.ContainsAnyExcept(y[0])) Interlocked.Increment(ref torn);
            });
        })).Prepend(new Thread(() => Repeat(() =>
        {
            step.Run<float>(input);
            steps++;
        }))).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        Assert.Empty(errors);
        Assert.Equal(0, torn);
        Assert.True(steps > 0 && predictions > 0, $"{steps} steps, {predictions} predictions");
        // In exact steps of a quarter, down from 3.
        Assert.Equal(3 - 0.25f * steps, step.Variable<float>("w")[0]);
    }
}
