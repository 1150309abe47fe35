using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Takes rows by index: the result's shape is the indices' and then a row's. An embedding look-up.</summary>
/// <remarks>operand: [rows, …]. indices: i32 or i64, any shape; an index outside of the rows is clamped to the nearest.
/// C1: operand has an axis of rows, at least one. C2: indices are i32 or i64.</remarks>
public sealed class Gather : LinearOp, IIndexedOp, IPartialOp
{
    /// <summary>The op.</summary>
    public static readonly Gather Instance = new();
    private Gather() : base("gather", arity: 2) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        call.Require(call[0].Rank > 0 && call[0].Shape[0] > 0, DiagnosticCode.RankMismatch, () => $"{call[0]} has no rows to take");
        CheckIndices(call, 1);
        return call[0].With(new Shape([.. call[1].Shape, .. call[0].Shape.Skip(1)]));
    }
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) =>
        operation.Operands[0].Constant(0)
            .Emit(ScatterAdd.Instance, operation.Location, AttributeMap.Empty, operation.Operands[1], cotangent);
    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands)
    {
        var (type, x, indices) = (operation.Result.Type, operands[0], operands[1]);
        var row = x.Type.Shape.ElementCount / x.Type.Shape[0];
        var values = new Scalar[type.Shape.ElementCount];
        for (var i = 0L; i < values.Length; i++) values[i] = x[Clamp(indices[i / row], x.Type.Shape[0]) * row + i % row];
        return Literal.Rounded(type, values);
    }
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) => [x.IsBatched(0)
        ? Joined(x[0]).Emit(this, operation.Location, AttributeMap.Empty, RowsOfJoined(operation, x))
        : x[0].Emit(this, operation.Location, AttributeMap.Empty, x[1])];
    bool IIndexedOp.IsRepeatable(Operation operation) => false;
    (int Operand, long Low, long High) IPartialOp.NeededRange(Operation operation) => RowsOf(operation);
    /// <inheritdoc/>
    public ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> index, ElementSource source)
    {
        var rank = operation.Operands[1].Rank;
        return source(0, [Clamped(source(1, index[..rank]), operation.Operands[0].Shape[0]), .. index[rank..]]);
    }

    /// <summary>The rows of all batches as rows of one tensor.</summary>
    internal static Value Joined(Value x) =>
        x.Emit(Reshape.Instance, x.Location, Reshape.Attributes(Shape.Of([(long)x.Shape[0] * x.Shape[1], .. x.Shape.Skip(2)])));

    /// <summary>For the indices of every batch those of the same rows among the <see cref="Joined"/> ones.</summary>
    internal static Value RowsOfJoined(Operation operation, BatchedOperands x)
    {
        var rows = operation.Operands[0].Shape[0];
        var indices = x.WithAxis(1).ConvertTo(DType.I64).Clip(0, rows - 1);
        var first = x[0].Builder.Emit(Iota.Instance, [], Iota.Attributes(indices.Type, 0), operation.Location);
        return indices + first * rows;
    }

    internal static (int Operand, long Low, long High) RowsOf(Operation operation) => (1, 0, operation.Operands[0].Shape[0] - 1L);

    /// <summary>The row that an index in memory names, clamped to the rows.</summary>
    internal static ScalarExpr RowAt(LoopBuffer indices, ScalarExpr position, int rows) => Clamped(new LoadExpr(indices, position), rows);

    /// <summary>An index as one of so many rows.</summary>
    /// <remarks>In its own type: vectors have twice as many i32, and AVX2 has no least or greatest of i64.</remarks>
    internal static ScalarExpr Clamped(ScalarExpr index, int rows) => ScalarExpr.Binary(BinaryKind.Max, ScalarExpr.Constant(index.DType, 0),
        ScalarExpr.Binary(BinaryKind.Min, index, ScalarExpr.Constant(index.DType, rows - 1L))).ConvertTo(DType.I64);

    internal static long Clamp(Scalar index, int rows) => Math.Clamp((long)index, 0, rows - 1);

    internal static void CheckIndices(OpCall call, int operand) =>
        call.Require(call[operand].DType == DType.I32 || call[operand].DType == DType.I64, DiagnosticCode.DTypeMismatch,
            () => $"indices must be i32 or i64, got {call[operand]}");
}

/// <summary>Fluent syntax of <see cref="Gather"/>.</summary>
public static class GatherSyntax
{
    extension(Value x)
    {
        /// <summary>The rows of x at <paramref name="indices"/> (i32 or i64; clamped to the rows there are).</summary>
        /// <exception cref="GraphException">SGC1001: indices of another type. SGC1003: x has no rows.</exception>
        public Value Take(Value indices, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Emit(Gather.Instance, new(file, line), AttributeMap.Empty, indices);
    }
}
