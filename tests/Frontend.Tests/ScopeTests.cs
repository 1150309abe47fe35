using System.Runtime.CompilerServices;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Names that nest: scopes, residual connections, repeated blocks, layers made of layers, and the summary.</summary>
public sealed class ScopeTests
{
    private readonly GraphBuilder _g = new("scopes");
    private readonly Value _x;

    public ScopeTests() => _x = _g.Input("x", F64[4, 3]);

    private string Names => string.Join(" ", _g.ModelParameters.Select(p => p.Value.Name!));

    [Fact]
    public void Scopes_nest_and_unnamed_layers_count_within_them()
    {
        var h = _x.Dense(3, bias: false);
        using (_g.Scope("stage2"))
        {
            h = h.Dense(3, bias: false).Dense(3, bias: false);
            using (_g.Scope("block0")) h = h.Dense(3, bias: false, name: "last").Dense(3, bias: false);
            _g.Variable("w", F64[2], Initializer.Zeros);
        }
        using (_g.Scope("stage2")) h = h.Dense(3, bias: false);
        h.Dense(3, bias: false);
        Assert.Equal("dense/kernel stage2/dense/kernel stage2/dense_1/kernel stage2/block0/last/kernel stage2/block0/dense/kernel"
            + " stage2/w stage2/dense_2/kernel dense_1/kernel", Names);
        Assert.Equal(["x"], _g.Inputs.Select(i => i.Name!));
    }

    /// <summary>The name decides the first elements, however it was put together.</summary>
    [Fact]
    public void A_name_in_a_scope_is_that_name()
    {
        using (_g.Scope("a")) _g.Variable("w", F64[5], Initializer.Normal());
        var other = new GraphBuilder("scopes");
        other.Variable("a/w", F64[5], Initializer.Normal());
        Assert.Equal(other.ModelParameters[0].InitialElements(0), _g.ModelParameters[0].InitialElements(0));
    }

    [Fact]
    public void A_layer_keeps_the_scope_that_it_was_first_applied_in()
    {
        var dense = new Dense(3, "shared", bias: false);
        using (_g.Scope("encoder")) dense.Apply(_x);
        using (_g.Scope("decoder")) dense.Apply(_x);
        Assert.Equal(("encoder/shared", "encoder/shared/kernel"), (dense.Name, Names));
        using (_g.Scope("encoder")) _g.Refuses("SGC1006", () => _x.Dense(2, "shared"), "encoder/shared/kernel");
        using (_g.Scope("encoder")) _g.Refuses("SGC1006", () => _g.Variable("shared/kernel", F64[1], Initializer.Zeros), "taken");
    }

    [Fact]
    public void Random_numbers_count_in_one_place()
    {
        using (_g.Scope("a")) _x.Dropout(0.5);
        using (_g.Scope("b")) _x.Dropout(0.5);
        Assert.Equal("random/step", Names);
    }

    [Fact]
    public void A_residual_connection_adds_and_names()
    {
        var y = _x.Residual(h => h.Dense(3, bias: false).Tanh());
        y = y.Residual(h => h.Dense(5, bias: false), shortcut: h => h.Dense(5, bias: false), name: "wide");
        y.Residual(h => h.Dense(5, bias: false).Residual(k => k * k));
        Assert.Equal("residual/dense/kernel wide/dense/kernel wide/shortcut/dense/kernel residual_1/dense/kernel", Names);
        var kernel = _g.ModelParameters[0].Value;
        var byHand = _x + _x.MatMul(kernel).Tanh();
        var found = ReferenceInterpreter.Run(_g.Snapshot(_x.Residual(h => h.MatMul(kernel).Tanh()), byHand),
            [.. _g.Parameters.Select((p, i) => new Literal(p.Type,
                [.. Enumerable.Range(0, (int)p.Shape.ElementCount).Select(k => Math.Sin(k + i))]))]);
        Assert.Equal(found[1].ToArray(), found[0].ToArray());
    }

    [Fact]
    public void Repeated_blocks_are_numbered()
    {
        var seen = new List<int>();
        var y = _x.Repeat(2, (h, i) =>
        {
            seen.Add(i);
            return h.Residual(k => k.Dense(3, bias: false));
        });
        y = y.Repeat(1, (h, i) => h.Dense(3, $"dense{i}", bias: false));
        y.Repeat(2, (h, i) => h.Repeat(i + 1, (k, _) => k.Dense(3, bias: false)), name: "stage");
        Assert.Equal([0, 1], seen);
        Assert.Equal("block0/residual/dense/kernel block1/residual/dense/kernel block2/dense0/kernel stage0/block0/dense/kernel"
            + " stage1/block0/dense/kernel stage1/block1/dense/kernel", Names);
        Assert.Same(y, y.Repeat(0, (_, _) => throw new InvalidOperationException()));
    }

