using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>The transforms of Winograd's algorithm F(2×2, 3×3), Y = Aᵀ[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]A (A. Lavin and S. Gray, "Fast algorithms for
/// convolutional neural networks", 2015): 2 × 2 results of 3 × 3 taps take 16 multiplications instead of 36.</summary>
/// <remarks>Each is a function along one axis, applied to every column and then to every row.</remarks>
internal sealed class WinogradTransforms(KernelBody body, List<Statement> statements)
{
    /// <summary>Elements along an axis of a transformed tile.</summary>
    public const int Points = 4;

    /// <summary>Elements of a transformed tile.</summary>
    public const int AllPoints = Points * Points;

    /// <summary>Results along an axis of a tile.</summary>
    public const int Results = 2;

    /// <summary>Taps along an axis.</summary>
    public const int Taps = 3;

    /// <summary>Bᵀ·d·B of a tile's elements.</summary>
    public ScalarExpr[,] Image(Func<int, int, ScalarExpr> d) =>
        Both(Points, d, x => [x[0] - x[2], x[1] + x[2], x[2] - x[1], x[1] - x[3]]);

    /// <summary>G·g·Gᵀ of the taps.</summary>
    public ScalarExpr[,] Filter(Func<int, int, ScalarExpr> g) => Both(Taps, g, x =>
    {
        var (ends, half) = (Let(x[0] + x[2]), ScalarExpr.Constant(x[0].DType, 0.5));
        return [x[0], (ends + x[1]) * half, (ends - x[1]) * half, x[2]];
    });

    /// <summary>Aᵀ·m·A of the products: the results.</summary>
    public ScalarExpr[,] Result(Func<int, int, ScalarExpr> m) =>
        Both(Points, m, x => [x[0] + x[1] + x[2], x[1] - x[2] - x[3]]);

    private ScalarExpr[,] Both(int size, Func<int, int, ScalarExpr> element, Func<ScalarExpr[], ScalarExpr[]> transform)
    {
        var columns = Enumerable.Range(0, size)
            .Select(j => Lets(transform(Lets(Enumerable.Range(0, size).Select(i => element(i, j)))))).ToArray();
        var rows = Enumerable.Range(0, columns[0].Length).Select(i => Lets(transform([.. columns.Select(c => c[i])]))).ToArray();
        var transformed = new ScalarExpr[rows.Length, rows.Length];
        for (var i = 0; i < rows.Length; i++)
            for (var j = 0; j < rows.Length; j++) transformed[i, j] = rows[i][j];
        return transformed;
    }

    private ScalarExpr[] Lets(IEnumerable<ScalarExpr> values) => [.. values.Select(Let)];

    private LocalExpr Let(ScalarExpr value)
    {
        var local = body.NewLocal("w", value.DType);
        statements.Add(new LetStatement(local, value));
        return new LocalExpr(local);
    }
}
