using System.Runtime.InteropServices;
using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Aot.Tests;

/// <summary>Ahead of time refuses what compiling at run time refuses, and starts from the same bytes.</summary>
public sealed class OnePathTests
{
    private static string? CodeOf(Action action) => Record.Exception(action) switch
    {
        GraphException e => e.Code,
        RuntimeException e => e.Code,
        var other => other?.ToString(),
    };

    private static void BothRefuse(string code, ModelDeclaration model)
    {
        using var step = model.Training.Compile(new CompileOptions { Threads = 1 });
        Assert.Equal(code, CodeOf(() => step.Predictor(model.Prediction!).Dispose()));
        Assert.Equal(code, CodeOf(() => CompiledArtefact.Compile("model", model, ["x86-64-v2"], 1)));
    }

    private static (GraphBuilder Graph, Value Input, TrainingPlan Plan) Small(string weights = "w")
    {
        var g = new GraphBuilder("small", seed: 1);
        var x = g.Input("x", F32[4, 3]);
        var w = g.Variable(weights, F32[3, 2], Initializer.HeNormal);
        return (g, x, g.Minimize((x.MatMul(w) * 2f).Mean(), new Sgd(0.1)));
    }

    [Fact]
    public void A_prediction_that_reads_a_variable_declared_after_Minimize_is_refused()
    {
        var (g, x, plan) = Small();
        BothRefuse("SGC1008", new(plan, x.MatMul(g.Variable("late", F32[3, 2], Initializer.HeNormal))));
    }

    [Fact]
    public void A_prediction_of_another_model_is_refused() => BothRefuse("SGC1008", new(Small().Plan, Small().Input.Exp()));

    [Fact]
    public void Two_buffers_of_one_name_are_refused()
    {
        var refused = CodeOf(() =>
        {
            var (g, x, plan) = Small(weights: "output");
            BothRefuse("SGC5006", new(plan, x.MatMul(g.ModelParameters[0].Value)));
        });
        Assert.Contains(refused, (string?[])[null, "SGC1006"]); // Both refused it, or the builder did.
    }

    // The bytes of 3 in each type, but for 1 in bool.
    private static readonly (DType Type, byte[] Bytes)[] s_threes =
    [
        (BF16, [0x40, 0x40]), (F32, [0, 0, 0x40, 0x40]), (I8, [3]), (F64, [0, 0, 0, 0, 0, 0, 8, 0x40]), (Bool, [1]), (I32, [3, 0, 0, 0]),
        (F16, [0, 0x42]), (U8, [3]), (I64, [3, 0, 0, 0, 0, 0, 0, 0]), (U32, [3, 0, 0, 0]),
    ];

    /// <summary>Frozen variables of every type, of odd sizes, between trained ones.</summary>
    private static ModelDeclaration EveryType()
    {
        var g = new GraphBuilder("types", seed: 1);
        var x = g.Input("x", F32[4, 3]);
        foreach (var (type, _) in s_threes)
            g.Variable($"three_{type}", type[3], Initializer.Constant(type == Bool ? 1 : 3), trainable: false);
        var w = g.Variable("w", F32[3, 2], Initializer.HeNormal);
        return new(g.Minimize(x.MatMul(w).Mean(), new Sgd(0.1)));
    }

    [Fact]
    public void Initial_values_of_every_element_type_are_those_of_the_jit()
    {
        Assert.Equal(DType.All.ToHashSet(), s_threes.Select(t => t.Type).ToHashSet());
        var declaration = EveryType();
        using var step = declaration.Training.Compile(new CompileOptions { Threads = 1 });
        using var built = new BuiltModel("types", declaration);
        using var model = built.Load();
        Assert.Equal(declaration.Training.Graph.ModelParameters.Select(p => p.Value.Name!), model.ParameterNames);
        foreach (var (type, bytes) in s_threes)
        {
            byte[] expected = [.. bytes, .. bytes, .. bytes];
            var (inTime, ahead) = BytesOf(type, step, model, $"three_{type}");
            Assert.Equal(expected, inTime);
            Assert.Equal(expected, ahead);
        }
        Assert.Equal(step.Variable<float>("w").ToArray(), model.Parameter<float>("w").ToArray());
    }

    private static (byte[] InTime, byte[] Ahead) BytesOf(DType type, TrainingStep step, Runtime.Deployment.CompiledModel model, string name)
    {
        (byte[], byte[]) Of<T>() where T : unmanaged =>
            (MemoryMarshal.AsBytes(step.Variable<T>(name)).ToArray(), MemoryMarshal.AsBytes(model.Parameter<T>(name)).ToArray());
        return type.Name switch
        {
            "f32" => Of<float>(),
            "f64" => Of<double>(),
            "bf16" or "f16" => Of<ushort>(),
            "i8" => Of<sbyte>(),
            "i32" => Of<int>(),
            "i64" => Of<long>(),
            "u32" => Of<uint>(),
            "bool" => Of<bool>(),
            _ => Of<byte>(),
        };
    }

    [Fact]
    public void An_initial_value_that_its_type_cannot_hold_is_refused()
    {
        var g = new GraphBuilder("fraction", seed: 1);
        var x = g.Input("x", F32[4, 3]);
        var w = g.Variable("w", F32[3, 2], Initializer.HeNormal);
        var refused = CodeOf(() =>
        {
            g.Variable("half", I32[2], Initializer.Constant(0.5f), trainable: false);
            var plan = g.Minimize(x.MatMul(w).Mean(), new Sgd(0.1));
            Assert.Equal("SGC1001", CodeOf(() => plan.Compile(new CompileOptions { Threads = 1 }).Dispose()));
            CompiledArtefact.Compile("fraction", new(plan), ["x86-64-v2"], 1);
        });
        Assert.Equal("SGC1001", refused);
    }
}