    /// <summary>Layers of one's own that are made of layers.</summary>
    private sealed class Block(string? name = null) : Layer(name, trainable: true)
    {
        private readonly Dense _first = new(3, bias: false), _second = new(3, bias: false);
        protected override string Kind => "block";
        protected override void Check(Value x, Location location) { }
        protected override void Build(TensorType input) => Variable("gain", input.DType, Initializer.Ones);
        protected override Value Forward(Value x) => _second.Apply(_first.Apply(x).Tanh()) * Variables[0];
        public void Late(Value x) => Update(x, v => v);
    }

    [Fact]
    public void The_layers_of_a_layer_are_named_within_it()
    {
        var block = new Block();
        _g.Refuses("SGC1008", () => block.Late(_x), "as the layer is applied", line: 0);
        using (_g.Scope("net")) block.Apply(block.Apply(_x));
        _x.Dense(3, "outer", bias: false, activation: h => h.Dense(3, bias: false));
        Assert.Equal("net/block/gain net/block/dense/kernel net/block/dense_1/kernel outer/kernel outer/dense/kernel", Names);
        Assert.Equal("net/block", block.Name);
    }

    [Fact]
    public void What_fails_leaves_nothing_and_closes_its_scope()
    {
        _g.Refuses("SGC1002", () => _x.Residual(h => h.Dense(4)), "give a shortcut");
        _g.Refuses("SGC1002", () => _x.Residual(h => h.Dense(4), h => h.Dense(5)), "f64[4,4], and what it is added to is f64[4,5]");
        _g.Refuses("SGC1001", () => _x.Residual(h => h.ConvertTo(F32)), "f32[4,3]");
        _g.Refuses("SGC1011", () => _x.Residual(h => null!), "null");
        _g.Refuses("SGC1011", () => _x.Residual(h => h, h => null!), "shortcut gives null");
        _g.Refuses("SGC1011", () => _x.Repeat(-1, (h, _) => h), "-1");
        _g.Refuses("SGC1011", () => _x.Repeat(2, (h, i) => i == 1 ? null! : h.BatchNorm()), "block 1");
        // An error in a block is at its own line.
        _g.Refuses("SGC1003", () => _x.Repeat(2, (h, i) => h.Dense(3)[0]
            .Dense(3)), "[batch, features]", line: Line());
        foreach (var bad in (string[])["", "2", "a b", "/a", "a/", "a//b"])
        {
            _g.Refuses("SGC1006", () => _g.Scope(bad), $"\"{bad}\"");
            _g.Refuses("SGC1006", () => _x.Residual(h => h.Dense(3), name: bad), $"\"{bad}\"");
        }
        var foreign = new FunctionBuilder("f").Parameter("x", F64[4, 3]);
        _g.Refuses("SGC1008", () => foreign.Residual(h => h), "GraphBuilder");
        _g.Refuses("SGC1008", () => foreign.Repeat(1, (h, _) => h), "GraphBuilder");
        _g.Refuses("SGC1008", () => _x.Residual(h => foreign), "belongs to \"f\"");
        _x.Dense(3, bias: false);
        Assert.Equal("dense/kernel", Names);
    }

    private static int Line([CallerLineNumber] int line = 0) => line;

    [Fact]
    public void A_summary_shows_the_nesting()
    {
        var h = _x.Dense(3, "stem", bias: false);
        using (_g.Scope("stage1")) h = h.Repeat(2, (k, _) => k.Residual(r => r.Dense(3).BatchNorm("norm"))).Dense(1000, bias: false);
        _g.Minimize(h.Dense(1, bias: false).Sum(), new Sgd());
        Assert.Equal("""
            model "scopes"
            name                         type         elements  role
            x                            f64[4,3]               input
            stem/kernel                  f64[3,3]            9  trainable
            stage1/                                      3,048
              block0/                                       24
                residual/                                   24
                  dense/kernel           f64[3,3]            9  trainable
                  dense/bias             f64[3]              3  trainable
                  norm/scale             f64[3]              3  trainable
                  norm/bias              f64[3]              3  trainable
                  norm/running_mean      f64[3]              3  state
                  norm/running_variance  f64[3]              3  state
              block1/                                       24
                residual/                                   24
                  dense/kernel           f64[3,3]            9  trainable
                  dense/bias             f64[3]              3  trainable
                  norm/scale             f64[3]              3  trainable
                  norm/bias              f64[3]              3  trainable
                  norm/running_mean      f64[3]              3  state
                  norm/running_variance  f64[3]              3  state
              dense/kernel               f64[3,1000]     3,000  trainable
            dense/kernel                 f64[1000,1]     1,000  trainable
            4,057 elements in 15 variables, 4,045 of them trainable: 32,456 bytes

            """.ReplaceLineEndings("\n"), _g.Summary());
    }
}
