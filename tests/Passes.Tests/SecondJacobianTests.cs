using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Tests.Shared;
using Xunit;

namespace GraphCompiler.Passes.Tests;

/// <summary>Jacobians of Jacobians, over the table of derivatives; a class of their own, so that they run beside the first ones.</summary>
public sealed class SecondJacobianTests
{
    // A guard's infinite derivative is masked where its cotangent is; behind the broadcast over directions it meets a zero: 0·∞ is NaN.
    // Large ones, which take minutes together, are for the long suite.
    public static TheoryData<string> RowsOfSquares => [.. GradientTable.Rows.Keys.Where(k => k != "select:guard"
        && (ElementsOfSquare(k) <= 1 << 15 || Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1"))];

    private static long ElementsOfSquare(string name)
    {
        var (_, x, y) = GradientTests.Start(GradientTable.Rows[name]);
        return y.Shape.ElementCount * x[0].Shape.ElementCount * x[0].Shape.ElementCount;
    }

    [Theory, MemberData(nameof(RowsOfSquares))]
    public void A_Jacobian_of_a_Jacobian_is_the_same_in_all_modes(string name)
    {
        var row = GradientTable.Rows[name];
        var (builder, x, y) = GradientTests.Start(row);
        var (forward, reverse) = (Jacobian.AppendForward(builder, y, x[0]), Jacobian.AppendReverse(builder, y, x[0]));
        var function = builder.Build(Jacobian.AppendForward(builder, forward, x[0]), Jacobian.AppendReverse(builder, forward, x[0]),
            Jacobian.AppendForward(builder, reverse, x[0]), Jacobian.AppendReverse(builder, reverse, x[0]));
        var results = ReferenceInterpreter.Run(function, GradientTests.Draw(row.Operands, row.Low, row.High, 8));
        foreach (var other in results[1..]) JacobianTests.Near(results[0].ToArray(), other.ToArray(), 1e-10);
    }
}
