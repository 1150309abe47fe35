using GraphCompiler.IR.Diagnostics;
using CsCheck;
using Xunit;

namespace GraphCompiler.IR.Tests;

public class TypeTests
{
    [Fact]
    public void Shapes_compare_by_value()
    {
        Assert.Equal(new Shape(2, 3), new Shape(2, 3));
        Assert.NotEqual(new Shape(2, 3), new Shape(3, 2));
        Assert.Equal(Shape.Scalar, new Shape());
        Assert.Equal(Shape.Scalar.GetHashCode(), new Shape().GetHashCode());
        Assert.Equal(DType.F32[2, 3], DType.F32[2, 3]);
        Assert.NotEqual(DType.F32[2], DType.F64[2]);
    }

    [Fact]
    public void Shapes_know_counts_strides_and_text()
    {
        var shape = new Shape(2, 3, 4);
        Assert.Equal((3, 24L, 4), (shape.Rank, shape.ElementCount, shape[^1]));
        Assert.Equal([12, 4, 1], shape.Strides());
        Assert.Equal(new Shape(2, 4), shape.Without(1));
        Assert.Equal(("[2,3,4]", "[]", "f32[2,3,4]", "i64[]"),
            (shape.ToString(), Shape.Scalar.ToString(), DType.F32[2, 3, 4].ToString(), DType.I64[[]].ToString()));
        Assert.Equal((1L, 0L), (Shape.Scalar.ElementCount, new Shape(5, 0).ElementCount));
        Assert.Equal("SGC1011", Assert.Throws<GraphException>(() => new Shape(2, -1)).Code);
        Assert.Equal("SGC1011", Assert.Throws<GraphException>(() => DType.F32[-1]).Code);
        Assert.Equal("SGC1004", Assert.Throws<GraphException>(() => shape[3]).Code);
        Assert.Equal("SGC1011", Assert.Throws<GraphException>(() => shape.Unravel(24, new int[3])).Code);
        Assert.Equal("SGC1011", Assert.Throws<GraphException>(() => shape.Ravel([1, 2])).Code);
    }

    [Fact]
    public void Unravel_inverts_ravel() =>
        Gen.Int[1, 5].Array[0, 4].SelectMany(sizes => Gen.Long[0, new Shape(sizes).ElementCount - 1].Select(p => (sizes, p))).Sample(t =>
        {
            var shape = new Shape(t.sizes);
            var index = new int[shape.Rank];
            shape.Unravel(t.p, index);
            return shape.Ravel(index) == t.p;
        });

    [Theory]
    [InlineData("f32", 0.1, 0.10000000149011612)]
    [InlineData("f64", 0.1, 0.1)]
    [InlineData("f16", 65520, double.PositiveInfinity)]
    [InlineData("bf16", 1.00390625, 1)]
    [InlineData("bf16", 1.01171875, 1.015625)]
    [InlineData("i8", 130, -126)]
    [InlineData("u8", -1, 255)]
    [InlineData("i32", -2.9, -2)]
    [InlineData("u32", -1, 4294967295)]
    [InlineData("i64", double.NaN, 0)]
    [InlineData("bool", 0.5, 1)]
    public void Elements_round(string type, double value, double expected) => Assert.Equal(expected, DType.Find(type)!.Round(value));

    [Fact]
    public void Every_element_type_is_found_by_its_name()
    {
        Assert.All(DType.All, t => Assert.Same(t, DType.Find(t.Name)));
        Assert.Null(DType.Find("float"));
        Assert.Equal((4, 1, 2), (DType.F32.Bytes, DType.Bool.Bytes, DType.BF16.Bytes));
    }

    [Fact]
    public void Literals_splat_and_round()
    {
        var splat = new Literal(DType.F32[2, 2], 0.1);
        Assert.Equal((true, (double)0.1f, 4), (splat.IsSplat, (double)splat[3], splat.ToArray().Length));
        var list = Literal.Rounded(DType.I32[3], 1, 2.9, -3);
        Assert.Equal([1, 2, -3], list.ToArray());
        Assert.Null(list.Splat);
        Assert.Equal("[1, 2, -3]", list.ToString());
        Assert.Equal("SGC1002", Assert.Throws<GraphException>(() => new Literal(DType.F32[3], 1, 2)).Code);
        Assert.Equal("SGC1002", Assert.Throws<GraphException>(() => Literal.FromBytes(DType.F32[3], [1, 2, 3])).Code);
        Assert.Equal("SGC1012", Assert.Throws<GraphException>(() => new Literal(DType.F32[1 << 20, 1 << 20], 1).ToArray()).Code);
        Assert.Equal("SGC1012", Assert.Throws<GraphException>(() => new Literal(DType.F32[1 << 20, 1 << 20], 1).ToBytes()).Code);
        Assert.Empty(new Literal(DType.F32[0], 5).ToArray());
    }

    [Fact]
    public void Numbers_read_back_as_they_were_written() =>
        Gen.Double.Where(double.IsFinite).Sample(v =>
            double.Parse(((Scalar)v).ToString(), System.Globalization.CultureInfo.InvariantCulture).Equals(v));

    [Fact]
    public void Attributes_compare_by_value()
    {
        var a = AttributeMap.Empty.With("axes", (int[])[0, 1]).With("kind", "loop").With("p", new Attribute.Pairs([1], [0]));
        var b = AttributeMap.Empty.With("p", new Attribute.Pairs([1], [0])).With("kind", "loop").With("axes", (int[])[0, 1]);
        Assert.Equal(a, b);
        Assert.Equal(a.GetHashCode(), b.GetHashCode());
        Assert.Equal("{axes=[0,1], kind=loop, p=[1]x[0]}", a.ToString());
        Assert.NotEqual(a, a.With("kind", "row"));
    }
}
