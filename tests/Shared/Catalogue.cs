using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Tests.Shared;

/// <summary>For each op the element types that it takes, and how it is applied to values of one of them.</summary>
internal sealed record CatalogueRow(string Types, Func<Catalogue, string, Value[]> Apply);

/// <summary>A function of every op that takes an element type: each op is applied to parameters of that type, of awkward shapes.</summary>
internal sealed class Catalogue
{
    private const string Any = "any", Numbers = "numbers", Floats = "floats", Integers = "integers", Bits = "bits";
    private const int Rows = 3, Columns = 5;

    private readonly FunctionBuilder _b;
    private readonly DType _type;
    private readonly Value _x, _y;
    private int _parameters;

    private Catalogue(DType type)
    {
        (_type, _b) = (type, new FunctionBuilder($"catalogue.{type}"));
        (_x, _y) = (_b.Parameter("x", type[Rows, Columns]), _b.Parameter("y", type[Rows, Columns]));
    }

    /// <summary>Every op but <c>fusion</c>, which passes make.</summary>
    public static IReadOnlyDictionary<string, CatalogueRow> All { get; } = new Dictionary<string, CatalogueRow>
    {
        ["abs"] = One(Numbers), ["acos"] = One(Floats), ["add"] = Two(Numbers), ["and"] = Two(Bits), ["asin"] = One(Floats),
        ["atan"] = One(Floats), ["atan2"] = Two(Floats), ["attention"] = With(Floats, c => c.Attended()),
        ["attention_gradient"] = With(Floats, c => c.AttendedBack()),
        ["broadcast_in_dim"] = Of(Any, x => Broadcasting.To(x, new Shape(2, Rows, Columns))), ["by_mode"] = Two(Any),
        ["cbrt"] = One(Floats), ["ceil"] = One(Floats),
        ["clamp"] = Of(Numbers, x => x.Clip(1, 3)),
        ["clamp_index"] = With("i32 i64", c => [c._x.Emit(ClampIndex.Instance, default, ClampIndex.Attributes(2))]),
        ["compare"] = With(Any, c => [c._x.Less(c._y), c._x.Equal(c._y), c._x.GreaterOrEqual(c._y)]),
        ["concatenate"] = With(Any, c => [c._x.Concat(c._y, 1)]),
        ["constant"] = With(Any, c => [c._b.Constant(new Literal(c._type[3], 1, 0, 1))]),
        ["convert"] = With(Any, c => [.. DType.All.Select(t => c._x.ConvertTo(t))]), ["cosine"] = One(Floats),
        ["cumulative_max"] = Of(Numbers, x => x.CumMax(0)), ["cumulative_min"] = Of(Numbers, x => x.CumMin(reverse: true)),
        ["cumulative_prod"] = Of(Numbers, x => x.CumProd(exclusive: true)), ["cumulative_sum"] = Of(Numbers, x => x.CumSum()),
        ["custom_gradient"] = With(Floats, c => c.WithRules()), ["digamma"] = One(Floats), ["divide"] = Two(Numbers),
        ["dot_general"] = With(Numbers, c => [c._x.MatMul(c._y.Transpose())]), ["erf"] = One(Floats), ["erf_inv"] = One(Floats),
        ["dynamic_update_slice"] = With(Any, c => [c._x.DynamicUpdateSlice(c._y.Slice([0, 0], [2, 3]),
            [.. ((int[])[1, 1]).Select(n => c._b.Constant(new Literal(DType.I32.Scalar, n)))])]),
        ["exponential"] = One(Floats), ["exponential_minus_one"] = One(Floats),
        ["first_occurrence"] = With("i32 i64", c => [c._x.Emit(FirstOccurrence.Instance, default, FirstOccurrence.Attributes(4))]),
        ["floor"] = One(Floats), ["gather"] = With(Any, c => [c._x.Take(c.Indices([4], Rows))]),
        ["gather_along_axis"] = With(Any, c => [c._x.TakeAlongAxis(c.Indices([Rows, Columns], Columns)),
            c._x.TakeAlongAxis(c.Indices([Rows, Columns], Rows), 0)]),
        ["iota"] = With(Numbers, c => [c._b.Emit(Iota.Instance, [], Iota.Attributes(c._type[2, 3], 1))]), ["lgamma"] = One(Floats),
        ["linear_recurrence"] = With(Floats, c => [c._x.Recurrence(c._y)]), ["log"] = One(Floats), ["log_plus_one"] = One(Floats),
        ["log_softmax"] = Of(Floats, x => x.LogSoftmax()), ["logistic"] = One(Floats), ["logistic_density"] = One(Floats),
        ["maximum"] = Two(Numbers), ["minimum"] = Two(Numbers), ["multiply"] = Two(Numbers), ["negate"] = One(Numbers), ["not"] = One(Bits),
        ["or"] = Two(Bits),
        ["overlap_add"] = Of(Numbers, x => x.Window([1], [2]).Emit(OverlapAdd.Instance, default,
            OverlapAdd.Attributes(new([1], [2], [1], [1]), new Shape(Rows, Columns)))),
        ["pad"] = Of(Any, x => x.Pad([1, 0], [0, 2], 1, [0, 1])),
        ["philox"] = With("u32", c => [c._x.Philox(c._y, c._y, 1)]), ["power"] = Two(Floats),
        ["random_bits"] = With("i64", c => [c._x.Sum().RandomBits(new Shape(2, 3), 7, 5, 1)]),
        ["reduce_max"] = Of(Numbers, x => x.Max([0])), ["reduce_max_index"] = Of(Numbers, x => x.ArgMax(1)),
        ["reduce_min"] = Of(Numbers, x => x.Min([1])), ["reduce_min_index"] = Of(Numbers, x => x.ArgMin(0)),
        ["reduce_prod"] = Of(Numbers, x => x.Prod([0])), ["reduce_sum"] = Of(Numbers, x => x.Sum([1])), ["remainder"] = Two(Floats),
        ["reshape"] = Of(Any, x => x.Reshape([Columns, Rows])), ["reverse"] = Of(Any, x => x.Reverse([1])),
        ["round_nearest_even"] = One(Floats), ["rsqrt"] = One(Floats),
        ["scatter"] = With(Any, c =>
            [c.Scattered(ScatterKind.Set), .. c._type == DType.Bool ? [] : (Value[])[c.Scattered(ScatterKind.Max)]]),
        ["scatter_add"] = With(Numbers, c => [c.Scattered(ScatterKind.Add)]),
        ["scatter_add_along_axis"] = With(Numbers, c => [c._x.ScatterAlongAxis(c.Indices([Rows, Columns], Columns), c._y),
            c._x.ScatterAlongAxis(c.Indices([Rows, Columns], Rows), c._y, 0)]),
        ["scatter_along_axis"] = With(Any, c => [c._x.ScatterAlongAxis(c.Indices([Rows, Columns], Columns), c._y, 1, ScatterKind.Set),
            .. c._type == DType.Bool ? []
                : (Value[])[c._x.ScatterAlongAxis(c.Indices([Rows, Columns], Rows), c._y, 0, ScatterKind.Min)]]),
        ["sech_squared"] = One(Floats), ["select"] = With(Any, c => [c._x.Equal(c._y).Select(c._x, c._y)]),
        ["shift_left"] = Two(Integers), ["shift_right_arithmetic"] = Two(Integers), ["shift_right_logical"] = Two(Integers),
        ["sign"] = One(Numbers), ["sine"] = One(Floats), ["slice"] = Of(Any, x => x.Slice([1, 0], [3, 5], [1, 2])),
        ["softmax"] = Of(Floats, x => x.Softmax(0)), ["softplus"] = One(Floats),
        ["sort"] = With(Numbers, c => [c._x.Sort(), c._x.ArgSort(0, descending: true), c._x.TopK(2).Value]), ["sqrt"] = One(Floats),
        ["stop_gradient"] = One(Any), ["subtract"] = Two(Numbers), ["tan"] = One(Floats), ["tanh"] = One(Floats),
        ["transpose"] = Of(Any, x => x.Transpose()), ["window"] = Of(Any, x => x.Window([1], [2], [2])), ["xor"] = Two(Bits),
    };

