using System.Diagnostics;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Labels and indices out of range: a checked run names the op, the line and the element, another does what the op's document
/// says; and a Debug build of the caller checks by default.</summary>
public sealed class CheckedTests
{
    private static readonly CompileOptions s_checked = new() { Checked = true, Threads = 1 };
    private static readonly CompileOptions s_unchecked = new() { Checked = false, Threads = 1 };

    private readonly GraphBuilder _g = new("checked", seed: 1);

    private static int Here([CallerLineNumber] int line = 0) => line;

    private static void Fails(Action run, int line, params string[] says)
    {
        var error = Assert.Throws<RuntimeException>(run);
        Assert.Equal("SGC5008", error.Code);
        Assert.Contains($"CheckedTests.cs({line})", error.Message, StringComparison.Ordinal);
        foreach (var text in says) Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_that_are_taken()
    {
        var (x, at) = (_g.Input("x", F32[3, 2]), _g.Input("at", I64[2, 2]));
        var (rows, line) = (x.Take(at), Here());
        var plan = _g.Function(rows);
        float[] elements = [1, 2, 3, 4, 5, 6];
        using var f = plan.Compile(s_checked);
        Assert.Equal(["output"], f.Outputs);
        f.Run<float, long>(elements, [0, 1, 2, 0]);
        Assert.Equal([1f, 2, 3, 4, 5, 6, 1, 2], f.Output<float>("output"));
        Fails(() => f.Run<float, long>(elements, [0, 1, 3, 0]), line, "gather: index 3 is outside of 0..2", "[1,0] of %at : i64[2,2]");
        Fails(() => f.Run<float, long>(elements, [0, long.MinValue, 3, 0]), line, $"index {long.MinValue}", "[0,1]");
        f.Run<float, long>(elements, [2, 2, 2, 2]);
        using var other = plan.Compile(s_unchecked);
        other.Run<float, long>(elements, [0, long.MaxValue, 3, long.MinValue]);
        Assert.Equal([1f, 2, 5, 6, 5, 6, 1, 2], other.Output<float>("output"));
    }

    [Fact]
    public void Rows_that_are_added_to()
    {
        var (x, at, updates) = (_g.Input("x", F32[3]), _g.Input("at", I32[2]), _g.Input("updates", F32[2]));
        var (sum, line) = (x.Emit(ScatterAdd.Instance, new("CheckedTests.cs", Here()), AttributeMap.Empty, at, updates), Here());
        using var f = _g.Function(sum).Compile(s_checked);
        f.Run<float, int, float>([1, 2, 3], [2, 2], [10, 20]);
        Assert.Equal([1f, 2, 33], f.Output<float>("output"));
        Fails(() => f.Run<float, int, float>([1, 2, 3], [0, -1], [1, 1]), line, "scatter_add: index -1 is outside of 0..2", "[1] of %at");
        using var other = _g.Function(sum).Compile(s_unchecked);
        other.Run<float, int, float>([1, 2, 3], [int.MinValue, int.MaxValue], [10, 20]);
        Assert.Equal([11f, 2, 23], other.Output<float>("output"));
    }

    [Fact]
    public void Indices_of_parts_and_of_blocks()
    {
        var (x, at, start) = (_g.Input("x", F32[3, 2]), _g.Input("at", I32[2, 2]), _g.Input("start", I64.Scalar));
        var (parts, line) = (x.GatherNd(at), Here());
        var (block, blockLine) = (x.DynamicSlice([start, start * 0], [2, 2]), Here());
        using var f = _g.Function(("parts", parts), ("block", block)).Compile(s_checked);
        float[] elements = [1, 2, 3, 4, 5, 6];
        f.Run<float, int, long>(elements, [2, 1, 0, 0], [1]);
        Assert.Equal([6f, 1], f.Output<float>("parts"));
        Assert.Equal([3f, 4, 5, 6], f.Output<float>("block"));
        Fails(() => f.Run<float, int, long>(elements, [2, 1, 0, 2], [1]), line, "clamp_index: index 2 is outside of 0..1");
        Fails(() => f.Run<float, int, long>(elements, [2, 1, 0, 0], [2]), blockLine, "clamp_index: index 2 is outside of 0..1");
        using var other = _g.Function(("parts", parts), ("block", block)).Compile(s_unchecked);
        other.Run<float, int, long>(elements, [9, -4, 0, 7], [5]);
        Assert.Equal([5f, 2], other.Output<float>("parts"));
        Assert.Equal([3f, 4, 5, 6], other.Output<float>("block"));
    }

    /// <summary>A step, its predictor and a function of the same model; the step that fails names the loss's line or the layer's.</summary>
    [Fact]
    public void Steps_and_their_predictors()
    {
        var (words, labels) = (_g.Input("words", I32[2, 3]), _g.Input("labels", I32[2]));
        var (vectors, embedding) = (words.Embedding(5, 4), Here());
        var logits = vectors.Mean(1).Dense(3);
        var (loss, losses) = (logits.SoftmaxCrossEntropy(labels).Mean(), Here());
        using var step = _g.Minimize(loss, new Sgd(0.1)).Compile(s_checked);
        Assert.Equal(["loss"], step.Outputs);
        step.Run<int, int>([0, 1, 2, 3, 4, 0], [0, 2]);
        Fails(() => step.Run<int, int>([0, 1, 2, 3, 5, 0], [0, 2]), embedding, "gather: index 5 is outside of 0..4", "[1,1] of %words");
        Fails(() => step.Run<int, int>([0, 1, 2, 3, 4, 0], [0, 3]), losses, "SoftmaxCrossEntropy: label 3 is outside of 0..2", "example 1");
        using var predictor = step.Predictor(logits);
        Assert.Equal(6, predictor.Run<int, float>([0, 1, 2, 3, 4, 0]).Length);
        Fails(() => predictor.Run<int, float>([-1, 1, 2, 3, 4, 0]), embedding, "gather: index -1");
        var into = new float[6];
        Fails(() => predictor.Run<int, float>([-1, 1, 2, 3, 4, 0], into), embedding, "gather: index -1");
        using var trusting = _g.Minimize(loss, new Sgd(0.1)).Compile(s_unchecked);
        trusting.Run<int, int>([0, 1, 2, 3, int.MaxValue, int.MinValue], [0, int.MinValue]);
        Assert.True(float.IsNaN(trusting.Loss));
        Assert.All(trusting.Variable<float>("embedding/table").ToArray(), e => Assert.True(float.IsFinite(e)));
    }

    /// <summary>What a function does not compute, it neither asks for nor tests.</summary>
    [Fact]
    public void Only_what_is_computed_is_tested()
    {
        var (x, at) = (_g.Input("x", F32[3]), _g.Input("at", I32[2]));
        _ = x.Take(at);
        using var f = _g.Function(x * x).Compile(s_checked);
        Assert.Equal(["x"], f.Inputs);
        f.Run<float>([1, 2, 3]);
    }

    /// <summary>An assembly that C# compiles in Debug configuration turns the optimizer off, and checks by default; one of a Release
    /// build does not, and both do as they are told.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_debug_build_of_the_caller_checks_by_default(bool isDebug)
    {
        var (x, at, y) = (_g.Input("x", F32[3]), _g.Input("at", I32[1]), _g.Variable("w", F32[3], Initializer.Ones));
        var values = (x * y).Take(at);
        var modes = isDebug ? DebuggableAttribute.DebuggingModes.Default | DebuggableAttribute.DebuggingModes.DisableOptimizations
            : DebuggableAttribute.DebuggingModes.IgnoreSymbolStoreSequencePoints;
        var caller = Caller(modes);
        void IsChecked(bool expected, CompiledFunction f)
        {
            using (f)
            {
                var error = Record.Exception(() => f.Run<float, int>([1, 2, 3], [7]));
                Assert.Equal(expected ? "SGC5008" : null, (error as RuntimeException)?.Code);
            }
        }
        foreach (var options in (CompileOptions?[])[null, new() { Threads = 1 }])
        {
            IsChecked(isDebug, caller.Call<FunctionPlan, CompiledFunction>("function", _g.Function(values), options));
            IsChecked(isDebug, caller.Call<TrainingPlan, TrainingStep>("step", _g.Minimize(values.Sum(), new Sgd(0)), options));
        }
        IsChecked(!isDebug, caller.Call<FunctionPlan, CompiledFunction>("function", _g.Function(values), new() { Checked = !isDebug }));
        IsChecked(isDebug, caller.OfGraph(_g, values));
    }

    private static DebugCaller Caller(DebuggableAttribute.DebuggingModes modes)
    {
        var attribute = new CustomAttributeBuilder(
            typeof(DebuggableAttribute).GetConstructor([typeof(DebuggableAttribute.DebuggingModes)])!, [modes]);
        var assembly = AssemblyBuilder.DefineDynamicAssembly(new("Caller"), AssemblyBuilderAccess.RunAndCollect, [attribute]);
        var type = assembly.DefineDynamicModule("Caller").DefineType("Caller", TypeAttributes.Public);
        Define(type, "function", typeof(FunctionPlan), typeof(CompiledFunction));
        Define(type, "step", typeof(TrainingPlan), typeof(TrainingStep));
        var compile = typeof(GraphBuilder).GetMethod("Compile", [typeof(ReadOnlySpan<Value>)])!;
        var il = type.DefineMethod("graph", MethodAttributes.Public | MethodAttributes.Static, typeof(CompiledFunction),
            [typeof(GraphBuilder), typeof(Value[])]).GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Newobj, typeof(ReadOnlySpan<Value>).GetConstructor([typeof(Value[])])!);
        il.Emit(OpCodes.Call, compile);
        il.Emit(OpCodes.Ret);
        return new(type.CreateType());
    }

    // As C# compiles plan => plan.Compile(options).
    private static void Define(TypeBuilder type, string name, Type plan, Type result)
    {
        var il = type.DefineMethod(name, MethodAttributes.Public | MethodAttributes.Static, result, [plan, typeof(CompileOptions)])
            .GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldnull);
        il.Emit(OpCodes.Call, plan.GetMethod("Compile", [typeof(CompileOptions), typeof(VariableStore)])!);
        il.Emit(OpCodes.Ret);
    }

    private sealed class DebugCaller(Type type)
    {
        public TResult Call<TPlan, TResult>(string name, TPlan plan, CompileOptions? options) =>
            type.GetMethod(name)!.CreateDelegate<Func<TPlan, CompileOptions?, TResult>>()(plan, options);

        public CompiledFunction OfGraph(GraphBuilder graph, params Value[] outputs) =>
            type.GetMethod("graph")!.CreateDelegate<Func<GraphBuilder, Value[], CompiledFunction>>()(graph, outputs);
    }
}
