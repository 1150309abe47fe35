using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <content>Transposed copies, square blocks of registers at a time.</content>
internal sealed partial class LoopEmitter
{
    private void EmitTranspose(TransposeStatement transpose)
    {
        var lanes = Math.Max(_module.Target.VectorBytes / transpose.To.DType.Bytes, 1);
        var (full, remainder) = (transpose.Columns / lanes, transpose.Columns % lanes);
        if (full > 0) EmitSerial(full, i => EmitColumns(transpose, lanes, _builder.BuildMul(i, _module.Index(lanes)), lanes));
        if (remainder > 0) EmitColumns(transpose, lanes, _module.Index(full * lanes), remainder);
    }

    // A block of as many columns as a vector has lanes, in sections of 16 bytes: what is within a section is shuffled, which takes a cycle,
    // and sections change places as they are loaded.
    private void EmitColumns(TransposeStatement transpose, int lanes, LLVMValueRef first, long count)
    {
        var from = _builder.BuildAdd(EmitIndex(transpose.FromPosition),
            transpose.MovesPairs ? _builder.BuildMul(first, _module.Index(2)) : first);
        var to = _builder.BuildAdd(EmitIndex(transpose.ToPosition), _builder.BuildMul(first, _module.Index(transpose.ToStride)));
        var perSection = SectionBytes / transpose.To.DType.Bytes;
        var rows = Enumerable.Range(0, (int)((transpose.Rows + lanes - 1) / lanes))
            .Select(block => new RowsOfSections(this, transpose, from, block * lanes, lanes, count)).ToArray();
        for (var column = 0; column < count; column += perSection)
        {
            var vectors = rows.Select(r => Interleaved(r.Columns(column), perSection)).ToArray();
            for (var i = 0; i < perSection && column + i < count; i++)
                for (var block = 0; block < rows.Length; block++)
                    StoreColumn(transpose, to, block * lanes, column + i, count, vectors[block][i], lanes);
        }
    }

    // Where columns follow one another without a gap, a vector may reach into those that are stored after it.
    private void StoreColumn(
        TransposeStatement transpose, LLVMValueRef to, long row, long column, long columns, LLVMValueRef vector, int lanes)
    {
        var at = column * transpose.ToStride + row;
        var isOverwritten = transpose.ToStride == transpose.Rows && at + lanes <= columns * transpose.Rows;
        StoreRow(transpose.To, Offset(to, at), vector, lanes, isOverwritten ? lanes : Math.Min(lanes, transpose.Rows - row));
    }

    /// <summary>Bytes within which one instruction of every level interleaves two vectors.</summary>
    private const int SectionBytes = 16;

    /// <summary>As many rows as a vector has lanes, read by sections.</summary>
    private sealed class RowsOfSections
    {
        private readonly LoopEmitter _emitter;
        private readonly Func<int, int, LLVMValueRef> _section;
        private readonly int _lanes;
        private readonly int _perSection;

        public RowsOfSections(LoopEmitter emitter, TransposeStatement transpose, LLVMValueRef from, long first, int lanes, long count)
        {
            (_emitter, _lanes, _perSection) = (emitter, lanes, SectionBytes / transpose.To.DType.Bytes);
            var rows = Math.Min(lanes, transpose.Rows - first);
            LLVMValueRef Load(LLVMValueRef position, int lanes, long active) => transpose.MovesPairs
                ? emitter._builder.BuildBitCast(emitter.LoadRow(transpose.From, position, 2 * lanes, 2 * active),
                    LLVMTypeRef.CreateVector(emitter._module.Int32, (uint)lanes))
                : emitter.ConvertStored(emitter.LoadRow(transpose.From, position, lanes, active), transpose.From.DType, transpose.To.DType);
            LLVMValueRef Section(int row, int column) =>
                Load(emitter.Offset(PositionOf(row), transpose.MovesPairs ? 2 * column : column), _perSection, _perSection);
            LLVMValueRef PositionOf(int row) => emitter.Offset(from, (first + row) * transpose.FromStride);
            var absent = LLVMTypeRef.CreateVector(emitter._module.StoredTypeOf(transpose.To.DType), (uint)_perSection).Poison;
            // Beyond the last column nothing may be read.
            var masked = count == lanes ? []
                : Enumerable.Range(0, (int)rows).Select(row => Load(PositionOf(row), lanes, count)).ToArray();
            _section = (row, column) => row >= rows ? absent
                : count == lanes ? Section(row, column)
                : emitter.Shuffle(masked[row], masked[row], Enumerable.Range(column, _perSection));
        }

        /// <summary>Vectors of which section s of number q is row s·n + q, at n columns from a first: the columns, within sections of n
        /// elements that are yet to be transposed.</summary>
        public LLVMValueRef[] Columns(int column) => [.. Enumerable.Range(0, _perSection).Select(q => Joined(q, _lanes, column))];

        private LLVMValueRef Joined(int row, int lanes, int column) => lanes == _perSection ? _section(row, column)
            : _emitter.Shuffle(Joined(row, lanes / 2, column), Joined(row + lanes / 2, lanes / 2, column), Enumerable.Range(0, lanes));
    }

    // A perfect shuffle of rows, interleaved by pairs half of them apart, as often as halving reaches 1, is the transposition.
    private LLVMValueRef[] Interleaved(LLVMValueRef[] vectors, int perSection)
    {
        for (var stage = perSection; stage > 1; stage /= 2)
            vectors = [.. Enumerable.Range(0, perSection).Select(i =>
                Interleave(vectors[i / 2], vectors[(i + perSection) / 2], i % 2 * (perSection / 2), perSection))];
        return vectors;
    }

    private LLVMValueRef Interleave(LLVMValueRef x, LLVMValueRef y, int first, int perSection)
    {
        var lanes = (int)x.TypeOf.VectorSize;
        return Shuffle(x, y, Enumerable.Range(0, lanes).Select(i =>
            i / perSection * perSection + first + i % perSection / 2 + i % 2 * lanes));
    }

    private LLVMValueRef Shuffle(LLVMValueRef x, LLVMValueRef y, IEnumerable<int> mask) =>
        _builder.BuildShuffleVector(x, y, LLVMValueRef.CreateConstVector([.. mask.Select(_module.Int32Constant)]));

    private LLVMValueRef Offset(LLVMValueRef position, long offset) => _builder.BuildAdd(position, _module.Index(offset));

    private LLVMValueRef LoadRow(LoopBuffer buffer, LLVMValueRef position, int lanes, long active)
    {
        var stored = _module.StoredTypeOf(buffer.DType);
        var address = _builder.BuildGEP2(stored, _buffers[buffer], [position]);
        return LoadVector(buffer, LLVMTypeRef.CreateVector(stored, (uint)lanes), address, MaskOf(lanes, active));
    }

    private void StoreRow(LoopBuffer buffer, LLVMValueRef position, LLVMValueRef vector, int lanes, long active) =>
        StoreVector(buffer, vector, _builder.BuildGEP2(_module.StoredTypeOf(buffer.DType), _buffers[buffer], [position]),
            MaskOf(lanes, active));

    private LLVMValueRef? MaskOf(int lanes, long active) => active == lanes ? (LLVMValueRef?)null : _module.LaneMask((uint)lanes, active);
}
