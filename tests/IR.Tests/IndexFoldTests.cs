using GraphCompiler.IR.Loops;
using Xunit;

namespace GraphCompiler.IR.Tests;

/// <summary>Divisions of indices that are folded as they are made.</summary>
public class IndexFoldTests
{
    [Fact]
    public void QuotientsAndRemaindersAreThoseOfTheNumbers()
    {
        foreach (var kind in new[] { BinaryKind.Div, BinaryKind.Rem })
            for (var factor = 1; factor <= 6; factor++)
                for (var divisor = 1; divisor <= 12; divisor++)
                    for (var inner = 1; inner <= 7; inner++)
                        Check(kind, factor, divisor, new("a", 4), new("b", inner));
    }

    private static void Check(BinaryKind kind, long factor, long divisor, LoopVariable a, LoopVariable b)
    {
        var folded = ScalarExpr.Binary(kind, a.Value * factor + b.Value, ScalarExpr.Index(divisor));
        for (var i = 0L; i < a.Extent; i++)
            for (var j = 0L; j < b.Extent; j++)
            {
                var x = i * factor + j;
                var values = new Dictionary<LoopVariable, long> { [a] = i, [b] = j };
                Assert.Equal(kind == BinaryKind.Div ? x / divisor : x % divisor, Value(folded, values));
            }
    }

    [Fact]
    public void AnIndexOfTwoLoopsIsTakenApart()
    {
        var (a, b) = (new LoopVariable("a", 10), new LoopVariable("b", 8));
        var index = a.Value * 8 + b.Value;
        Assert.Equal(a.Value, index / ScalarExpr.Index(8));
        Assert.Equal(b.Value, ScalarExpr.Binary(BinaryKind.Rem, index, ScalarExpr.Index(8)));
        Assert.Equal(a.Value / ScalarExpr.Index(2), index / ScalarExpr.Index(16));
    }

    [Theory]
    [InlineData(null, 8L)]
    [InlineData(10L, null)]
    [InlineData(10L, 9L)]
    public void WhatMayBeNegativeOrReachTheFactorStays(long? outer, long? inner)
    {
        var index = new LoopVariable("a", outer).Value * 8 + new LoopVariable("b", inner).Value;
        Assert.IsType<BinaryExpr>(index / ScalarExpr.Index(8));
        Assert.Equal(BinaryKind.Div, ((BinaryExpr)(index / ScalarExpr.Index(8))).Kind);
    }

    [Fact]
    public void NothingIsKnownOfAnIndexThatMayHaveWrapped()
    {
        var i = new LoopVariable("i", 4).Value;
        Assert.Null(ScalarExpr.Compare(CompareKind.Ge, i * (1L << 62), ScalarExpr.Index(0)).Truth);
        Assert.Null(ScalarExpr.Compare(CompareKind.Ge, i + long.MaxValue, ScalarExpr.Index(0)).Truth);
        Assert.Null(ScalarExpr.Compare(CompareKind.Ge, i + (long.MaxValue - 2), ScalarExpr.Index(0)).Truth);
        Assert.True(ScalarExpr.Compare(CompareKind.Ge, i * (1L << 60), ScalarExpr.Index(0)).Truth);
    }

    private static long Value(ScalarExpr expression, Dictionary<LoopVariable, long> values) => expression switch
    {
        ConstantExpr c => (long)c.Value,
        VariableExpr v => values[v.Variable],
        BinaryExpr b => (b.Kind, Value(b.X, values), Value(b.Y, values)) switch
        {
            (BinaryKind.Add, var x, var y) => x + y,
            (BinaryKind.Mul, var x, var y) => x * y,
            (BinaryKind.Div, var x, var y) => x / y,
            (BinaryKind.Rem, var x, var y) => x % y,
            _ => throw new ArgumentOutOfRangeException(nameof(expression)),
        },
        _ => throw new ArgumentOutOfRangeException(nameof(expression)),
    };
}
