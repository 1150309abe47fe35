using System.Numerics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Loops over everything but the axis that a scan runs along: lanes of a vector are neighbours behind that axis, or, where it is
/// the last, rows.</summary>
internal sealed class ScanLanes
{
    /// <summary>Most scans side by side: each has a position of its own.</summary>
    public const int Most = 16;

    private readonly long _outer, _inner, _neighbours;
    private readonly int _n, _lanes;

    public ScanLanes(Shape shape, int axis, int lanes)
    {
        _n = shape[axis];
        _inner = shape.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
        _outer = shape.Take(axis).Aggregate(1L, (a, b) => a * b);
        _neighbours = _inner > 1 ? _inner : _outer;
        _lanes = (int)Math.Min((ulong)Math.Min(lanes, Most), BitOperations.RoundUpToPowerOf2((ulong)Math.Max(_neighbours, 1)));
    }

    /// <summary>The loops.</summary>
    /// <param name="body">What runs for a vector of scans: given the position of the element at a place along the axis, and the number of
    /// places.</param>
    public IEnumerable<Statement> Each(Func<Func<ScalarExpr, ScalarExpr>, int, IEnumerable<Statement>> body)
    {
        if (_n == 0 || _inner == 0 || _outer == 0) yield break;
        var units = _inner > 1 ? _outer : 1;
        var (full, remainder) = (_neighbours / _lanes, _neighbours % _lanes);
        if (full > 0) yield return Tiles(units, full, 0, _lanes, body);
        if (remainder > 0) yield return Tiles(units, 1, full * _lanes, remainder, body);
    }

    private ForStatement Tiles(long units, long tiles, long first, long extent,
        Func<Func<ScalarExpr, ScalarExpr>, int, IEnumerable<Statement>> body)
    {
        var (unit, lane) = (new LoopVariable("unit", units * tiles), new LoopVariable("i", extent));
        var outer = unit.Value / ScalarExpr.Index(tiles);
        var tile = ScalarExpr.Binary(BinaryKind.Rem, unit.Value, ScalarExpr.Index(tiles));
        var neighbour = tile * _lanes + first + lane.Value;
        ScalarExpr Position(ScalarExpr k) => _inner > 1 ? (outer * _n + k) * _inner + neighbour : neighbour * _n + k;
        return new(unit, units * tiles, LoopKind.Parallel, 1,
            [new ForStatement(lane, extent, LoopKind.Vector, _lanes, [.. body(Position, _n)])]);
    }
}
