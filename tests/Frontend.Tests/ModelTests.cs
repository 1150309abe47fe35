using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Frontend.Tests;

/// <summary>Initial elements, losses, activations, layers and the slice for prediction.</summary>
public sealed class ModelTests
{
    private static double[] Evaluate(Func<FunctionBuilder, Value> declare)
    {
        var f = new FunctionBuilder("f");
        return ReferenceInterpreter.Run(f.Build(declare(f)))[0].ToArray();
    }

    private static Value Numbers(FunctionBuilder f, TensorType type, params double[] values) => f.Constant(new Literal(type, values));

    [Fact]
    public void TheSameSeedAndNameGiveTheSameElements()
    {
        var shape = new Shape(20, 30);
        var first = Initializer.HeNormal.Create(shape, 1, "w");
        Assert.Equal(first, Initializer.HeNormal.Create(shape, 1, "w"));
        Assert.NotEqual(first, Initializer.HeNormal.Create(shape, 2, "w"));
        Assert.NotEqual(first, Initializer.HeNormal.Create(shape, 1, "v"));
    }

    public static TheoryData<Initializer, double> Variances => new()
    {
        { Initializer.HeNormal, 2.0 / 200 }, { Initializer.HeUniform, 2.0 / 200 },
        { Initializer.XavierNormal, 2.0 / 500 }, { Initializer.XavierUniform, 2.0 / 500 },
        { Initializer.Uniform(-1, 1), 1.0 / 3 }, { Initializer.Constant(5), 0 },
    };

    /// <summary>60,000 elements: the mean within 5 and the variance within 5 standard errors.</summary>
    [Theory]
    [MemberData(nameof(Variances))]
    public void ElementsHaveTheMeanAndVarianceStated(Initializer initializer, double variance)
    {
        var elements = initializer.Create(new Shape(200, 300), 7, "w");
        var mean = elements.Average(e => (double)e);
        Assert.InRange(Math.Abs(mean - (variance == 0 ? 5 : 0)), 0, 5 * Math.Sqrt(variance / elements.Length) + 1e-12);
        var found = elements.Average(e => (e - mean) * (e - mean));
        Assert.InRange(Math.Abs(found - variance), 0, 5 * variance * Math.Sqrt(2.0 / elements.Length) + 1e-12);
    }

    [Fact]
    public void LossesHaveTheValuesWorkedOutByHand()
    {
        var entropy = Evaluate(f => Numbers(f, F64[2, 3], 1, 2, 3, 0, 0, 1000).SoftmaxCrossEntropy(Numbers(f, I32[2], 0, 2)));
        Assert.Equal(Math.Log(Math.Exp(1) + Math.Exp(2) + Math.Exp(3)) - 1, entropy[0], 1e-12);
        Assert.Equal(0, entropy[1], 1e-12);
        var squared = Evaluate(f => Numbers(f, F64[2], 1, 4).MeanSquaredError(Numbers(f, F64[2], 3, 3)));
        Assert.Equal(2.5, squared[0], 1e-12);
        var binary = Evaluate(f => Numbers(f, F64[2], 2, -800).BinaryCrossEntropyWithLogits(Numbers(f, F64[2], 1, 1)));
        Assert.Equal((Math.Log(1 + Math.Exp(-2)) + 800) / 2, binary[0], 1e-12);
    }

    [Fact]
    public void ReluHasTheDerivativeZeroAtZeroAndGeluIsExact()
    {
        var f = new FunctionBuilder("f");
        var x = Numbers(f, F64[3], -1, 0, 2);
        var gradient = Passes.Adjoint.AppendDense(f, x.Relu().Sum(), [x])[0];
        Assert.Equal([0.0, 0, 1], ReferenceInterpreter.Run(f.Build(gradient))[0].ToArray());
        Assert.Equal(0.8413447460685429, Evaluate(b => Numbers(b, F64.Scalar, 1).Gelu())[0], 1e-12);
    }

    [Fact]
    public void DenseDeclaresItsVariablesAndLocatesItsOperations()
    {
        var g = new GraphBuilder("m");
        var images = g.Input("x", F32[4, 2, 3]);
        var y = images.Flatten().Dense(5, "hidden", activation: h => h.Tanh());
        Assert.Equal(F32[4, 5], y.Type);
        Assert.Equal([("hidden/kernel", F32[6, 5]), ("hidden/bias", F32[5])], g.ModelParameters.Select(p => (p.Value.Name!, p.Value.Type)));
        Assert.All(g.Operations, o => Assert.Equal("ModelTests.cs", Path.GetFileName(o.Location.File)));
        Assert.Single(g.Operations.Select(o => o.Location.Line).Distinct());
        Assert.Equal(["", "hidden"], g.Operations.Select(o => o.Location.Scope).Distinct());
    }

    [Fact]
    public void APredictionDropsWhatItDoesNotNeed()
    {
        var g = new GraphBuilder("m");
        var (x, t) = (g.Input("x", F32[4, 3]), g.Input("t", I32[4]));
        var logits = x.Dense(2, "d");
        var plan = g.Minimize(logits.SoftmaxCrossEntropy(t).Mean(), new Sgd());
        var function = Prediction.Slice(g, logits);
        Assert.Equal(["x", "d/kernel", "d/bias"], function.Parameters.Select(p => p.Name!));
        using var step = plan.Compile();
        using var predictor = step.Predictor(logits);
        Assert.Equal(["x"], predictor.Inputs);
        var late = x.Dense(2, "late");
        Assert.Equal("SGC1008", Assert.Throws<GraphException>(() => step.Predictor(late)).Code);
    }

    [Fact]
    public void TheTextbookSampleAgreesWithItsHandDerivedGradients() => Assert.Equal(0, Digits.ChainRule.Run(TextWriter.Null));
}
