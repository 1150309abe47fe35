using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>A table of vectors, looked up by index: indices[…] give […, width].</summary>
/// <remarks>An index outside of the table takes the nearest row; a step compiled with <see cref="CompileOptions.Checked"/> names
/// it.</remarks>
public sealed class Embedding : Layer
{
    private readonly int _count, _width;
    private readonly DType _type;
    private readonly Initializer _initializer;
    private Value? _table;

    /// <summary>A layer that <see cref="Layer.Apply"/> applies, once or several times.</summary>
    /// <param name="count">Number of rows, at least 1.</param>
    /// <param name="width">Elements of a row, at least 1.</param>
    /// <param name="name">Prefix of the variable <c>name/table</c> [count, width]; <c>embedding</c>, <c>embedding_1</c> and so on when
    /// null.</param>
    /// <param name="table">First elements of the table; normal with deviation 1 when null, as PyTorch's.</param>
    /// <param name="type">The table's element type; f32 when null.</param>
    /// <param name="trainable">Whether an optimizer changes the table.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: fewer than one row or element. SGC1001: a type that is not floating point.</exception>
    public Embedding(int count, int width, string? name = null, Initializer? table = null, DType? type = null, bool trainable = true,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) : base(name, trainable)
    {
        if (count < 1 || width < 1)
            throw Error(DiagnosticCode.BadArgument, $"count and width must be at least 1, got {count} and {width}", new(file, line));
        (_count, _width, _initializer, _type) = (count, width, table ?? Initializer.Normal(), type ?? DType.F32);
        if (!_type.IsFloating) throw Error(DiagnosticCode.DTypeMismatch, $"a table is floating point, got {_type}", new(file, line));
    }

    /// <inheritdoc/>
    protected override string Kind => "embedding";

    /// <summary>The table [count, width].</summary>
    /// <exception cref="GraphException">SGC1008: the layer has not been applied.</exception>
    public Value Table => Applied(_table);

    /// <inheritdoc/>
    protected override void Check(Value x, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.DType != DType.I32 && x.DType != DType.I64)
            throw Error(DiagnosticCode.DTypeMismatch, $"indices are i32 or i64, got {x} : {x.Type}; convert them, as with ConvertTo(I32)",
                location);
    }

    /// <inheritdoc/>
    protected override void Build(TensorType input) => _table = Variable("table", _type[_count, _width], _initializer);

    /// <inheritdoc/>
    protected override Value Forward(Value x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Table.Take(x);
    }
}

/// <summary>Embeddings in one call.</summary>
public static class EmbeddingSyntax
{
    extension(Value x)
    {
        /// <summary>Vectors of a table for indices x[…]: a new <see cref="Layers.Embedding"/> layer applied once.</summary>
        /// <exception cref="GraphException">SGC1001: x is not i32 or i64, or the type not floating point. SGC1006: name taken. SGC1008: x
        /// is not of a <see cref="GraphBuilder"/>. SGC1011: fewer than one row or element.</exception>
        /// <inheritdoc cref="Layers.Embedding.Embedding(int,int,string,Initializer,DType,bool,string,int)" path="/param"/>
        public Value Embedding(int count, int width, string? name = null, Initializer? table = null, DType? type = null,
            bool trainable = true, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            return new Embedding(count, width, name, table, type, trainable,
                location.File, location.Line).Apply(x, file, line);
        }
    }
}
