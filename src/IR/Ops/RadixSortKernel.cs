using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>The kernel of a <see cref="Sort"/> of long rows: a radix sort, the least digit first.</summary>
/// <remarks>A key is an integer whose bits are in the order of the elements. For each digit its values are counted, the sums of the counts
/// are where elements of each value begin, and elements move there in the order that they have. Rows are workers'; where there are few,
/// parts of a row are, each of which has places of its own for each value. Where an element goes does not depend on who moves it.
/// O(n) for each digit.</remarks>
internal sealed class RadixSortKernel
{
    /// <summary>Bits of a digit of a long row and of a short one, where counts are many beside the elements.</summary>
    private const int LongDigit = 11, ShortDigit = 8;

    /// <summary>Parts of a row that workers share.</summary>
    private const int MostParts = 16;

    private readonly Operation _operation;
    private readonly SortOrder _order;
    private readonly LoopBuffer _values, _indices, _counts;
    private readonly LoopBuffer[] _keys, _places;
    private readonly int _n, _count, _bits, _digits, _parts, _part;
    private readonly long _rows;

    private RadixSortKernel(Operation operation, TargetTraits target)
    {
        (_operation, _order) = (operation, new SortOrder(operation));
        (_n, _count) = (Size(operation), operation.Results[0].Shape[Cumulative.Axis(operation)]);
        (_rows, _bits) = (operation.Results[0].Shape.ElementCount / _count, DigitBits(_n, _order));
        _digits = Digits(_order, _bits);
        var isShared = target.Workers > 1 && _rows < 2 * target.Workers;
        _parts = isShared ? MostParts : 1;
        _part = (_n + _parts - 1) / _parts;
        _values = LoopBuffer.Argument("r0", operation.Results[0].Type, isWritten: true);
        _indices = LoopBuffer.Argument("r1", operation.Results[1].Type, isWritten: true);
        LoopBuffer Scratch(string name, DType dtype, long elements) =>
            isShared ? new(name, dtype, elements * _rows, BufferScope.Shared, isWritten: true)
                : new(name, dtype, elements, BufferScope.Worker, isWritten: true);
        _keys = [Scratch("keys", _order.KeyType, _n), Scratch("moved", _order.KeyType, _n)];
        _places = [Scratch("places", DType.I32, _n), Scratch("moved_places", DType.I32, _n)];
        _counts = Scratch("counts", DType.I32, _parts * Values);
    }

    /// <summary>The kernel, or null where merging is expected to take no longer.</summary>
    public static Kernel? Of(Operation operation, TargetTraits target)
    {
        var (n, count) = (Size(operation), operation.Results[0].Shape[Cumulative.Axis(operation)]);
        // A level of merges takes twice as long as a digit.
        var order = new SortOrder(operation);
        return count == 0 || Work(n, order, DigitBits(n, order)) > 2 * SortKernel.MergedElements(n, count) ? null
            : new RadixSortKernel(operation, target).Build();
    }

    // Elements that all digits move, and counts that they sum.
    private static double Work(int n, SortOrder order, int bits) => Digits(order, bits) * ((double)n + (1 << bits));

    private static int DigitBits(int n, SortOrder order) =>
        Work(n, order, ShortDigit) < Work(n, order, LongDigit) ? ShortDigit : LongDigit;

    private int Values => 1 << _bits;

    private static int Size(Operation operation) => operation.Operands[0].Shape[Cumulative.Axis(operation)];

    private static int Digits(SortOrder order, int bits) => (order.KeyBits + bits - 1) / bits;

    private Kernel Build() => new(_operation.Op.Name, [_order.From, _values, _indices], [.. _keys, .. _places, _counts], [.. Body()],
        _operation.Location.IsKnown ? [_operation.Location] : [], 8.0 * _rows * _n * _digits);

    private IEnumerable<Statement> Body()
    {
        var digits = Enumerable.Range(0, _digits);
        if (_parts == 1)
        {
            var none = ScalarExpr.Index(0);
            yield return Loop(LoopKind.Parallel, "row", _rows, row => digits.SelectMany(d =>
                (IEnumerable<Statement>)[.. Counted(d, row, none, none), .. Started(none), .. Moved(d, row, none, none)]));
            yield break;
        }
        foreach (var digit in digits)
        {
            if (digit > 0) yield return new BarrierStatement();
            yield return Part((row, slot, part) => Counted(digit, row, slot, part));
            yield return new BarrierStatement();
            yield return Loop(LoopKind.Parallel, "row", _rows, row => Started(row));
            yield return new BarrierStatement();
            yield return Part((row, slot, part) => Moved(digit, row, slot, part));
        }
    }

    private ForStatement Part(Func<ScalarExpr, ScalarExpr, ScalarExpr, IEnumerable<Statement>> body) =>
        Loop(LoopKind.Parallel, "part", _rows * _parts, unit =>
        {
            var row = unit / ScalarExpr.Index(_parts);
            return body(row, row, ScalarExpr.Binary(BinaryKind.Rem, unit, ScalarExpr.Index(_parts)));
        });

