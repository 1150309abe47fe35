using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using GraphCompiler.IR.Ops;
using static GraphCompiler.IR.DType;

namespace Deploy;

/// <summary>The model of samples/Digits, declared for ahead-of-time compilation.</summary>
public static class Models
{
    /// <summary>64 pixels, 64 hidden units, 10 digits; 16 examples a step.</summary>
    [Model("digits")]
    public static ModelDeclaration Digits()
    {
        var g = new GraphBuilder("classifier", seed: 1);
        var x = g.Input("images", F32[16, 64]);
        var t = g.Input("labels", I32[16]);
        var logits = x.Dense(64, name: "hidden").Relu().Dense(10, name: "logits");
        return new ModelDeclaration(g.Minimize(logits.SoftmaxCrossEntropy(t).Mean(), new Adam(2e-3)), logits);
    }

    /// <summary>The same for any number of examples: <c>graphc build --batch 64,1</c>.</summary>
    [Model("digits_by_rows")]
    public static ModelDeclaration DigitsByRows(int rows)
    {
        var g = new GraphBuilder("classifier", seed: 1);
        var (x, t) = (g.Input("images", F32[rows, 64]), g.Input("labels", I32[rows]));
        var logits = x.Dense(64, name: "hidden").Relu().Dense(10, name: "logits");
        return new ModelDeclaration(g.Minimize(logits.SoftmaxCrossEntropy(t).Mean(), new Adam(2e-3)), logits);
    }
}