    /// <summary>Whether a set of types has one.</summary>
    public static bool Has(string types, DType type) => types switch
    {
        Any => true, Numbers => type != DType.Bool, Floats => type.IsFloating, Integers => type.IsInteger, Bits => !type.IsFloating,
        _ => types.Split(' ').Contains(type.Name),
    };

    /// <summary>The function of all ops that take a type, and its arguments: small numbers.</summary>
    public static (Function Function, Literal[] Arguments) Of(DType type)
    {
        var catalogue = new Catalogue(type);
        Value[] results = [.. All.Where(r => Has(r.Value.Types, type)).SelectMany(r => Applied(r.Key, r.Value, catalogue))];
        var function = catalogue._b.Build(results);
        return (function, [.. function.Parameters.Select((p, i) => Draw(p.Type, i))]);
    }

    /// <summary>Whether an op is refused values of a type by its type rule.</summary>
    public static bool IsRefused(string name, DType type)
    {
        try
        {
            All[name].Apply(new Catalogue(type), name);
            return false;
        }
        catch (IR.Diagnostics.GraphException e) when (e.Code is "SGC1001")
        {
            return true;
        }
    }

    private static Value[] Applied(string name, CatalogueRow row, Catalogue catalogue)
    {
        var first = catalogue._b.Operations.Count;
        var values = row.Apply(catalogue, name);
        if (!catalogue._b.Operations.Skip(first).Any(o => o.Op.Name == name))
            throw new InvalidOperationException($"{name} is not applied");
        return values;
    }

