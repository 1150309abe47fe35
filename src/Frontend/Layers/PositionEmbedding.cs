using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Learned positions: x[…, length, width] plus the first rows of a table, one for each position.</summary>
public sealed class PositionEmbedding : Layer
{
    private readonly int _count;
    private readonly Initializer _initializer;
    private Value? _table;

    /// <summary>A layer that <see cref="Layer.Apply"/> applies, once or several times, to sequences of any length up to
    /// <paramref name="count"/>.</summary>
    /// <param name="count">The longest sequence, at least 1.</param>
    /// <param name="name">Prefix of the variable <c>name/table</c> [count, width]; <c>position_embedding</c>,
    /// <c>position_embedding_1</c> and so on when null.</param>
    /// <param name="table">First elements of the table; normal with deviation 0.02 when null, as GPT-2's.</param>
    /// <param name="trainable">Whether an optimizer changes the table.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: fewer than one position.</exception>
    public PositionEmbedding(int count, string? name = null, Initializer? table = null, bool trainable = true,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) : base(name, trainable)
    {
        if (count < 1) throw Error(DiagnosticCode.BadArgument, $"count must be at least 1, got {count}", new(file, line));
        (_count, _initializer) = (count, table ?? Initializer.Normal(deviation: 0.02f));
    }

    /// <inheritdoc/>
    protected override string Kind => "position_embedding";

    /// <summary>The table [count, width].</summary>
    /// <exception cref="GraphException">SGC1008: the layer has not been applied.</exception>
    public Value Table => Applied(_table);

    /// <inheritdoc/>
    protected override void Check(Value x, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.Rank < 2) throw Error(DiagnosticCode.RankMismatch, $"needs [batch, length, width], got {x} : {x.Type}", location);
        if (!x.DType.IsFloating) throw Error(DiagnosticCode.DTypeMismatch, $"needs floating point, got {x} : {x.Type}", location);
        if (x.Shape[^2] > _count)
            throw Error(DiagnosticCode.ShapeMismatch, $"there are {_count} positions, got {x} : {x.Type} of {x.Shape[^2]}", location);
        if (Variables.Count == 0) return;
        if (x.DType != Table.DType)
            throw Error(DiagnosticCode.DTypeMismatch, $"it was built for {Table.DType}, got {x} : {x.Type}", location);
        if (x.Shape[^1] != Table.Shape[1])
            throw Error(DiagnosticCode.ShapeMismatch, $"it was built for a width of {Table.Shape[1]}, got {x} : {x.Type}", location);
    }

    /// <inheritdoc/>
    protected override void Build(TensorType input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _table = Variable("table", input.DType[_count, input.Shape[^1]], _initializer);
    }

    /// <inheritdoc/>
    protected override Value Forward(Value x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x + (x.Shape[^2] == _count ? Table : Table.Slice([0, 0], [x.Shape[^2], x.Shape[^1]]));
    }
}

/// <summary>Learned positions in one call.</summary>
public static class PositionEmbeddingSyntax
{
    extension(Value x)
    {
        /// <summary>x[…, length, width] plus a row of a table for each position: a new <see cref="Layers.PositionEmbedding"/> layer applied
        /// once.</summary>
        /// <exception cref="GraphException">SGC1001: x is not floating point. SGC1002: x is longer than the table. SGC1003: x is no
        /// sequence. SGC1006: name taken. SGC1008: x is not of a <see cref="GraphBuilder"/>. SGC1011: fewer than one position.</exception>
        /// <inheritdoc cref="Layers.PositionEmbedding.PositionEmbedding(int,string,Initializer,bool,string,int)" path="/param"/>
        public Value PositionEmbedding(int count, string? name = null, Initializer? table = null, bool trainable = true,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            return new PositionEmbedding(count, name, table, trainable, location.File, location.Line).Apply(x, file, line);
        }
    }
}
