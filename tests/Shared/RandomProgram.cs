using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Tests.Shared;

/// <summary>Well-typed random functions that draw every op of the registry, on awkward shapes and special values:
/// a seed decides everything.</summary>
/// <remarks>A value is exact where it comes from exact inputs (small integers, infinities, NaN, both zeros, any integers) by ops that do
/// not round: only those feed ops that jump or that magnify a rounding error,
/// so that an exact result must agree in every bit and another within a tolerance.</remarks>
internal sealed partial class RandomProgram
{
    private static readonly int[] s_sizes = [0, 1, 1, 2, 3, 5, 7, 8, 17, 33];

    /// <summary>Rows and columns of long programs: reductions of so many elements are split, but for the prime.</summary>
    private static readonly (int Rows, int Columns)[] s_long =
        [(1, 16_384), (16_400, 1), (1, 16_411), (3, 5_472), (5_472, 3), (17, 1_000), (2_100, 8)];
    private const int MostShort = 4096, MostLong = 32_768;
    private static readonly Scalar[] s_floats =
        [double.NaN, -double.NaN, double.PositiveInfinity, double.NegativeInfinity, 0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 4.0, 7.0, -0.25];

    /// <summary>For each op how it is drawn: null where nothing in the pool suits it.</summary>
    public static IReadOnlyDictionary<Op, Func<RandomProgram, Value?>> Rules { get; } = new Dictionary<Op, Func<RandomProgram, Value?>>
    {
        [Abs.Instance] = p => p.Unary(Abs.Instance),
        [Acos.Instance] = p => p.Exact(IsFloat)?.Acos(),
        [Add.Instance] = p => Bounded(p.Binary(Add.Instance)),
        [And.Instance] = p => p.Bitwise(And.Instance),
        [Asin.Instance] = p => p.Exact(IsFloat)?.Asin(),
        [Atan.Instance] = p => p.Unary(Atan.Instance),
        [Atan2.Instance] = p => p.Exact(IsFloat) is { } x ? x.Atan2(p.Like(x, isExact: true)) : null,
        [Attention.Instance] = p => p.Attends()[0],
        [AttentionGradient.Instance] = p => p.AttentionGradients(),
        [Broadcast.Instance] = p => p.Any(v => v.Rank < 3) is { } x
            ? Broadcasting.To(x, new Shape([p._random.Next(1, 4), .. x.Shape])) : null,
        [ByMode.Instance] = p => p.Any() is { } x ? x.ByMode(p.Like(x)) : null,
        [Cbrt.Instance] = p => p.Exact(IsFloat)?.Cbrt(),
        [Ceil.Instance] = p => p.Exact(IsFloat) is { } x ? x.Ceil() : null,
        [Clamp.Instance] = p => p.Any(IsNumber) is { } x ? x.Clip(x.DType.Kind == DTypeKind.Unsigned ? 1 : -2, 3) : null,
        [ClampIndex.Instance] = p => p.Indices().Emit(ClampIndex.Instance, default, ClampIndex.Attributes(p._random.Next(1, 9))),
        [Compare.Instance] = p => p.Exact() is { } x ? x.Emit(Compare.Instance, default, AttributeMap.Empty.With("direction",
            p.Pick(["eq", "ne", "lt", "le", "gt", "ge"])), p.Like(x, isExact: true)) : null,
        [Concatenate.Instance] = p => p.Any(v => v.Rank > 0) is { } x
            ? x.Concat([.. Enumerable.Range(0, p._random.Next(1, 20)).Select(_ => p.Like(x))], p._random.Next(x.Rank)) : null,
        [Constant.Instance] = p => p.DenseConstant(),
        [IR.Ops.Convert.Instance] = p => p.Convert(),
        [Cosine.Instance] = p => p.Unary(Cosine.Instance),
        [CumulativeMax.Instance] = p => p.Cumulated(CumulativeMax.Instance, IsNumber),
        [CumulativeMin.Instance] = p => p.Cumulated(CumulativeMin.Instance, IsNumber),
        [CumulativeProd.Instance] = p => p.Cumulated(CumulativeProd.Instance, IsNumber),
        [CumulativeSum.Instance] = p => Bounded(p.Cumulated(CumulativeSum.Instance, IsNumber)),
        [CustomGradient.Instance] = p => p.WithRules(),
        [Digamma.Instance] = p => p.Exact(IsFloat)?.Digamma(),
        [Divide.Instance] = p => p.Exact(IsNumber) is { } x ? Bounded(x / p.Like(x, isExact: true)) : null,
        [DotGeneral.Instance] = p => p.Dot(),
        [DynamicUpdateSlice.Instance] = p => p.Updated(),
        [Erf.Instance] = p => p.Unary(Erf.Instance),
        [ErfInv.Instance] = p => p.Exact(IsFloat)?.ErfInv(),
        [Expm1.Instance] = p => p.Exact(IsFloat) is { } x ? x.Clip(-3, 3).Expm1() : null,
        [Exponential.Instance] = p => p.Exact(IsFloat) is { } x ? x.Clip(-3, 3).Exp() : null,
        [FirstOccurrence.Instance] = p => p.Indices().Emit(FirstOccurrence.Instance, default,
            FirstOccurrence.Attributes(p._random.Next(1, 9))),
        [Floor.Instance] = p => p.Exact(IsFloat) is { } x ? x.Floor() : null,
        // As many rows as a long program has indices, each as long as its rows, would be gigabytes.
        [Gather.Instance] = p => p.Any(v => v.Rank > 0 && v.Shape[0] > 0) is { } x && p.Indices() is var indices
            && x.Shape.ElementCount / x.Shape[0] * indices.Shape.ElementCount <= 16 * MostLong ? x.Take(indices) : null,
        [GatherAlongAxis.Instance] = p => p.Any(v => v.Rank > 0 && v.Shape.ElementCount > 0) is { } x && p._random.Next(x.Rank) is var axis
            ? x.TakeAlongAxis(p.Along(x, axis), axis) : null,
        [Iota.Instance] = p => p._b.Emit(Iota.Instance, [],
            Iota.Attributes(p.Pick([p._float, DType.I32, DType.U8, DType.I64])[p.Size(), p.Size()], p._random.Next(2))),
        [Lgamma.Instance] = p => p.Exact(IsFloat)?.Lgamma(),
        [LinearRecurrence.Instance] = p => p.Exact(v => IsFloat(v) && v.Rank > 0) is { } x ? Bounded(x.Sign().Emit(
            LinearRecurrence.Instance, default, LinearRecurrence.Attributes(p._random.Next(x.Rank), p._random.Next(2) == 0),
            p.Like(x, isExact: true))) : null,
        [Log.Instance] = p => p.Exact(IsFloat) is { } x ? x.Log() : null,
        [Log1p.Instance] = p => p.Exact(IsFloat) is { } x ? x.Log1p() : null,
        [Logistic.Instance] = p => p.Unary(Logistic.Instance),
        [LogisticDensity.Instance] = p => p.Unary(LogisticDensity.Instance),
        [LogSoftmax.Instance] = p => p.Any(v => IsFloat(v) && v.Rank > 0) is { } x ? x.LogSoftmax(p._random.Next(x.Rank)) : null,
        [Maximum.Instance] = p => p.Binary(Maximum.Instance),
        [Minimum.Instance] = p => p.Binary(Minimum.Instance),
        [Multiply.Instance] = p => Bounded(p.Binary(Multiply.Instance)),
        [Negate.Instance] = p => p.Unary(Negate.Instance, IsNumber),
        [Not.Instance] = p => p.Any(HasBits)?.Not(),
        [Or.Instance] = p => p.Bitwise(Or.Instance),
        [OverlapAdd.Instance] = p => Bounded(p.Overlapping()),
        [Pad.Instance] = p => p.Padded(),
        [Philox.Instance] = p => p.Any(v => v.DType == DType.U32) is { } x ? x.Philox(p.Like(x), p.Like(x), p._random.Next(2)) : null,
        [Power.Instance] = p => p.Exact(IsFloat) is { } x ? x.Clip(-2, 3).Pow(p.Like(x, isExact: true).Clip(-2, 3)) : null,
        [RandomBits.Instance] = p => p.Draw(DType.I64.Scalar) is var step
            ? p._b.Constant(step).RandomBits(new Shape(p.Size(), p.Size()), (ulong)p._random.NextInt64(), 3, p._random.Next(2)) : null,
        [ReduceMax.Instance] = p => p.Reduce((x, axes) => x.Max(axes), isEmptyAllowed: false),
        [ReduceMaxIndex.Instance] = p => p.Reduce((x, axes) => p.Both(x.MaxWithIndex(axes)), isEmptyAllowed: false, isExact: true),
        [ReduceMinIndex.Instance] = p => p.Reduce((x, axes) => p.Both(x.MinWithIndex(axes)), isEmptyAllowed: false, isExact: true),
        [ReduceMin.Instance] = p => p.Reduce((x, axes) => x.Min(axes), isEmptyAllowed: false),
        [ReduceProd.Instance] = p => p.Reduce((x, axes) => IsFloat(x) ? x.Sign().Prod(axes) : x.Prod(axes),
            isEmptyAllowed: true, isExact: true),
        [ReduceSum.Instance] = p => Bounded(p.Reduce((x, axes) => x.Sum(axes, p._random.Next(2) == 0, p.Accumulator(x)),
            isEmptyAllowed: true)),
        [Remainder.Instance] = p => p.Exact(IsFloat) is { } x ? x.Remainder(p.Like(x, isExact: true), p._random.Next(2) == 0) : null,
        [Reshape.Instance] = p => p.Reshaped(),
        [Reverse.Instance] = p => p.Any(v => v.Rank > 0) is { } x
            ? x.Emit(Reverse.Instance, default, Reverse.Attributes(p.Axes(x))) : null,
        [RoundNearestEven.Instance] = p => p.Exact(IsFloat) is { } x ? (x * 0.5).Round() : null,
        [Rsqrt.Instance] = p => p.Exact(IsFloat) is { } x ? x.Rsqrt() : null,
        [IR.Ops.Scatter.Instance] = p => p.Scattered(),
        [ScatterAdd.Instance] = p => p.Scatter(),
        [ScatterAddAlongAxis.Instance] = p => p.ScatterAddedAlongAxis(),
        [IR.Ops.ScatterAlongAxis.Instance] = p => p.ScatteredAlongAxis(),
        [SechSquared.Instance] = p => p.Unary(SechSquared.Instance),
        [Select.Instance] = p => p.Any(IsNumber) is { } x && p.Like(x.Shape, DType.Bool) is { } predicate
            ? predicate.Select(x, p.Like(x)) : null,
        [ShiftLeft.Instance] = p => p.Bitwise(ShiftLeft.Instance, v => v.DType.IsInteger),
        [ShiftRightArithmetic.Instance] = p => p.Bitwise(ShiftRightArithmetic.Instance, v => v.DType.IsInteger),
        [ShiftRightLogical.Instance] = p => p.Bitwise(ShiftRightLogical.Instance, v => v.DType.IsInteger),
        [Sign.Instance] = p => p.Exact(IsNumber) is { } x ? x.Sign() : null,
        [Sine.Instance] = p => p.Unary(Sine.Instance),
        [Slice.Instance] = p => p.Sliced(),
        [Softmax.Instance] = p => p.Any(v => IsFloat(v) && v.Rank > 0) is { } x ? x.Softmax(p._random.Next(x.Rank)) : null,
        [Softplus.Instance] = p => p.Unary(Softplus.Instance),
        [Sort.Instance] = p => p.Exact(v => IsNumber(v) && v.Rank > 0) is { } x ? p.Sorted(x, p._random.Next(x.Rank)) : null,
        [Sqrt.Instance] = p => p.Exact(IsFloat) is { } x ? x.Sqrt() : null,
        [StopGradient.Instance] = p => p.Any(IsFloat)?.StopGradient(),
        [Subtract.Instance] = p => Bounded(p.Binary(Subtract.Instance)),
        [Tan.Instance] = p => p.Exact(IsFloat)?.Tan(),
        [Tanh.Instance] = p => p.Unary(Tanh.Instance),
        [Transpose.Instance] = p => p.Any(v => v.Rank > 1) is { } x
            ? x.Transpose([.. Enumerable.Range(0, x.Rank).OrderBy(_ => p._random.Next())]) : null,
        [Window.Instance] = p => p.Windows(p.Any(v => v.Rank is > 0 and < 4)),
        [Xor.Instance] = p => p.Bitwise(Xor.Instance),
    };

