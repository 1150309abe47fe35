using GraphCompiler.IR.Loops;
using LLVMSharp.Interop;

namespace GraphCompiler.Backend.Llvm;

/// <content>Transposed copies, square blocks of registers at a time.</content>
internal sealed partial class LoopEmitter
{
    private void EmitTranspose(TransposeStatement transpose)
    {
        var lanes = Math.Max(_module.Target.VectorBytes / transpose.From.DType.Bytes, 1);
        var (full, remainder) = (transpose.Columns / lanes, transpose.Columns % lanes);
        if (full > 0) EmitSerial(full, i => EmitColumns(transpose, lanes, _builder.BuildMul(i, _module.Index(lanes)), lanes));
        if (remainder > 0) EmitColumns(transpose, lanes, _module.Index(full * lanes), remainder);
    }

    private void EmitColumns(TransposeStatement transpose, int lanes, LLVMValueRef first, long count)
    {
        var from = _builder.BuildAdd(EmitIndex(transpose.FromPosition), first);
        var to = _builder.BuildAdd(EmitIndex(transpose.ToPosition), _builder.BuildMul(first, _module.Index(transpose.ToStride)));
        for (var row = 0L; row < transpose.Rows; row += lanes)
        {
            var rows = Math.Min(lanes, transpose.Rows - row);
            var vectors = new LLVMValueRef[lanes];
            for (var i = 0; i < lanes; i++)
                vectors[i] = i < rows ? LoadRow(transpose.From, Offset(from, (row + i) * transpose.FromStride), lanes, count)
                    : LLVMTypeRef.CreateVector(_module.StoredTypeOf(transpose.From.DType), (uint)lanes).Poison;
            vectors = Interleaved(vectors);
            for (var i = 0; i < count; i++) StoreRow(transpose.To, Offset(to, i * transpose.ToStride + row), vectors[i], lanes, rows);
        }
    }

    // A perfect shuffle of rows, interleaved by pairs half of them apart, as often as halving reaches 1, is the transposition.
    private LLVMValueRef[] Interleaved(LLVMValueRef[] vectors)
    {
        var lanes = vectors.Length;
        for (var stage = lanes; stage > 1; stage /= 2)
        {
            var next = new LLVMValueRef[lanes];
            for (var i = 0; i < lanes / 2; i++)
            {
                next[2 * i] = Interleave(vectors[i], vectors[i + lanes / 2], 0, lanes);
                next[2 * i + 1] = Interleave(vectors[i], vectors[i + lanes / 2], lanes / 2, lanes);
            }
            vectors = next;
        }
        return vectors;
    }

    private LLVMValueRef Interleave(LLVMValueRef x, LLVMValueRef y, int first, int lanes)
    {
        var mask = new LLVMValueRef[lanes];
        for (var i = 0; i < lanes; i++) mask[i] = _module.Int32Constant(first + i / 2 + (i % 2) * lanes);
        return _builder.BuildShuffleVector(x, y, LLVMValueRef.CreateConstVector(mask));
    }

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
