using System.Collections.Immutable;

namespace GraphCompiler.Training.Data;

/// <summary>Batches of a table: any place is reached at once.</summary>
internal sealed class TableBatches : BatchStream
{
    private readonly ImmutableArray<TableColumn> _table;
    private readonly ulong? _seed;
    private readonly int[] _order;
    private int _epoch, _example;

    public TableBatches(ImmutableArray<TableColumn> table, int size, ulong? seed) : base([.. table.Select(c => c.Column)], size)
    {
        (_table, _seed) = (table, seed);
        _order = Table.Order(table[0].Count, seed, stream: 0);
    }

    public override DataPosition Position => new(_epoch, _example);

    public override long? Count => _order.Length / BatchSize;

    public override string Identity => $"a table of {_order.Length} examples of {string.Join(", ", Columns)}, "
        + (_seed is { } seed ? $"shuffled with seed {seed}" : "in order");

    internal override bool Fill(Batch batch)
    {
        if (_example > _order.Length - BatchSize)
        {
            Go(new(_epoch + 1, 0));
            return false;
        }
        (batch.Rows, batch.Position) = (BatchSize, Position);
        for (var i = 0; i < _table.Length; i++) _table[i].Gather(_order.AsSpan(_example, BatchSize), batch.Bytes(i));
        _example += BatchSize;
        return true;
    }

    internal override void Go(DataPosition position)
    {
        if (position.Epoch != _epoch && _seed is not null)
            Table.Order(_order.Length, _seed, (ulong)position.Epoch).CopyTo(_order.AsSpan());
        (_epoch, _example) = (position.Epoch, (int)Math.Min(position.Example, _order.Length));
    }
}