    // Ops whose results are rounded, whatever the operands; sums and products of small integers are not.
    private static readonly HashSet<Op> s_rounding =
    [
        Acos.Instance, Asin.Instance, Atan.Instance, Atan2.Instance, Attention.Instance, AttentionGradient.Instance, Cbrt.Instance,
        Cosine.Instance, Digamma.Instance, Divide.Instance, Erf.Instance, ErfInv.Instance, Expm1.Instance, Exponential.Instance,
        Lgamma.Instance, Log.Instance, Log1p.Instance, Logistic.Instance, LogisticDensity.Instance, LogSoftmax.Instance, Power.Instance,
        Rsqrt.Instance, SechSquared.Instance, Sine.Instance, Softmax.Instance, Softplus.Instance, Sqrt.Instance, Tan.Instance,
        Tanh.Instance,
    ];

    private readonly Random _random;
    private readonly FunctionBuilder _b;
    private readonly DType _float;
    private readonly List<Value> _pool = [];
    private readonly HashSet<Value> _exact = [];
    private int _judged;
    private int _mostElements = MostShort;

    private RandomProgram(int seed, DType dtype) =>
        (_random, _b, _float) = (new Random(seed), new FunctionBuilder($"program{seed}"), dtype);

    /// <summary>The function, arguments for it, and for each result whether it must agree in every bit.</summary>
    public static (Function Function, Literal[] Arguments, bool[] IsExact) Create(int seed, DType dtype)
    {
        var program = new RandomProgram(seed, dtype);
        var arguments = program.Declare(isLong: seed % 8 == 7);
        var rules = Rules.Values.ToArray();
        var count = program._random.Next(5, 30);
        for (var i = 0; i < count; i++)
        {
            var value = program.Pick(rules)(program);
            program.Judge();
            if (value is not null && value.Shape.ElementCount <= program._mostElements) program._pool.Add(value);
        }
        Value[] results = [.. program._pool.Skip(arguments.Length / 2).OrderBy(_ => program._random.Next())
            .Take(program._random.Next(1, 6))];
        if (seed % 4 == 1) results = [.. results, .. program.ChoiceAmongWindows()];
        if (program._mostElements == MostLong) results = [.. results, .. Enumerable.Range(0, 3).Select(_ => program.LargeReduction())];
        program.Judge();
        return (program._b.Build(results), arguments, [.. results.Select(program._exact.Contains)]);
    }

