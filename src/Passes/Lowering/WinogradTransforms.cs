using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>The transforms of Winograd's algorithm F(2×2, 3×3), Y = Aᵀ[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]A (A. Lavin and S. Gray, "Fast algorithms for
/// convolutional neural networks", 2015): 2 × 2 results of 3 × 3 taps take 16 multiplications instead of 36. So do the derivatives by 3 × 3
/// taps of 2 × 2 results, F(3×3, 2×2): Gᵀ[(A·Y·Aᵀ) ⊙ (Bᵀ·d·B)]G.</summary>
/// <remarks>Each is a function along one axis, applied to every column and then to every row, or to a row alone: F(2, 3), 4 multiplications
/// instead of 6.</remarks>
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
    public ScalarExpr[,] Image(Func<int, int, ScalarExpr> d) => Both(Points, d, ImageAlong);

    /// <summary>Bᵀ·d of a row of a tile's elements.</summary>
    public ScalarExpr[] ImageOfRow(Func<int, ScalarExpr> d) => Along(Points, d, ImageAlong);

    /// <summary>G·g·Gᵀ of the taps.</summary>
    public ScalarExpr[,] Filter(Func<int, int, ScalarExpr> g) => Both(Taps, g, FilterAlong);

    /// <summary>G·g of a row of taps.</summary>
    public ScalarExpr[] FilterOfRow(Func<int, ScalarExpr> g) => Along(Taps, g, FilterAlong);

    /// <summary>Aᵀ·m·A of the products: the results.</summary>
    public ScalarExpr[,] Result(Func<int, int, ScalarExpr> m) => Both(Points, m, ResultAlong);

    /// <summary>Aᵀ·m of the products of a row: its results.</summary>
    public ScalarExpr[] ResultOfRow(Func<int, ScalarExpr> m) => Along(Points, m, ResultAlong);

    /// <summary>A·y·Aᵀ of a tile's cotangent, the last point along an axis negated.</summary>
    public ScalarExpr[,] Cotangent(Func<int, int, ScalarExpr> y) => Both(Results, y, CotangentAlong);

    /// <summary>A·y of a row of a tile's cotangent, the last point negated: elements as they are, and sums of a type.</summary>
    public ScalarExpr[] CotangentOfRow(Func<int, ScalarExpr> y, DType sums)
    {
        var elements = Lets(Enumerable.Range(0, Results).Select(y));
        var transformed = Along(Results, j => elements[j].ConvertTo(sums), CotangentAlong);
        return [elements[0], .. transformed[1..^1], elements[^1]];
    }

    /// <summary>Gᵀ·m·G of the sums of products: the derivative by the taps.</summary>
    public ScalarExpr[,] Gradient(Func<int, int, ScalarExpr> m) => Both(Points, m, GradientAlong);

    /// <summary>Gᵀ·m of the sums of products of a row: the derivative by its taps.</summary>
    public ScalarExpr[] GradientOfRow(Func<int, ScalarExpr> m) => Along(Points, m, GradientAlong);

    private static ScalarExpr[] ImageAlong(ScalarExpr[] x) => [x[0] - x[2], x[1] + x[2], x[2] - x[1], x[1] - x[3]];

    private static ScalarExpr[] ResultAlong(ScalarExpr[] x) => [x[0] + x[1] + x[2], x[1] - x[2] - x[3]];

    private static ScalarExpr[] CotangentAlong(ScalarExpr[] x) => [x[0], x[0] + x[1], x[0] - x[1], x[1]];

    private ScalarExpr[] FilterAlong(ScalarExpr[] x)
    {
        var (ends, half) = (Let(x[0] + x[2]), ScalarExpr.Constant(x[0].DType, 0.5));
        return [x[0], (ends + x[1]) * half, (ends - x[1]) * half, x[2]];
    }

    private ScalarExpr[] GradientAlong(ScalarExpr[] x)
    {
        var half = ScalarExpr.Constant(x[0].DType, 0.5);
        var middle = Let((x[1] + x[2]) * half);
        return [x[0] + middle, (x[1] - x[2]) * half, middle - x[3]];
    }

    private ScalarExpr[,] Both(int size, Func<int, int, ScalarExpr> element, Func<ScalarExpr[], ScalarExpr[]> transform)
    {
        var columns = Enumerable.Range(0, size).Select(j => Along(size, i => element(i, j), transform)).ToArray();
        var rows = Enumerable.Range(0, columns[0].Length).Select(i => Lets(transform([.. columns.Select(c => c[i])]))).ToArray();
        var transformed = new ScalarExpr[rows.Length, rows.Length];
        for (var i = 0; i < rows.Length; i++)
            for (var j = 0; j < rows.Length; j++) transformed[i, j] = rows[i][j];
        return transformed;
    }

    private ScalarExpr[] Along(int size, Func<int, ScalarExpr> element, Func<ScalarExpr[], ScalarExpr[]> transform) =>
        Lets(transform(Lets(Enumerable.Range(0, size).Select(element))));

    private ScalarExpr[] Lets(IEnumerable<ScalarExpr> values) => [.. values.Select(Let)];

    private LocalExpr Let(ScalarExpr value)
    {
        var local = body.NewLocal("w", value.DType);
        statements.Add(new LetStatement(local, value));
        return new LocalExpr(local);
    }
}