    // How often a part of the row has each value of the digit.
    private IEnumerable<Statement> Counted(int digit, ScalarExpr row, ScalarExpr slot, ScalarExpr part)
    {
        var one = ScalarExpr.Constant(DType.I32, 1);
        yield return Loop(LoopKind.Serial, "value", Values, v =>
            [new StoreStatement(_counts, CountOf(slot, part, v), ScalarExpr.Constant(DType.I32, 0))]);
        yield return Elements(part, i =>
        {
            var (key, value) = (new Local("key", _order.KeyType), new Local("value", DType.I64));
            var at = CountOf(slot, part, new LocalExpr(value));
            return
            [
                new LetStatement(key, Key(digit, row, slot, i)), new LetStatement(value, Digit(digit, new LocalExpr(key))),
                new StoreStatement(_counts, InCounts(at), new LoadExpr(_counts, InCounts(at)) + one),
            ];
        });
    }

    // Counts become where the elements of each value, and of each part among them, begin.
    private IEnumerable<Statement> Started(ScalarExpr slot)
    {
        var (sum, count) = (new Local("sum", DType.I32), new Local("count", DType.I32));
        yield return new LetStatement(sum, ScalarExpr.Constant(DType.I32, 0));
        yield return Loop(LoopKind.Serial, "value", Values, v =>
        [
            Loop(LoopKind.Serial, "of", _parts, part =>
            [
                new LetStatement(count, new LoadExpr(_counts, CountOf(slot, part, v))),
                new StoreStatement(_counts, CountOf(slot, part, v), new LocalExpr(sum)),
                new AssignStatement(sum, 0, new LocalExpr(sum) + new LocalExpr(count)),
            ]),
        ]);
    }

    private IEnumerable<Statement> Moved(int digit, ScalarExpr row, ScalarExpr slot, ScalarExpr part)
    {
        yield return Elements(part, i =>
        {
            var (key, value, to, place) = (new Local("key", _order.KeyType), new Local("value", DType.I64),
                new Local("to", DType.I32), new Local("place", DType.I32));
            var count = InCounts(CountOf(slot, part, new LocalExpr(value)));
            return
            [
                new LetStatement(key, Key(digit, row, slot, i)), new LetStatement(value, Digit(digit, new LocalExpr(key))),
                new LetStatement(to, new LoadExpr(_counts, count)),
                new LetStatement(place, digit == 0 ? i.ConvertTo(DType.I32) : new LoadExpr(_places[(digit + 1) % 2], slot * _n + i)),
                new StoreStatement(_counts, count, new LocalExpr(to) + ScalarExpr.Constant(DType.I32, 1)),
                .. digit < _digits - 1 ? ToScratch(digit, slot, new LocalExpr(to), new LocalExpr(key), new LocalExpr(place))
                    : ToResults(row, new LocalExpr(to), new LocalExpr(place)),
            ];
        });
    }

    private IEnumerable<Statement> ToScratch(int digit, ScalarExpr slot, LocalExpr to, LocalExpr key, LocalExpr place)
    {
        var at = slot * _n + SortKernel.Within(to.ConvertTo(DType.I64), _n);
        return [new StoreStatement(_keys[digit % 2], at, key), new StoreStatement(_places[digit % 2], at, place)];
    }

    // A key does not tell zeros apart, so elements are read once more.
    private IEnumerable<Statement> ToResults(ScalarExpr row, LocalExpr to, LocalExpr place)
    {
        var at = _order.At(row, SortKernel.Within(to.ConvertTo(DType.I64), _count), _count);
        var isKept = _count == _n ? null : ScalarExpr.Compare(CompareKind.Lt, to, ScalarExpr.Constant(DType.I32, _count));
        var from = _order.At(row, SortKernel.Within(place.ConvertTo(DType.I64), _n), _n);
        return [new StoreStatement(_values, at, new LoadExpr(_order.From, from), isKept), new StoreStatement(_indices, at, place, isKept)];
    }

    private ScalarExpr Key(int digit, ScalarExpr row, ScalarExpr slot, ScalarExpr i) =>
        digit == 0 ? _order.IntegerKey(row, i) : new LoadExpr(_keys[(digit + 1) % 2], slot * _n + i);

    private ScalarExpr Digit(int digit, ScalarExpr key) => ScalarExpr.Binary(BinaryKind.And, ScalarExpr.Binary(
        BinaryKind.ShiftRightLogical, key, ScalarExpr.Constant(key.DType, digit * _bits)),
        ScalarExpr.Constant(key.DType, Values - 1)).ConvertTo(DType.I64);

    private ScalarExpr CountOf(ScalarExpr slot, ScalarExpr part, ScalarExpr value) => (slot * _parts + part) * Values + value;

    private ScalarExpr InCounts(ScalarExpr at) => SortKernel.Within(at, _counts.Elements);

    // The last part may be shorter, or empty.
    private ForStatement Elements(ScalarExpr part, Func<ScalarExpr, IEnumerable<Statement>> body)
    {
        if (_parts == 1) return Loop(LoopKind.Serial, "i", _n, body);
        var first = part * _part;
        var count = ScalarExpr.Binary(BinaryKind.Max, ScalarExpr.Index(0),
            ScalarExpr.Binary(BinaryKind.Min, ScalarExpr.Index(_part), ScalarExpr.Index(_n) - first));
        return Loop(LoopKind.Serial, "i", _part, i => body(SortKernel.Within(first + i, _n))) with { Count = count };
    }

    private static ForStatement Loop(LoopKind kind, string name, long extent, Func<ScalarExpr, IEnumerable<Statement>> body)
    {
        var variable = new LoopVariable(name, extent);
        return new(variable, extent, kind, 1, [.. body(variable.Value)]);
    }
}
