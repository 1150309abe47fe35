using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Tests.Shared;

/// <summary>One statement and one expression of every kind that LoopIR has, and kernels of them: what a visitor forgets, a test
/// shows.</summary>
internal static class LoopKinds
{
    private static readonly LoopBuffer s_from = new("from", DType.F32, 16, BufferScope.Argument);
    private static readonly LoopBuffer s_to = new("to", DType.F32, 16, BufferScope.Argument, isWritten: true);
    private static readonly Local s_local = new("local", DType.F32);
    private static readonly Local s_index = new("index", DType.I32);
    private static readonly LoopVariable s_variable = new("i");

    private static ScalarExpr Zero => ScalarExpr.Index(0);
    private static ScalarExpr Element => new LoadExpr(s_from, Zero);
    private static ScalarExpr Condition => ScalarExpr.Compare(CompareKind.Lt, Element, ScalarExpr.Constant(DType.F32, 1));

    /// <summary>Every concrete kind that the assembly declares.</summary>
    public static IEnumerable<Type> KindsOf<T>() => typeof(T).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(T)) && !t.IsAbstract);

    /// <summary>An expression of each kind, valid in <see cref="KernelOf(ScalarExpr)"/>.</summary>
    public static IReadOnlyList<ScalarExpr> Expressions { get; } =
    [
        ScalarExpr.Constant(DType.F32, 2),
        s_variable.Value,
        new LoadExpr(s_from, s_variable.Value, ScalarExpr.Compare(CompareKind.Lt, s_variable.Value, ScalarExpr.Index(1))),
        new LocalExpr(s_local),
        ScalarExpr.Unary(UnaryKind.Neg, Element),
        ScalarExpr.Binary(BinaryKind.Add, Element, new LocalExpr(s_local)),
        new MultiplyAddExpr(Element, new LocalExpr(s_local), ScalarExpr.Constant(DType.F32, 3)),
        new PairExpr(Element.ConvertTo(DType.BF16), new LocalExpr(s_local).ConvertTo(DType.BF16)),
        new PairDotExpr(Element.ConvertTo(DType.U32), new LocalExpr(s_local).ConvertTo(DType.U32), Element),
        new BitcastExpr(Element),
        Condition,
        ScalarExpr.Select(Condition, Element, new LocalExpr(s_local)),
        Element.ConvertTo(DType.I32),
        ScalarExpr.Call(MathFunction.Exp, Element),
    ];

    /// <summary>A statement of each kind, valid in <see cref="KernelOf(Statement)"/>.</summary>
    public static IReadOnlyList<Statement> Statements { get; } =
    [
        new ForStatement(s_variable, 4, LoopKind.Serial, 1, [new StoreStatement(s_to, s_variable.Value, Element)], ScalarExpr.Index(3)),
        new LetStatement(new Local("other", DType.F32), Element),
        new AssignStatement(s_local, 0, Element),
        new AccumulateStatement(s_local, ReductionKind.Sum, Element),
        new ChooseStatement(s_local, s_index, ReductionKind.Min, Element, ScalarExpr.Constant(DType.I32, 3)),
        new StoreStatement(s_to, Zero, Element, Condition),
        new TransposeStatement(s_to, Zero, 4, s_from, Zero, 4, 4, 4),
        new PrefetchStatement(s_from, Zero, 1),
        new BarrierStatement(),
    ];

    /// <summary>The statement after the declaration of what it names.</summary>
    public static Kernel KernelOf(Statement statement) =>
        new("kind", [s_from, s_to], [],
            [new LetStatement(s_local, ScalarExpr.Constant(DType.F32, 0)), new LetStatement(s_index, ScalarExpr.Constant(DType.I32, 0)),
                statement], [], 1);

    /// <summary>The expression, converted to f32 and stored for each of four values of a loop's variable.</summary>
    public static Kernel KernelOf(ScalarExpr expression) =>
        KernelOf(new ForStatement(s_variable, 4, LoopKind.Serial, 1, [new StoreStatement(s_to, Zero, expression.ConvertTo(DType.F32))]));

    /// <summary>An expression for each enum member that selects one: every operation, comparison and math function.</summary>
    public static ImmutableArray<ScalarExpr> Operations { get; } =
    [
        .. Enum.GetValues<UnaryKind>().Select(k => ScalarExpr.Unary(k, k == UnaryKind.Not ? Condition : Element)),
        .. Enum.GetValues<BinaryKind>().Select(k => k is BinaryKind.And or BinaryKind.Or
            ? ScalarExpr.Binary(k, Condition, Condition) : k > BinaryKind.Or
            ? ScalarExpr.Binary(k, Element.ConvertTo(DType.U32), new LocalExpr(s_local).ConvertTo(DType.U32))
            : ScalarExpr.Binary(k, Element, new LocalExpr(s_local))),
        .. Enum.GetValues<CompareKind>().Select(k => ScalarExpr.Compare(k, Element, new LocalExpr(s_local))),
        .. Enum.GetValues<MathFunction>().Select(f => f is MathFunction.Pow or MathFunction.Atan2 or MathFunction.Fmod
            ? ScalarExpr.Call(f, Element, new LocalExpr(s_local)) : ScalarExpr.Call(f, Element)),
    ];

    /// <summary>An accumulation of each kind.</summary>
    public static ImmutableArray<Statement> Reductions { get; } =
        [.. Enum.GetValues<ReductionKind>().Select(k => new AccumulateStatement(s_local, k, Element))];

    /// <summary>A loop of each kind, an unrolled one, and some that are claimed in chunks.</summary>
    public static ImmutableArray<Statement> Loops { get; } =
    [
        .. Enum.GetValues<LoopKind>().Select(k =>
            new ForStatement(s_variable, 8, k, 4, [new StoreStatement(s_to, s_variable.Value, Element)])),
        new ForStatement(s_variable, 8, LoopKind.Serial, 1, [new StoreStatement(s_to, s_variable.Value, Element)]) { Unroll = 3 },
        (ForStatement)Statements[0],
        new ForStatement(s_variable, 8, LoopKind.Parallel, 1, [new StoreStatement(s_to, s_variable.Value, Element)]) { Chunk = 3 },
        new ForStatement(s_variable, 7, LoopKind.ParallelVector, 2, [new StoreStatement(s_to, s_variable.Value, Element)]) { Chunk = 1 },
    ];
}
