using GraphCompiler.Frontend;
using GraphCompiler.Frontend.Layers;
using GraphCompiler.Frontend.Optimizers;
using static GraphCompiler.IR.DType;

namespace Model;

/// <summary>What is compiled during the build of App.</summary>
public static class Models
{
    /// <summary>y = slope·x + offset for as many points at a time as the item CompiledModel names.</summary>
    [Model("line")]
    public static ModelDeclaration Line(int rows)
    {
        var g = new GraphBuilder("line", seed: 1);
        var (x, y) = (g.Input("x", F32[rows, 1]), g.Input("y", F32[rows, 1]));
        var guess = x.Dense(1, name: "dense");
        return new ModelDeclaration(g.Minimize(guess.MeanSquaredError(y), new Adam(0.1)), guess);
    }
}
