using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Tape;

/// <summary>dot_general of two matrices along one axis of each; transposes are read in place, by strides.</summary>
internal sealed class MatrixProduct : EagerKernel
{
    public override bool Supports(Operation operation)
    {
        var axes = DotGeneral.Axes.Of(operation.Attributes);
        return operation.Operands.All(o => o.Rank == 2) && axes.ContractX.Length == 1 && axes.BatchX.Length == 0;
    }

    public override void Forward(Node node, BufferPool pool)
    {
        var (x, y) = Views(node);
        node.Data = pool.Rent(x.Rows * y.Columns);
        MatrixMultiply.Run(x, y, node.Data);
    }

    public override void Backward(Node node, BufferPool pool)
    {
        var (x, y) = Views(node);
        var ct = new MatrixView(node.Gradient!, x.Rows, y.Columns, y.Columns, 1);
        if (node.Inputs[0].RequiresGradient) Accumulate(node.Inputs[0], x, ct, y.Transposed, pool);
        if (node.Inputs[1].RequiresGradient) Accumulate(node.Inputs[1], y, x.Transposed, ct, pool);
    }

    // An operand that is read transposed gets its gradient transposed: (A·B)ᵀ = Bᵀ·Aᵀ.
    private static void Accumulate(Node operand, MatrixView view, MatrixView left, MatrixView right, BufferPool pool)
    {
        var gradient = pool.Rent(operand.Data.Length);
        if (view.ColumnStride == 1 && view.RowStride == view.Columns) MatrixMultiply.Run(left, right, gradient);
        else MatrixMultiply.Run(right.Transposed, left.Transposed, gradient);
        operand.Accumulate(gradient, pool);
    }

    private static (MatrixView X, MatrixView Y) Views(Node node)
    {
        var axes = DotGeneral.Axes.Of(node.Operation!.Attributes);
        var x = View(node, 0);
        var y = View(node, 1);
        return (axes.ContractX[0] == 1 ? x : x.Transposed, axes.ContractY[0] == 0 ? y : y.Transposed);
    }

    private static MatrixView View(Node node, int i)
    {
        var shape = node.Operation!.Operands[i].Shape;
        return new MatrixView(node.Inputs[i].Data, shape[0], shape[1], shape[1], 1);
    }
}

/// <summary>transpose of a matrix.</summary>
internal sealed class MatrixTranspose : EagerKernel
{
    public override bool Supports(Operation operation) => operation.Result.Rank <= 2;

    public override void Forward(Node node, BufferPool pool) =>
        node.Data = Apply(node.Inputs[0].Data, node.Operation!.Operands[0].Shape, node.Operation, pool);

    public override void Backward(Node node, BufferPool pool) =>
        node.Inputs[0].Accumulate(Apply(node.Gradient!, node.Operation!.Result.Shape, node.Operation, pool), pool);

    private static float[] Apply(float[] x, Shape shape, Operation operation, BufferPool pool)
    {
        var swaps = shape.Rank == 2 && ((IR.Attribute.Numbers)operation.Attributes["permutation"]!).Values[0] == 1;
        if (!swaps) return x;
        var y = pool.Rent(x.Length);
        for (var r = 0; r < shape[0]; r++)
            for (var c = 0; c < shape[1]; c++) y[c * shape[0] + r] = x[r * shape[1] + c];
        return y;
    }
}
