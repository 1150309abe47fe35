namespace GraphCompiler.IR.Loops;

/// <summary>What a kernel does at least, read off its loops: the terms of a roofline.</summary>
/// <param name="Flops">Floating-point operations, a multiply-add counted as two and a math function as one.</param>
/// <param name="Bytes">Bytes of the arguments, each counted once for reading or for writing.</param>
public sealed record KernelCost(double Flops, double Bytes)
{
    /// <summary>Counts the operations of a kernel. Cost: linear in the kernel's text.</summary>
    public static KernelCost Of(Kernel kernel) => new(Operations(kernel.Body), kernel.Arguments.Sum(a => (double)a.Bytes));

    private static double Operations(IEnumerable<Statement> statements) => statements.Sum(s => s switch
    {
        ForStatement loop => loop.Extent * Operations(loop.Body),
        LetStatement let => Of(let.Value),
        AssignStatement assign => Of(assign.Value),
        AccumulateStatement accumulate => 1 + Of(accumulate.Value),
        StoreStatement store => Of(store.Value),
        _ => 0,
    });

    // Index arithmetic counts nothing.
    private static double Of(ScalarExpr expression)
    {
        var own = expression.DType.IsFloating ? 1.0 : 0;
        return expression switch
        {
            UnaryExpr u => own + Of(u.X),
            BinaryExpr b => own + Of(b.X) + Of(b.Y),
            MultiplyAddExpr m => 2 * own + Of(m.X) + Of(m.Y) + Of(m.Z),
            CompareExpr c => Of(c.X) + Of(c.Y),
            SelectExpr s => own + Of(s.Condition) + Of(s.WhenTrue) + Of(s.WhenFalse),
            ConvertExpr c => Of(c.X),
            CallExpr c => own + c.X.Sum(Of),
            _ => 0,
        };
    }
}
