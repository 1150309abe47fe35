using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers scatter_add: rows of updates are added at indexed rows, in the order of the indices.</summary>
/// <remarks>One worker owns a range of columns, so the sum's order never depends on the team.</remarks>
internal static class ScatterKernel
{
    public static Kernel Lower(Operation scatter, TargetTraits target)
    {
        var (operand, indices, updates) = (scatter.Operands[0], scatter.Operands[1], scatter.Operands[2]);
        LoopBuffer Buffer(string name, Value value, bool isWritten = false) =>
            new(name, value.DType, Math.Max(value.Shape.ElementCount, 1), BufferScope.Argument, isWritten);
        var (from, at, add, to) = (Buffer("operand", operand), Buffer("indices", indices), Buffer("updates", updates), Buffer("r0", scatter.Result, true));
        var rows = operand.Shape[0];
        var columns = operand.Shape.ElementCount / Math.Max(rows, 1);
        var lanes = Math.Min(target.Lanes(operand.DType) * 2, ElementKernel.PowerOfTwoAtLeast(columns));

        var (lane, row, n) = (new LoopVariable("i"), new LoopVariable("row"), new LoopVariable("n"));
        var copied = row.Value * columns + lane.Value;
        var copy = new ForStatement(row, rows, LoopKind.Serial, 1, [new StoreStatement(to, copied, new LoadExpr(from, copied))]);
        var index = new LoadExpr(at, n.Value).ConvertTo(DType.I64);
        var clamped = ScalarExpr.Binary(BinaryKind.Max, ScalarExpr.Index(0), ScalarExpr.Binary(BinaryKind.Min, index, ScalarExpr.Index(rows - 1)));
        var destination = clamped * columns + lane.Value;
        var sum = new LoadExpr(to, destination) + new LoadExpr(add, n.Value * columns + lane.Value);
        var adds = new ForStatement(n, indices.Shape.ElementCount, LoopKind.Serial, 1, [new StoreStatement(to, destination, sum)]);
        var body = new ForStatement(lane, columns, LoopKind.ParallelVector, lanes, [copy, adds]);
        return new Kernel("scatter_add", [from, at, add, to], [], [body],
            scatter.Location.IsKnown ? [scatter.Location] : [], operand.Shape.ElementCount + 2.0 * updates.Shape.ElementCount);
    }
}
