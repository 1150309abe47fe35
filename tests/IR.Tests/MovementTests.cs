using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using Xunit;
using static GraphCompiler.IR.DType;

namespace GraphCompiler.IR.Tests;

/// <summary>Calls that move elements, and those that reduce truth values, with values worked out by hand.</summary>
public sealed class MovementTests
{
    private readonly FunctionBuilder _b = new("moves");
    private readonly Value _x, _v, _empty;

    public MovementTests() => (_x, _v, _empty) =
        (_b.Constant(new Literal(F32[2, 3], 1, 2, 3, 4, 5, 6)), _b.Constant(new Literal(F32[3], 1, 2, 3)),
        _b.Constant(new Literal(F32[2, 0])));

    private void Is(Value value, TensorType type, params double[] expected)
    {
        Assert.Equal(type, value.Type);
        Assert.Equal(expected, ReferenceInterpreter.Run(_b.Snapshot(value))[0].ToArray());
    }

    private static void Fails(string code, Action call, string says, [CallerLineNumber] int line = 0)
    {
        var error = Assert.Throws<GraphException>(call);
        Assert.Equal((code, line), (error.Code, error.Diagnostics[0].Location.Line));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts()
    {
        var thirds = _x.Split(3, axis: -1);
        Assert.Equal(3, thirds.Length);
        Is(thirds[1], F32[2, 1], 2, 5);
        var uneven = _x.Split([0, 2, 1], 1);
        Is(uneven[0], F32[2, 0]);
        Is(uneven[1], F32[2, 2], 1, 2, 4, 5);
        Is(uneven[2], F32[2, 1], 3, 6);
        Assert.Same(_x, _x.Split(1)[0]);
        Fails("SGC1005", () => _x.Split(2, 1), "2 does not divide");
        Fails("SGC1005", () => _x.Split(0), "0 does not divide");
        Fails("SGC1005", () => _x.Split([1, 1], 1), "[1,1]");
        Fails("SGC1005", () => _x.Split([4, -1], 1), "[4,-1]");
        Fails("SGC1004", () => _x.Split(1, 2), "axis 2");
    }

    [Fact]
    public void Repeats_and_rolls()
    {
        Is(_v.Tile([2]), F32[6], 1, 2, 3, 1, 2, 3);
        Is(_x[..1, ..2].Tile([2, 2]), F32[2, 4], 1, 2, 1, 2, 1, 2, 1, 2);
        Is(_v.Tile([0]), F32[0]);
        Is(_empty.Tile([2, 5]), F32[4, 0]);
        Is(_v.Roll(1, 0), F32[3], 3, 1, 2);
        Is(_v.Roll(-4, -1), F32[3], 2, 3, 1);
        Is(_x.Roll(1, 0), F32[2, 3], 4, 5, 6, 1, 2, 3);
        Is(_v.Roll(int.MinValue, 0), F32[3], 3, 1, 2);
        Assert.Same(_v, _v.Roll(3, 0));
        Assert.Same(_empty, _empty.Roll(1, 1));
        Fails("SGC1003", () => _x.Tile([2]), "2 numbers");
        Fails("SGC1005", () => _x.Tile([1, -1]), "[1,-1]");
        Fails("SGC1012", () => _x.Tile([1 << 30, 1 << 30]), "");
        Fails("SGC1004", () => _x.Roll(1, 2), "axis 2");
    }

    [Fact]
    public void Triangles_and_diagonals()
    {
        Is(_x.Tril(), F32[2, 3], 1, 0, 0, 4, 5, 0);
        Is(_x.Tril(-1), F32[2, 3], 0, 0, 0, 4, 0, 0);
        Is(_x.Triu(1), F32[2, 3], 0, 2, 3, 0, 0, 6);
        Is(_x.Triu(int.MinValue), F32[2, 3], 1, 2, 3, 4, 5, 6);
        Is(_x.Tril(int.MaxValue), F32[2, 3], 1, 2, 3, 4, 5, 6);
        Is(_x.Diagonal(), F32[2], 1, 5);
        Is(_x.Diagonal(2), F32[1], 3);
        Is(_x.Diagonal(-1), F32[1], 4);
        Is(_x.Diagonal(3), F32[0]);
        Is(_x.Diagonal(int.MinValue), F32[0]);
        Is(_x.Reshape([3, 2]).Diagonal(-1), F32[2], 3, 6);
        Is(_x.Stack(_x * 10).Diagonal(1), F32[2, 2], 2, 6, 20, 60);
        Is(_empty.Diagonal(), F32[0]);
        Fails("SGC1003", () => _v.Tril(), "f32[3]");
        Fails("SGC1003", () => _v.Diagonal(), "f32[3]");
    }

    [Fact]
    public void Own_elements_around()
    {
        Is(_v.Pad([2], [1], PadMode.Reflect), F32[6], 3, 2, 1, 2, 3, 2);
        Is(_v.Pad([2], [1], PadMode.Edge), F32[6], 1, 1, 1, 2, 3, 3);
        Is(_v.Pad([2], [3], PadMode.Circular), F32[8], 2, 3, 1, 2, 3, 1, 2, 3);
        Is(_x.Pad([1, 0], [0, 1], PadMode.Reflect), F32[3, 4], 4, 5, 6, 5, 1, 2, 3, 2, 4, 5, 6, 5);
        Is(_x.Pad([0, 0], [1, 2], PadMode.Edge)[2], F32[5], 4, 5, 6, 6, 6);
        Assert.Same(_x, _x.Pad([0, 0], [0, 0], PadMode.Edge));
        Is(_empty.Pad([1, 0], [0, 0], PadMode.Circular), F32[3, 0]);
        Fails("SGC1005", () => _v.Pad([3], [0], PadMode.Reflect), "axis 0");
        Fails("SGC1005", () => _v.Pad([4], [0], PadMode.Circular), "axis 0");
        Fails("SGC1005", () => _empty.Pad([0, 1], [0, 0], PadMode.Edge), "axis 1");
        Fails("SGC1005", () => _v.Pad([-1], [0], PadMode.Edge), "axis 0");
        Fails("SGC1005", () => _v.Pad([1], [0], (PadMode)5), "mode 5");
        Fails("SGC1003", () => _x.Pad([1], [0, 0], PadMode.Edge), "low");
    }

    [Fact]
    public void One_hot_and_along_an_axis()
    {
        var i = _b.Constant(new Literal(I32[2, 2], 2, 0, -1, 3));
        Is(i.OneHot(3), F32[2, 2, 3], 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
        Is(i.OneHot(3, Bool, 0)[2], Bool[2, 2], 1, 0, 0, 0);
        Is(_b.Constant(new Literal(U8[1], 3)).OneHot(300, I32)[.., 259], I32[1], 0);
        Is(i.OneHot(0), F32[2, 2, 0]);
        Is(_x.TakeAlongAxis(i), F32[2, 2], 3, 1, 4, 6);
        Is(_x.TakeAlongAxis(_b.Constant(new Literal(I64[1, 3], 1, 0, 1)), 0), F32[1, 3], 4, 2, 6);
        Is(_x.TakeAlongAxis(_b.Constant(new Literal(I64[2, 0]))), F32[2, 0]);
        Fails("SGC1001", () => _v.OneHot(3), "f32[3]");
        Fails("SGC1005", () => i.OneHot(-1), "-1 classes");
        Fails("SGC1004", () => i.OneHot(2, axis: 3), "axis 3");
        Fails("SGC1001", () => _x.TakeAlongAxis(_x), "f32[2,3]");
        Fails("SGC1002", () => _x.TakeAlongAxis(i, 0), "i32[2,2]");
        Fails("SGC1002", () => _empty.TakeAlongAxis(i), "empty");
        Fails("SGC1008", () => _x.TakeAlongAxis(new FunctionBuilder("other").Parameter("o", I32[2, 2])), "other");
    }

    [Fact]
    public void Orders()
    {
        var x = _b.Constant(new Literal(F32[4], 3, 1, 2, 1));
        Is(x.Sort(), F32[4], 1, 1, 2, 3);
        Is(x.ArgSort(), I32[4], 1, 3, 2, 0);
        Is(x.ArgSort(descending: true), I32[4], 0, 2, 1, 3);
        Is(x.TopK(2).Value, F32[2], 3, 2);
        Is(x.TopK(3, largest: false).Index, I32[3], 1, 3, 2);
        Is(_x.TopK(1, 0).Value, F32[1, 3], 4, 5, 6);
        Fails("SGC1005", () => x.TopK(5), "no 5 elements");
        Fails("SGC1005", () => x.TopK(-1), "no -1 elements");
        Fails("SGC1004", () => x.Sort(1), "axis 1");
        Fails("SGC1004", () => _x.Sum().TopK(0), "axis -1");
        Fails("SGC1001", () => _b.Constant(new Literal(Bool[2], 1, 0)).Sort(), "bool[2]");
    }

    [Fact]
    public void Cumulations()
    {
        Is(_x.CumSum(), F32[2, 3], 1, 3, 6, 4, 9, 15);
        Is(_x.CumProd(0, reverse: true), F32[2, 3], 4, 10, 18, 4, 5, 6);
        Is(_v.CumMax(exclusive: true), F32[3], double.NegativeInfinity, 1, 2);
        Is(_v.Recurrence(_b.Constant(0.5f)), F32[3], 1, 2.5, 4.25);
        Fails("SGC1004", () => _x.CumSum(2), "axis 2");
        Fails("SGC1001", () => _b.Constant(new Literal(Bool[2], 1, 0)).CumSum(), "bool[2]");
        Fails("SGC1002", () => _v.Recurrence(_x), "f32[2,3]");
        Fails("SGC1001", () => _v.Recurrence(_b.Constant(1)), "i32[]");
    }

    [Fact]
    public void Any_and_all()
    {
        var marks = _b.Constant(new Literal(Bool[2, 3], 1, 0, 1, 1, 1, 1));
        Is(marks.Any(1), Bool[2], 1, 1);
        Is(marks.All(1), Bool[2], 0, 1);
        Is(marks.All(keepAxes: true), Bool[1, 1], 0);
        Is((_x - 1).Any(0), Bool[3], 1, 1, 1);
        Is((_x - 1).All(0), Bool[3], 0, 1, 1);
        Is(_b.Constant(new Literal(F64[2], double.NaN, -0.0)).Any(), Bool, 1);
        Is(_empty.Any(1), Bool[2], 0, 0);
        Is(_empty.All(1), Bool[2], 1, 1);
        Is(_empty.All(0), Bool[0]);
        Fails("SGC1004", () => _x.Any(2), "axis 2");
    }

    [Fact]
    public void Norms()
    {
        var x = _b.Constant(new Literal(F64[2, 2], 3, -4, 0, 0));
        Is(x.Norm(2, 1), F64[2], 5, 0);
        Is(x.Norm(1, 1, keepAxes: true), F64[2, 1], 7, 0);
        Is(x.Norm(0, 1), F64[2], 2, 0);
        Is(x.Norm(double.PositiveInfinity, 1), F64[2], 4, 0);
        Is(x.Norm(double.NegativeInfinity, 1), F64[2], 3, 0);
        Is(x.Norm(-1, 1), F64[2], 1 / (1 / 3.0 + 1 / 4.0), 0);
        Is(x.Norm(), F64, 5);
        Fails("SGC1011", () => _x.Norm(double.NaN), "NaN");
        Fails("SGC1001", () => _b.Constant(new Literal(I32[1], 1)).Norm(), "i32[1]");
        Fails("SGC1004", () => _x.Norm(2, 2), "axis 2");
    }

    public static TheoryData<string, int[][]> Equations => new()
    {
        { "ij,jk->ik", [[2, 3], [3, 4]] }, { "ij,jk", [[2, 3], [3, 4]] }, { "ba", [[2, 3]] }, { "ij->ji", [[2, 3]] }, { "ii", [[3, 3]] },
        { "ii->i", [[3, 3]] }, { "ij->", [[2, 3]] }, { "i,j->ij", [[2], [3]] }, { "ij,ij->ij", [[2, 3], [2, 3]] },
        { "bij,bjk->bik", [[2, 3, 4], [2, 4, 2]] }, { "bhqd,bkhd->bhqk", [[2, 2, 3, 4], [2, 5, 2, 4]] },
        { "...ij,...jk->...ik", [[2, 1, 2, 3], [5, 3, 4]] }, { "...i->...", [[2, 3]] },
        { "...,...", [[2, 3], [3]] }, { "i...j->j...i", [[2, 3, 4]] }, { "ij,jk,kl->il", [[2, 3], [3, 4], [4, 2]] },
        { "iji,j->i", [[2, 3, 2], [3]] }, { "iii->", [[2, 2, 2]] }, { "ij,kl->", [[2, 3], [2, 2]] }, { "a,b,c->cab", [[2], [3], [2]] },
        { " i j , j -> i ", [[2, 3], [3]] }, { ",i->i", [[], [3]] }, { "aB,Bc->ca", [[2, 3], [3, 2]] }, { "ij,jk->ik", [[2, 0], [0, 3]] },
        { "...ii->...i", [[2, 3, 3]] }, { "ij,ij->", [[2, 3], [2, 3]] },
    };

    [Theory, MemberData(nameof(Equations))]
    public void Einsum_is_the_sum_of_products_that_it_says(string equation, int[][] shapes)
    {
        var b = new FunctionBuilder("einsum");
        Value[] x = [.. shapes.Select((s, i) => b.Parameter($"x{i}", F64[s]))];
        var result = x[0].Einsum(equation, x.AsSpan(1));
        var random = new Random(3);
        double[] Drawn(Value v) => [.. Enumerable.Range(0, (int)v.Shape.ElementCount).Select(_ => (double)random.Next(-4, 5))];
        Literal[] arguments = [.. x.Select(v => new Literal(v.Type, Drawn(v)))];
        var (shape, expected) = Summed(equation, arguments);
        Assert.Equal(shape, result.Shape);
        Assert.Equal(expected, ReferenceInterpreter.Run(b.Build(result), arguments)[0].ToArray());
    }

    // Over all indices of all letters; those of the ellipsis are digits, aligned at the last.
    private static (Shape, double[]) Summed(string equation, Literal[] x)
    {
        var sides = equation.Replace(" ", "", StringComparison.Ordinal).Split("->");
        var terms = sides[0].Split(',');
        string Digits(int n) => string.Concat(Enumerable.Range(0, n).Select(i => (char)('0' + n - 1 - i)));
        var longest = terms.Zip(x, (t, v) => t.Contains("...", StringComparison.Ordinal) ? v.Type.Rank - (t.Length - 3) : 0).Max();
        string[] named = [.. terms.Zip(x, (t, v) =>
            t.Replace("...", Digits(v.Type.Rank - Math.Max(t.Length - 3, 0)), StringComparison.Ordinal))];
        var all = string.Concat(named);
        var result = sides.Length == 2 ? sides[1].Replace("...", Digits(longest), StringComparison.Ordinal)
            : Digits(longest) + string.Concat(all.Where(c => char.IsLetter(c) && all.Count(d => d == c) == 1).Order());
        char[] letters = [.. all.Distinct()];
        int SizeOf(char c) => named.Zip(x).SelectMany(p => p.First.Select((d, i) => d == c ? p.Second.Type.Shape[i] : 1))
            .Where(s => s != 1).DefaultIfEmpty(1).First();
        var sizes = letters.ToDictionary(c => c, SizeOf);
        int[] shape = [.. result.Select(c => sizes[c])];
        var sums = new double[shape.Aggregate(1, (a, b) => a * b)];
        var space = new Shape([.. letters.Select(c => sizes[c])]);
        var index = new int[letters.Length];
        for (var i = 0L; i < space.ElementCount; i++)
        {
            space.Unravel(i, index);
            int[] At(string names, Shape of) => [.. names.Select((c, a) => of[a] == 1 ? 0 : index[Array.IndexOf(letters, c)])];
            sums[new Shape(shape).Ravel(At(result, new Shape(shape)))] +=
                named.Zip(x).Aggregate(1.0, (p, o) => p * (double)o.Second[o.Second.Type.Shape.Ravel(At(o.First, o.Second.Type.Shape))]);
        }
        return (new Shape(shape), sums);
    }

    [Fact]
    public void Einsum_refuses_what_it_cannot_read()
    {
        var i = _b.Constant(new Literal(I32[3], 1));
        var mask = _b.Constant(new Literal(Bool[3], 1));
        Fails("SGC1005", () => _x.Einsum("ij,jk->ik"), "names 2 operands, given 1");
        Fails("SGC1005", () => _x.Einsum("i1->i"), "letters");
        Fails("SGC1005", () => _x.Einsum("i..j->i"), "letters");
        Fails("SGC1005", () => _x.Einsum("ij->ik"), "\"k\"");
        Fails("SGC1005", () => _x.Einsum("ij->ii"), "twice");
        Fails("SGC1005", () => _x.Einsum("ij->i->j"), "more than one");
        Fails("SGC1005", () => _x.Einsum("......"), "letters");
        Fails("SGC1003", () => _x.Einsum("i->i"), "names 1 axes");
        Fails("SGC1003", () => _x.Einsum("...ijk"), "names 3 axes");
        Fails("SGC1002", () => _x.Einsum("ij,i->j", _v), "\"i\" has sizes 2 and 3");
        Fails("SGC1002", () => _x.Einsum("ii->i"), "sizes");
        Fails("SGC1002", () => _x.Einsum("...,...", _x[.., ..2]), "do not broadcast");
        Fails("SGC1001", () => _x.Einsum("ij,j->i", i), "i32[3]");
        Fails("SGC1001", () => mask.Einsum("i->"), "bool[3]");
        Fails("SGC1008", () => _x.Einsum("ij,j->i", new FunctionBuilder("other").Parameter("o", F32[3])), "other");
        Is(i.Einsum("i,i->", i), I32, 3);
    }
}
