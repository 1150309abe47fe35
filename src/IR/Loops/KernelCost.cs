namespace GraphCompiler.IR.Loops;

/// <summary>What a kernel does at least, read off its loops: the terms of a roofline.</summary>
/// <param name="Flops">Floating-point operations, a multiply-add counted as two and a math function as one.</param>
/// <param name="Bytes">Bytes of the arguments, each counted once for reading or for writing.</param>
public sealed record KernelCost(double Flops, double Bytes)
{
    /// <summary>Counts the operations of a kernel. Cost: linear in the kernel's text.</summary>
    public static KernelCost Of(Kernel kernel) => new(kernel.Body.Sum(Of), kernel.Arguments.Sum(a => (double)a.Bytes));

    private static double Of(Statement statement)
    {
        var count = statement is AccumulateStatement or ChooseStatement ? 1.0 : 0;
        foreach (var operand in statement.Operands) count += Of(operand);
        return count + (statement is ForStatement loop ? loop.Extent : 1) * statement.Nested.Sum(Of);
    }

    private static double Of(ScalarExpr expression)
    {
        // Index arithmetic counts nothing.
        var count = expression.DType.IsFloating ? OwnFlops(expression) : 0;
        foreach (var operand in expression.Operands) count += Of(operand);
        return count;
    }

    private static double OwnFlops(ScalarExpr expression) => expression switch
    {
        MultiplyAddExpr => 2,
        UnaryExpr or BinaryExpr or SelectExpr or CallExpr => 1,
        ConstantExpr or VariableExpr or LocalExpr or LoadExpr or CompareExpr or ConvertExpr => 0,
        _ => throw new Diagnostics.InternalCompilerException("cost", $"unknown expression {expression.GetType().Name}"),
    };
}