    private Literal[] Declare(bool isLong)
    {
        var (rows, columns) = (Size(), Size());
        if (isLong) ((rows, columns), _mostElements) = (Pick(s_long), MostLong);
        TensorType[] types = [_float[rows, columns], _float[rows, columns], _float[columns], _float[columns, rows], _float[2, 3, 4],
            DType.I32[rows, columns], DType.I32[rows], DType.I64[columns], DType.U8[rows, columns], DType.I8[columns],
            DType.U32[3], DType.Bool[rows, columns], _float.Scalar];
        var arguments = new List<Literal>();
        foreach (var type in types)
        {
            var parameter = _b.Parameter($"x{arguments.Count}", type);
            _pool.Add(parameter);
            _exact.Add(parameter);
            arguments.Add(Draw(type));
        }
        return [.. arguments];
    }

    // Of finite numbers, since one NaN would hide all others; a mean, since its rounding error is of the size of one element's.
    private Value LargeReduction()
    {
        var x = Any(v => IsFloat(v) && v.Shape.ElementCount > MostShort)!;
        var y = (x - Like(x)).Clip(-16, 16);
        y = y.Equal(y).Select(y, y.Constant(1));
        int[] axes = [.. _random.Next(3) == 0 ? [0] : Enumerable.Range(0, y.Rank)];
        return _random.Next(2) == 0 ? y.Mean(axes) : y.Max(axes);
    }

