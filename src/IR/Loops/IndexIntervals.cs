namespace GraphCompiler.IR.Loops;

/// <summary>The integers from <paramref name="Low"/> to <paramref name="High"/>; none where it is the larger.
/// The ends of i64 mean unknown.</summary>
internal readonly record struct IndexInterval(long Low, long High)
{
    public static IndexInterval Unknown => new(long.MinValue, long.MaxValue);
    public bool IsEmpty => Low > High;
    public bool IsConstant => Low == High;

    public IndexInterval Plus(long low, long high) => Unwrapped((Low, low), (High, high), new(Add(Low, low), Add(High, high)));
    public IndexInterval Intersect(IndexInterval other) => new(Math.Max(Low, other.Low), Math.Min(High, other.High));

    public static IndexInterval operator +(IndexInterval x, IndexInterval y) => x.Plus(y.Low, y.High);
    public static IndexInterval operator -(IndexInterval x, IndexInterval y) =>
        Unwrapped((x.Low, y.High), (x.High, y.Low), new(Subtract(x.Low, y.High), Subtract(x.High, y.Low)));

    public static IndexInterval operator *(IndexInterval x, IndexInterval y)
    {
        long[] ends = [Multiply(x.Low, y.Low), Multiply(x.Low, y.High), Multiply(x.High, y.Low), Multiply(x.High, y.High)];
        return ends.Any(IsUnknown) ? Unknown : new(ends.Min(), ends.Max());
    }

    // Where known ends give one that does not fit, elements have wrapped, and may be anything.
    private static IndexInterval Unwrapped((long, long) low, (long, long) high, IndexInterval result)
    {
        static bool Wraps((long X, long Y) of, long end) => IsUnknown(end) && !IsUnknown(of.X) && !IsUnknown(of.Y);
        return Wraps(low, result.Low) || Wraps(high, result.High) ? Unknown : result;
    }

    private static bool IsUnknown(long end) => end is long.MinValue or long.MaxValue;

    // Saturated: what does not fit is as good as unknown.
    private static long Add(long x, long y) => Saturate((Int128)x + y, x, y);
    private static long Subtract(long x, long y) => Saturate((Int128)x - y, x, y);
    private static long Multiply(long x, long y) => (long)Int128.Clamp((Int128)x * y, long.MinValue, long.MaxValue);

    // An unknown end stays one.
    private static long Saturate(Int128 sum, long x, long y) =>
        x is long.MinValue or long.MaxValue ? x : y is long.MinValue or long.MaxValue ? (sum < 0 ? long.MinValue : long.MaxValue)
        : (long)Int128.Clamp(sum, long.MinValue, long.MaxValue);
}

/// <summary>Bounds of index expressions within loops, under guards that compare an expression with another one.</summary>
internal sealed class IndexIntervals
{
    private static readonly IndexIntervals s_byExtent = new();

    private readonly Dictionary<LoopVariable, IndexInterval> _variables = [];
    private readonly List<(ScalarExpr Expression, IndexInterval Bounds)> _assumed = [];

    public void Enter(LoopVariable variable, long extent) => _variables[variable] = new(0, extent - 1);
    public void Leave(LoopVariable variable) => _variables.Remove(variable);
    public bool Knows(LoopVariable variable) => _variables.ContainsKey(variable);

    /// <summary>Whether a comparison of indices holds for all values of the loops' variables, or for none; null if neither.</summary>
    public static bool? Decide(CompareKind kind, ScalarExpr left, ScalarExpr right)
    {
        var (x, y) = (s_byExtent.Of(left), s_byExtent.Of(right));
        if (x == IndexInterval.Unknown || y == IndexInterval.Unknown) return null;
        bool? Less() => x.High < y.Low ? true : x.Low >= y.High ? false : null;
        bool? LessOrEqual() => x.High <= y.Low ? true : x.Low > y.High ? false : null;
        bool? Equal() => x.IsConstant && x == y ? true : x.Intersect(y).IsEmpty ? false : null;
        return kind switch
        {
            CompareKind.Lt => Less(),
            CompareKind.Le => LessOrEqual(),
            CompareKind.Gt => !LessOrEqual(),
            CompareKind.Ge => !Less(),
            CompareKind.Eq => Equal(),
            _ => !Equal(),
        };
    }

