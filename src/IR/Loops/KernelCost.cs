namespace GraphCompiler.IR.Loops;

/// <summary>What a kernel does at least, read off its loops: the terms of a roofline.</summary>
/// <param name="Flops">Floating-point operations, a multiply-add counted as two and a math function as one.</param>
/// <param name="Bytes">Bytes of the arguments, each counted once for reading or for writing; of an argument of which a part is accessed,
/// such as the rows of a table, no more elements than there are accesses.</param>
public sealed record KernelCost(double Flops, double Bytes)
{
    /// <summary>Counts the operations of a kernel. Cost: linear in the kernel's text, and some hundred evaluations of each loop's count
    /// that is an expression.</summary>
    public static KernelCost Of(Kernel kernel)
    {
        var walk = new Walk();
        foreach (var statement in kernel.Body) walk.Visit(statement, 1);
        return new(walk.Flops, kernel.Arguments.Sum(walk.BytesOf));
    }

    private sealed class Walk
    {
        private readonly Dictionary<LoopBuffer, (double Reads, double Writes)> _accesses = [];
        private readonly LoopCounts _counts = new();

        public double Flops { get; private set; }

        public double BytesOf(LoopBuffer argument)
        {
            var (reads, writes) = _accesses.GetValueOrDefault(argument);
            return Math.Min(argument.Elements, Math.Max(reads, writes)) * argument.DType.Bytes;
        }

        public void Visit(Statement statement, double times)
        {
            if (statement is AccumulateStatement or ChooseStatement) Flops += times;
            if (statement is StoreStatement store) Add(store.Buffer, 0, times);
            if (statement is TransposeStatement copy)
            {
                Add(copy.From, times * copy.Rows * copy.Columns * (copy.MovesPairs ? 2 : 1), 0);
                Add(copy.To, 0, times * copy.Rows * copy.Columns);
            }
            foreach (var operand in statement.Operands)
            {
                Flops += times * KernelCost.Of(operand);
                CountLoads(operand, times);
            }
            if (statement is ForStatement loop) VisitLoop(loop, times);
        }

        private void VisitLoop(ForStatement loop, double times)
        {
            var iterations = _counts.MeanOf(loop);
            _counts.Enter(loop);
            foreach (var inner in loop.Body) Visit(inner, times * iterations);
            _counts.Leave();
        }

        private void CountLoads(ScalarExpr expression, double times)
        {
            if (expression is LoadExpr load) Add(load.Buffer, times, 0);
            foreach (var operand in expression.Operands) CountLoads(operand, times);
        }

        private void Add(LoopBuffer buffer, double reads, double writes)
        {
            var known = _accesses.GetValueOrDefault(buffer);
            _accesses[buffer] = (known.Reads + reads, known.Writes + writes);
        }
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