    private static Literal Draw(TensorType type, int seed)
    {
        var random = new Random(seed);
        return Literal.Rounded(type, [.. Enumerable.Range(0, (int)type.Shape.ElementCount).Select(_ =>
            type.DType.IsFloating ? random.Next(1, 8) / 8.0 : (Scalar)random.Next(type.DType == DType.Bool ? 2 : 6))]);
    }

    private static CatalogueRow One(string types) =>
        new(types, (c, name) => [c._x.Emit(OpRegistry.Find(name)!, default, AttributeMap.Empty)]);

    private static CatalogueRow Two(string types) =>
        new(types, (c, name) => [c._x.Emit(OpRegistry.Find(name)!, default, AttributeMap.Empty, c._y)]);

    private static CatalogueRow Of(string types, Func<Value, Value> apply) => With(types, c => [apply(c._x)]);
    private static CatalogueRow With(string types, Func<Catalogue, Value[]> apply) => new(types, (c, _) => apply(c));

    private Value[] Heads() => [.. Enumerable.Range(0, 3).Select(i => NewParameter(_type[1, 3, 2, 4]))];

    private Value NewParameter(TensorType type) => _b.Parameter($"p{_parameters++}", type);

    private Value[] Attended() => [.. _b.EmitAll(Attention.Instance, Heads(), Attention.Attributes(0.5, isCausal: true))];

    private Value[] AttendedBack()
    {
        var attention = Attended();
        Value[] operands = [.. attention[0].Definition!.Operands, attention[1], NewParameter(attention[1].Type),
            NewParameter(attention[0].Type)];
        return [.. _b.EmitAll(AttentionGradient.Instance, operands, attention[0].Definition!.Attributes)];
    }

    private Value[] WithRules()
    {
        var rules = new FunctionBuilder("rules");
        var (cotangent, tangent) = (rules.Parameter("ct", _type[Rows, Columns]), rules.Parameter("t", _type[Rows, Columns]));
        return [.. _b.EmitAll(CustomGradient.Instance, [_x, _x], CustomGradient.Attributes(wrt: 1), body: rules.Build(cotangent, tangent))];
    }

    private Value Scattered(ScatterKind kind) => _x.ScatterNd(Indices([4, 1], Rows), _y.Concat(_x).Slice([0, 0], [4, Columns]), kind);

    private Value Indices(int[] shape, int limit)
    {
        var random = new Random(limit);
        return _b.Constant(new Literal(DType.I32[shape], [.. Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b))
            .Select(_ => (Scalar)random.Next(-1, limit + 1))]));
    }
}
