using System.Collections.Immutable;

namespace GraphCompiler.Training.Data;

/// <summary>Batches of a table: any place is reached at once.</summary>
internal sealed class TableBatches : BatchStream
{
    private readonly ImmutableArray<TableColumn> _table;
    private readonly ulong? _seed;
    private readonly int[] _order;
    private readonly bool _keepsRemainder;
    private int _epoch, _example;

    public TableBatches(ImmutableArray<TableColumn> table, int size, ulong? seed, bool keepsRemainder)
        : base([.. table.Select(c => c.Column)], keepsRemainder ? Math.Min(size, table[0].Count) : size)
    {
        (_table, _seed, _keepsRemainder) = (table, seed, keepsRemainder);
        _order = Table.Order(table[0].Count, seed, stream: 0);
    }

    public override DataPosition Position => new(_epoch, _example);

    public override long? Count => _order.Length / BatchSize + (_keepsRemainder && _order.Length % BatchSize > 0 ? 1 : 0);

    public override string Identity => $"a table of {_order.Length} examples of {string.Join(", ", Columns)}, "
        + (_seed is { } seed ? $"shuffled with seed {seed}" : "in order") + TextOf(_keepsRemainder);

    internal override bool Fill(Batch batch)
    {
        var rows = Math.Min(BatchSize, _order.Length - _example);
        if (rows == 0 || (rows < BatchSize && !_keepsRemainder))
        {
            Go(new(_epoch + 1, 0));
            return false;
        }
        (batch.Rows, batch.Position) = (rows, Position);
        for (var i = 0; i < _table.Length; i++) _table[i].Gather(_order.AsSpan(_example, rows), batch.Bytes(i));
        _example += rows;
        return true;
    }

    internal override void Go(DataPosition position)
    {
        if (position.Epoch != _epoch && _seed is not null)
            Table.Order(_order.Length, _seed, (ulong)position.Epoch).CopyTo(_order.AsSpan());
        (_epoch, _example) = (position.Epoch, (int)Math.Min(position.Example, _order.Length));
    }
}