    /// <summary>Bounds of an expression where a guard holds; empty where it never does.</summary>
    public IndexInterval Of(ScalarExpr expression, ScalarExpr? guard)
    {
        using (Assume(guard)) return _assumed.Exists(a => a.Bounds.IsEmpty) ? new(0, -1) : Of(expression);
    }

    /// <summary>Takes a guard for true until disposed.</summary>
    public Assumption Assume(ScalarExpr? guard)
    {
        var count = _assumed.Count;
        if (guard is not null) Add(guard);
        return new(_assumed, count);
    }

    private void Add(ScalarExpr guard)
    {
        if (guard is BinaryExpr { Kind: BinaryKind.And } both)
        {
            Add(both.X);
            Add(both.Y);
        }
        else if (guard is CompareExpr { X.DType: var type } compare && type == DType.I64)
        {
            var (x, y) = (Of(compare.X), Of(compare.Y));
            IndexInterval? bounds = compare.Kind switch
            {
                CompareKind.Lt => new(long.MinValue, y.High == long.MaxValue ? y.High : y.High - 1),
                CompareKind.Le => new(long.MinValue, y.High),
                CompareKind.Gt => new(y.Low == long.MinValue ? y.Low : y.Low + 1, long.MaxValue),
                CompareKind.Ge => new(y.Low, long.MaxValue),
                CompareKind.Eq => y,
                _ => null,
            };
            if (bounds is { } b) _assumed.Add((compare.X, x.Intersect(b)));
        }
        else if (guard.Truth == false)
        {
            _assumed.Add((guard, new(0, -1)));
        }
    }

    /// <summary>Bounds of an expression.</summary>
    public IndexInterval Of(ScalarExpr expression)
    {
        var bounds = Raw(expression);
        foreach (var (known, assumed) in _assumed)
            if (known.Equals(expression)) bounds = bounds.Intersect(assumed);
        return bounds;
    }

    private IndexInterval Raw(ScalarExpr expression) => expression switch
    {
        ConstantExpr c when c.DType.IsInteger && (long)c.Value is not (long.MinValue or long.MaxValue) => new((long)c.Value, (long)c.Value),
        VariableExpr v => _variables.GetValueOrDefault(v.Variable, v.Variable.Extent is { } e ? new(0, e - 1) : IndexInterval.Unknown),
        BinaryExpr b when b.DType == DType.I64 => Combine(b.Kind, Of(b.X), Of(b.Y)),
        BinaryExpr { Kind: BinaryKind.Min or BinaryKind.Max } b when b.DType == DType.I32 => Combine(b.Kind, Of(b.X), Of(b.Y)),
        ConvertExpr c when c.DType == DType.I64 && c.X.DType == DType.I32 => Of(c.X),
        SelectExpr s when s.DType == DType.I64 => Union(Of(s.WhenTrue), Of(s.WhenFalse)),
        _ => IndexInterval.Unknown,
    };

    private static IndexInterval Union(IndexInterval x, IndexInterval y) => new(Math.Min(x.Low, y.Low), Math.Max(x.High, y.High));

    private static IndexInterval Combine(BinaryKind kind, IndexInterval x, IndexInterval y) => kind switch
    {
        BinaryKind.Add => x + y,
        BinaryKind.Sub => x - y,
        BinaryKind.Mul => x * y,
        BinaryKind.Min => new(Math.Min(x.Low, y.Low), Math.Min(x.High, y.High)),
        BinaryKind.Max => new(Math.Max(x.Low, y.Low), Math.Max(x.High, y.High)),
        // Truncates; monotone in x for a positive divisor.
        BinaryKind.Div when y is { IsConstant: true, Low: > 0 } => new(x.Low / y.Low, x.High / y.Low),
        BinaryKind.Rem when y is { IsConstant: true, Low: > 0 } => Remainder(x, y.Low),
        _ => IndexInterval.Unknown,
    };

    private static IndexInterval Remainder(IndexInterval x, long divisor)
    {
        if (x.Low >= 0 && x.Low / divisor == x.High / divisor) return new(x.Low % divisor, x.High % divisor);
        return new(x.Low >= 0 ? 0 : 1 - divisor, x.High <= 0 ? 0 : divisor - 1);
    }

    /// <summary>Ends an assumption when disposed.</summary>
    public readonly ref struct Assumption(List<(ScalarExpr Expression, IndexInterval Bounds)> assumed, int count)
    {
        /// <summary>Forgets what was assumed.</summary>
        public void Dispose() => assumed.RemoveRange(count, assumed.Count - count);
    }
}
