using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.Aot.Tests;

/// <summary>Declarations that the tests build; this assembly is the user's.</summary>
public static class Models
{
    public const int Batch = 16, Features = 64, Classes = 10;

    [Model("digits")]
    public static ModelDeclaration Digits() => Classifier(32);

    // Wide enough that its kernels are shared by several workers.
    [Model("wide")]
    public static ModelDeclaration Wide() => Classifier(512);

    /// <summary>For any number of rows, with an output that has as many.</summary>
    [Model("sized")]
    public static ModelDeclaration Sized(int rows)
    {
        var g = new GraphBuilder("sized", seed: 3);
        var (x, t) = (g.Input("images", F32[rows, Features]), g.Input("labels", I32[rows]));
        var logits = x.Dense(24, name: "hidden").Relu().Dense(Classes, name: "logits");
        var loss = logits.SoftmaxCrossEntropy(t).Mean();
        return new(g.Minimize(loss, new Adam(2e-3), new Dictionary<string, Value> { ["best"] = logits.ArgMax(1) }), logits);
    }

    [Model("twice")]
    public static TrainingPlan First() => Digits().Training;

    [Model("twice")]
    public static TrainingPlan Second() => Digits().Training;

    [Model("failing")]
    public static TrainingPlan Failing() => throw new InvalidOperationException("no data for it");

    [Model("odd-name")]
    public static TrainingPlan OddName() => Digits().Training;

    [Model("cased")]
    public static TrainingPlan Cased() => Digits().Training;

    [Model("Cased")]
    public static TrainingPlan CasedOtherwise() => Digits().Training;

    private static ModelDeclaration Classifier(int hidden)
    {
        var g = new GraphBuilder("classifier", seed: 1);
        var x = g.Input("images", F32[Batch, Features]);
        var t = g.Input("labels", I32[Batch]);
        var logits = x.Dense(hidden, name: "hidden").Relu().Dense(Classes, name: "logits");
        var loss = logits.SoftmaxCrossEntropy(t).Mean();
        return new(g.Minimize(loss, new Adam(2e-3), new Dictionary<string, Value> { ["largest"] = logits.Max() }), logits);
    }
}
