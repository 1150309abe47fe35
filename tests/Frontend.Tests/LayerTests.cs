using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Layers: shared variables, names, freezing, and what is refused; the loss in its own type; the summary of a model.</summary>
public sealed class LayerTests
{
    private readonly GraphBuilder _g = new("layers");
    private readonly Value _x;

    public LayerTests() => _x = _g.Input("x", F64[4, 3]);

    private IEnumerable<string> Names => _g.ModelParameters.Select(p => p.Value.Name!);

    private static void Fails(string code, Action call, string says, [CallerLineNumber] int line = 0)
    {
        var error = Assert.Throws<GraphException>(call);
        Assert.Equal((code, line), (error.Code, error.Diagnostics[0].Location.Line));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_layer_applied_twice_has_one_set_of_variables_whose_gradients_add()
    {
        var dense = new Dense(3, name: "hidden", activation: h => h.Tanh());
        var twice = dense.Apply(dense.Apply(_x));
        Assert.Equal(["hidden/kernel", "hidden/bias"], Names);
        Assert.Equal([dense.Kernel, dense.Bias!], dense.Variables);
        // The same by hand, with two variables that the first gradient has as one.
        var (first, second) = (_g.Variable("a", F64[3, 3], Initializer.Zeros), _g.Variable("b", F64[3, 3], Initializer.Zeros));
        var apart = ((_x.MatMul(first) + dense.Bias!).Tanh().MatMul(second) + dense.Bias!).Tanh();
        var shared = Passes.Adjoint.AppendDense(_g, twice.Square().Sum(), [dense.Kernel])[0];
        var both = Passes.Adjoint.AppendDense(_g, apart.Square().Sum(), [first, second]);
        var kernel = new Literal(F64[3, 3], [.. Enumerable.Range(0, 9).Select(i => Math.Sin(i))]);
        Literal[] arguments = [new(F64[4, 3], [.. Enumerable.Range(0, 12).Select(i => Math.Cos(i))]), kernel, new(F64[3], 0.1, 0.2, 0.3),
            kernel, kernel];
        var found = ReferenceInterpreter.Run(_g.Build(shared, both[0] + both[1]), arguments);
        foreach (var (s, t) in found[0].ToArray().Zip(found[1].ToArray())) Assert.Equal(t, s, 1e-13);
        Assert.True(found[0].ToArray().All(v => Math.Abs(v) > 1e-6));
    }

    [Fact]
    public void Unnamed_layers_get_free_names()
    {
        _x.Dense(3).Dense(3).Dense(2);
        new Dense(2).Apply(_x);
        _g.Variable("dense_4", F64[1], Initializer.Zeros);
        var last = new Dense(2, bias: false);
        Assert.Equal("dense", last.Name);
        last.Apply(_x);
        Assert.Equal("dense_5", last.Name);
        Assert.Equal(["dense/bias", "dense_1/bias", "dense_2/bias", "dense_3/bias"],
            Names.Where(n => n.EndsWith("/bias", StringComparison.Ordinal)));
        Fails("SGC1006", () => _x.Dense(2, name: "dense_1"), "dense_1/kernel");
        Fails("SGC1006", () => new Dense(2, name: "dense_1").Apply(_x), "dense_1/kernel");
    }

    [Fact]
    public void Variables_are_frozen_and_initialized_as_told()
    {
        double[,] kernel = { { 1, 2 }, { 3, 4 }, { 5, 6 } };
        var dense = new Dense(2, kernel: Initializer.FromArray(kernel), biasInitializer: Initializer.Ones, trainable: false);
        dense.Apply(_x);
        Assert.All(_g.ModelParameters, p => Assert.False(p.IsTrainable));
        Assert.Equal([1f, 2, 3, 4, 5, 6], _g.ModelParameters[0].InitialElements(0));
        Assert.Equal([1f, 1], _g.ModelParameters[1].InitialElements(0));
        var none = new Dense(2, bias: false);
        none.Apply(_x);
        Assert.Null(none.Bias);
        Assert.Single(none.Variables);
        Assert.Equal("SGC1011", Assert.Throws<GraphException>(() => _ = new Dense(2, bias: false, biasInitializer: Initializer.Ones)).Code);
    }

    [Fact]
    public void What_a_layer_refuses_leaves_it_and_the_model_as_they_were()
    {
        var dense = new Dense(2, name: "d", activation: h => h.Rank == 2 && h.Shape[0] == 5 ? null! : h);
        Fails("SGC1011", () => _ = new Dense(0), "got 0");
        Fails("SGC1008", () => _ = dense.Kernel, "call Apply before", line: 0);
        var (five, wide, single) = (_g.Input("five", F64[5, 3]), _g.Input("wide", F64[4, 7]), _g.Input("single", F32[4, 3]));
        Fails("SGC1011", () => dense.Apply(five), "activation");
        Assert.Empty(_g.ModelParameters);
        Assert.Empty(_g.Operations);
        Assert.Empty(dense.Variables);
        dense.Apply(_x);
        Fails("SGC1002", () => dense.Apply(wide), "built for 3 features");
        Fails("SGC1001", () => dense.Apply(single), "built for f64");
        Fails("SGC1003", () => dense.Apply(_x[0]), "[batch, features]");
        var other = new GraphBuilder("other").Input("x", F64[4, 3]);
        Fails("SGC1008", () => dense.Apply(other), "\"layers\"");
        var function = new FunctionBuilder("f").Parameter("x", F64[4, 3]);
        Fails("SGC1008", () => dense.Apply(function), "GraphBuilder");
        Assert.Equal(2, _g.ModelParameters.Count);
    }

    /// <summary>A layer of one's own, of a dozen lines.</summary>
    private sealed class Scale(string? name = null) : Layer(name, trainable: true)
    {
        private Value? _factor;
        protected override string Kind => "scale";
        protected override void Check(Value x, Location location)
        {
            if (_factor is not null && x.Shape[^1] != _factor.Shape[0])
                throw Error(DiagnosticCode.ShapeMismatch, "another width", location);
        }
        protected override void Build(TensorType input) => _factor = Variable("factor", input.DType[input.Shape[^1]], Initializer.Ones);
        protected override Value Forward(Value x) => x * _factor!;
        public Value Late() => Variable("late", F64[1], Initializer.Ones);
    }

    [Fact]
    public void A_layer_of_ones_own()
    {
        var scale = new Scale();
        Fails("SGC1008", () => scale.Late(), "as the layer is applied", line: 0);
        scale.Apply(scale.Apply(_x));
        new Scale().Apply(_x);
        Assert.Equal(["scale/factor", "scale_1/factor"], Names);
        Assert.All(_g.Operations, o => Assert.EndsWith("LayerTests.cs", o.Location.File, StringComparison.Ordinal));
    }

    [Fact]
    public void A_loss_is_read_in_its_own_type()
    {
        var w = _g.Variable("w", F64, Initializer.Ones);
        using var step = _g.Minimize((w * (1 + 1e-12)).Square() + _x.Sum() * 0, new Sgd(0.1)).Compile(new CompileOptions { Threads = 1 });
        step.Run<double>(new double[12]);
        Assert.Equal((1 + 1e-12) * (1 + 1e-12), step.LossAs<double>(), 1e-15);
        Assert.NotEqual(1.0, step.LossAs<double>());
        Assert.Equal(1f, step.Loss);
        Assert.Equal("SGC5003", Assert.Throws<Runtime.RuntimeException>(() => step.LossAs<float>()).Code);
    }

    [Fact]
    public void A_summary_is_a_table()
    {
        var labels = _g.Input("labels", I32[4]);
        _x.Dense(1000, name: "hidden").Dense(2, trainable: false).SoftmaxCrossEntropy(labels).Mean();
        var count = _g.Variable("count", I64, Initializer.Zeros, trainable: false);
        _g.Assign(count, count + 1);
        Assert.Equal("""
            model "layers"
            name           type         elements  role
            x              f64[4,3]               input
            labels         i32[4]                 input
            hidden/kernel  f64[3,1000]     3,000  trainable
            hidden/bias    f64[1000]       1,000  trainable
            dense/kernel   f64[1000,2]     2,000  frozen
            dense/bias     f64[2]              2  frozen
            count          i64[]               1  state
            6,003 elements in 5 variables, 4,000 of them trainable: 48,024 bytes

            """.ReplaceLineEndings("\n"), _g.Summary());
        Assert.Equal("model \"empty\"\nname  type  elements  role\n0 elements in 0 variables, 0 of them trainable: 0 bytes\n",
            new GraphBuilder("empty").Summary());
    }
}