    // Operations come after their operands, so one walk over the new ones does.
    private void Judge()
    {
        for (; _judged < _b.Operations.Count; _judged++)
        {
            var operation = _b.Operations[_judged];
            if (operation.Operands.All(_exact.Contains) && (!Rounds(operation) || !operation.Result.DType.IsFloating))
                _exact.UnionWith(operation.Results);
        }
    }

    // Sums of so many small numbers may need more bits than f32 has.
    private static bool Rounds(Operation operation) => s_rounding.Contains(operation.Op)
        || (operation.Op is ReduceSum or DotGeneral or ScatterAdd or ScatterAddAlongAxis or CumulativeSum
            && operation.Operands.Any(o => o.Shape.ElementCount > MostShort));

    private T Pick<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];
    private int Size() => Pick(s_sizes);
    private static bool IsFloat(Value value) => value.DType.IsFloating;
    private static bool IsNumber(Value value) => value.DType != DType.Bool;
    private static bool HasBits(Value value) => !value.DType.IsFloating;

    private Literal Draw(TensorType type)
    {
        Scalar Element() => type.DType.IsFloating ? Pick(s_floats) : type.DType == DType.Bool ? _random.Next(2)
            : _random.Next(3) == 0 ? Pick([type.DType.Lowest, type.DType.Highest, 0]) : type.DType.Round(_random.NextInt64(-5, 40));
        return new Literal(type, [.. Enumerable.Range(0, (int)type.Shape.ElementCount).Select(_ => Element())]);
    }

    private Value? Any(Func<Value, bool>? isWanted = null)
    {
        var wanted = _pool.Where(v => isWanted is null || isWanted(v)).ToArray();
        return wanted.Length > 0 ? Pick(wanted) : null;
    }

    private Value? Exact(Func<Value, bool>? isWanted = null) => Any(v => _exact.Contains(v) && (isWanted is null || isWanted(v)));

    // A value of this type: from the pool, or a scalar of it repeated, or a constant.
    private Value Like(Value x, bool isExact = false)
    {
        if (Any(v => v.Type == x.Type && (!isExact || _exact.Contains(v))) is { } same && _random.Next(5) > 0) return same;
        var scalar = Any(v => v.DType == x.DType && v.Rank == 0 && (!isExact || _exact.Contains(v)));
        return scalar is not null && _random.Next(2) == 0 ? Broadcasting.To(scalar, x.Shape)
            : x.Constant(_random.Next(x.DType == DType.Bool ? 2 : 3));
    }

    private Value Like(Shape shape, DType dtype) => Any(v => v.DType == dtype && v.Shape == shape)
        ?? Broadcasting.To(_b.Constant(new Literal(dtype.Scalar, _random.Next(2))), shape);

    private Value? Unary(Op op, Func<Value, bool>? isWanted = null) => Any(isWanted ?? IsFloat)?.Emit(op, default, AttributeMap.Empty);
    private Value? Binary(Op op, Func<Value, bool>? isWanted = null) =>
        Any(isWanted ?? IsNumber) is { } x ? x.Emit(op, default, AttributeMap.Empty, Like(x)) : null;

    private Value? Bitwise(Op op, Func<Value, bool>? isWanted = null) => Binary(op, isWanted ?? HasBits);

    // Rules that nothing here asks for: y = x, and its derivative too.
    private Value? WithRules()
    {
        if (Any(IsFloat) is not { } x) return null;
        var rules = new FunctionBuilder("rules");
        var (cotangent, tangent) = (rules.Parameter("ct", x.Type), rules.Parameter("t", x.Type));
        return _b.EmitAll(CustomGradient.Instance, [x, x], CustomGradient.Attributes(wrt: 1), body: rules.Build(cotangent, tangent))[0];
    }

    // Floating values stay small, so that sums of products stay exact, and errors small.
    private static Value? Bounded(Value? x) => x is not null && IsFloat(x) ? x.Clip(-16, 16) : x;

    private Value? DenseConstant() => Any(v => v.Shape.ElementCount > 1) is { } x ? _b.Constant(Draw(x.Type)) : null;

    private Value? Convert()
    {
        if (Exact() is not { } x) return null;
        var to = Pick(DType.All);
        // Narrow floats round; what is converted to one and back is exact only if it is a small integer.
        return IsFloat(x) || to.IsFloating
            ? x.ConvertTo(DType.I8).ConvertTo(to) is var y && to.IsFloating && to != _float ? y.ConvertTo(_float) : y
            : x.ConvertTo(to);
    }

    private Value Indices() => Any(v => v.DType == DType.I32 || v.DType == DType.I64)!;
    private int[] Axes(Value x) => [.. Enumerable.Range(0, x.Rank).Where(_ => _random.Next(2) == 0)];

    private Value? Reduce(Func<Value, int[], Value> reduce, bool isEmptyAllowed, bool isExact = false)
    {
        if (Any(v => IsNumber(v) && (!isExact || _exact.Contains(v))) is not { } x) return null;
        var axes = Axes(x);
        return isEmptyAllowed || axes.All(a => x.Shape[a] > 0) ? reduce(x, axes) : null;
    }

    // Where rounding decides an order, the places of two numbers may change.
    private Value Sorted(Value x, int axis)
    {
        var both = _b.EmitAll(Sort.Instance, [x], Sort.Attributes(axis, _random.Next(2) == 0, _random.Next(x.Shape[axis] + 1)));
        return Both((both[0], both[1]));
    }

    // Products are of signs, which stay exact.
    private Value? Cumulated(Op op, Func<Value, bool> isWanted)
    {
        if (Any(v => isWanted(v) && v.Rank > 0 && (op is not CumulativeProd || _exact.Contains(v))) is not { } x) return null;
        if (op is CumulativeProd && IsFloat(x)) x = x.Sign();
        return x.Emit(op, default, AttributeMap.Empty.With("axis", _random.Next(x.Rank)).With("reverse", _random.Next(2))
            .With("exclusive", _random.Next(2)));
    }

    private DType? Accumulator(Value x) => IsFloat(x) ? Pick<DType?>([null, x.DType, DType.F64]) : null;

    private Value? Dot()
    {
        if (_random.Next(4) == 0) return Bounded(Convolution());
        if (Any(v => IsNumber(v) && v.Rank is 2 or 3) is not { } x) return null;
        var axis = _random.Next(x.Rank);
        if (Any(y => y.DType == x.DType && y.Rank is 2 or 3 && y.Shape.Any(s => s == x.Shape[axis])) is not { } y) return null;
        var other = Array.IndexOf([.. y.Shape], x.Shape[axis]);
        int[][] batch = [[], []];
        if (_random.Next(2) == 0)
            foreach (var (i, j) in Enumerable.Range(0, x.Rank).SelectMany(i => Enumerable.Range(0, y.Rank).Select(j => (i, j))))
                if (i != axis && j != other && x.Shape[i] == y.Shape[j]) batch = [[i], [j]];
        var axes = new DotGeneral.Axes(batch[0], batch[1], [axis], [other]) { Accumulate = Accumulator(x) };
        if (IsFloat(x) && _random.Next(4) == 0) axes = axes with { Result = axes.Accumulate ?? (x.DType.Bits < 32 ? DType.F32 : x.DType) };
        if (x.Shape.ElementCount * (double)y.Shape.ElementCount / Math.Max(x.Shape[axis], 1) > 64 * MostLong) return null;
        return x.Rank + y.Rank - 2 - batch[0].Length > 4 ? null : Bounded(x.Emit(DotGeneral.Instance, default, axes.Attributes, y));
    }

    private Value? Padded()
    {
        if (Any(v => v.Rank > 0) is not { } x) return null;
        int[] Amounts(int below) => [.. x.Shape.Select(_ => _random.Next(below))];
        return x.Pad(Amounts(3), Amounts(3), _random.Next(2), Amounts(2));
    }

    private Value? Sliced()
    {
        if (Any(v => v.Rank > 0) is not { } x) return null;
        int[] start = [.. x.Shape.Select(s => _random.Next(s + 1))];
        return x.Slice(start, [.. x.Shape.Select((s, i) => _random.Next(start[i], s + 1))], [.. x.Shape.Select(_ => _random.Next(1, 4))]);
    }

    private Value? Reshaped()
    {
        if (Any() is not { } x) return null;
        var count = (int)x.Shape.ElementCount;
        int[] divisors = [.. Enumerable.Range(1, Math.Max(count, 1)).Where(d => count % d == 0)];
        var first = Pick(divisors);
        return count == 0 ? x.Reshape([0, 2]) : _random.Next(3) switch
        {
            0 => x.Reshape([-1]),
            1 => x.Reshape([first, count / first]),
            _ => x.Reshape([1, first, 1, count / first]).Reshape([count / first, first]),
        };
    }

    // Where rounding decides which of two is larger, they are about as large.
    private Value? Scattered()
    {
        if (Any(v => v.Rank is 1 or 2 && v.Shape[0] > 0) is not { } x) return null;
        var indices = Any(v => (v.DType == DType.I32 || v.DType == DType.I64) && v.Rank == 1)!;
        if (x.Shape.ElementCount / x.Shape[0] * indices.Shape.ElementCount > 16 * MostLong) return null;
        var kind = x.DType == DType.Bool ? ScatterKind.Set : Pick([ScatterKind.Set, ScatterKind.Max, ScatterKind.Min]);
        return x.Emit(IR.Ops.Scatter.Instance, default, IR.Ops.Scatter.Attributes(kind), indices, Like(x).Take(indices));
    }

    private Value? Scatter()
    {
        if (Any(v => IsNumber(v) && v.Rank is 1 or 2 && v.Shape[0] > 0) is not { } x) return null;
        var indices = Any(v => (v.DType == DType.I32 || v.DType == DType.I64) && v.Rank == 1)!;
        return Bounded(x.Emit(ScatterAdd.Instance, default, AttributeMap.Empty, indices, x.Take(indices)));
    }

    private Value? ScatteredAlongAxis()
    {
        if (Any(v => v.Rank > 0 && v.Shape.ElementCount > 0) is not { } x) return null;
        var axis = _random.Next(x.Rank);
        var kind = x.DType == DType.Bool ? ScatterKind.Set : Pick([ScatterKind.Set, ScatterKind.Max, ScatterKind.Min]);
        var (to, from) = (Along(x, axis), Like(x));
        return x.ScatterAlongAxis(to, from.TakeAlongAxis(_b.Constant(Draw(to.Type)), axis), axis, kind);
    }

    private Value? ScatterAddedAlongAxis()
    {
        if (Any(v => IsNumber(v) && v.Rank > 0 && v.Shape.ElementCount > 0) is not { } x) return null;
        var axis = _random.Next(x.Rank);
        var indices = Along(x, axis);
        return Bounded(x.ScatterAlongAxis(indices, x.Constant(_random.Next(3), indices.Shape), axis));
    }

    private Value Along(Value x, int axis) =>
        _b.Constant(Draw(DType.I32[[.. x.Shape.Select((s, a) => a == axis ? Size() : s)]]));

    private Value? Updated()
    {
        if (Any(v => v.Rank > 0) is not { } x) return null;
        int[] sizes = [.. x.Shape.Select(s => _random.Next(s + 1))];
        var start = _b.Constant(new Literal(DType.I64[x.Rank], [.. x.Shape.Select(s => (Scalar)_random.Next(-1, s + 2))]));
        return x.Emit(DynamicUpdateSlice.Instance, default, AttributeMap.Empty, x.Slice(new int[x.Rank], sizes), start);
    }
}
