namespace GraphCompiler.IR.Loops;

/// <summary>What a kernel does at least, read off its loops: the terms of a roofline.</summary>
/// <param name="Flops">Floating-point operations, a multiply-add counted as two and a math function as one.</param>
/// <param name="Bytes">Bytes of the arguments, each counted once for reading or for writing; of an argument of which a part is accessed,
/// such as the rows of a table, no more elements than there are accesses.</param>
public sealed record KernelCost(double Flops, double Bytes)
{
    /// <summary>Counts the operations of a kernel. Cost: linear in the kernel's text.</summary>
    public static KernelCost Of(Kernel kernel)
    {
        var accesses = new Dictionary<LoopBuffer, (double Reads, double Writes)>();
        foreach (var statement in kernel.Body) Count(statement, 1, accesses);
        return new(kernel.Body.Sum(Of), kernel.Arguments.Sum(a =>
        {
            var (reads, writes) = accesses.GetValueOrDefault(a);
            return Math.Min(a.Elements, Math.Max(reads, writes)) * a.DType.Bytes;
        }));
    }

    private static void Count(Statement statement, double times, Dictionary<LoopBuffer, (double Reads, double Writes)> accesses)
    {
        void Add(LoopBuffer buffer, double reads, double writes)
        {
            var known = accesses.GetValueOrDefault(buffer);
            accesses[buffer] = (known.Reads + reads, known.Writes + writes);
        }
        void CountLoads(ScalarExpr expression)
        {
            if (expression is LoadExpr load) Add(load.Buffer, times, 0);
            foreach (var operand in expression.Operands) CountLoads(operand);
        }
        if (statement is StoreStatement store) Add(store.Buffer, 0, times);
        if (statement is TransposeStatement copy)
        {
            Add(copy.From, times * copy.Rows * copy.Columns * (copy.MovesPairs ? 2 : 1), 0);
            Add(copy.To, 0, times * copy.Rows * copy.Columns);
        }
        foreach (var operand in statement.Operands) CountLoads(operand);
        foreach (var inner in statement.Nested) Count(inner, times * Iterations(statement), accesses);
    }

    // A count that is known only as its loop is reached grows evenly from nothing to all, as with a triangle of blocks.
    private static double Iterations(Statement statement) =>
        statement is not ForStatement loop ? 1 : loop.Count is null ? loop.Extent : (loop.Extent + 1) / 2.0;

    private static double Of(Statement statement)
    {
        var count = statement is AccumulateStatement or ChooseStatement ? 1.0 : 0;
        foreach (var operand in statement.Operands) count += Of(operand);
        return count + Iterations(statement) * statement.Nested.Sum(Of);
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
        PairDotExpr => 4,
        UnaryExpr or BinaryExpr or SelectExpr or CallExpr => 1,
        ConstantExpr or VariableExpr or LocalExpr or LoadExpr or CompareExpr or ConvertExpr or PairExpr or BitcastExpr => 0,
        _ => throw new Diagnostics.InternalCompilerException("cost", $"unknown expression {expression.GetType().Name}"),
    };
}
