using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise comparison; false with a NaN operand, except ne.</summary>
/// <remarks>x, y: one type. direction: eq, ne, lt, le, gt or ge. Result: bool. C1: same type. C2: direction is one of the six.</remarks>
public sealed class Compare : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Compare Instance = new();
    private Compare() : base("compare", arity: 2) { }

    /// <summary>The attributes of a comparison.</summary>
    public static AttributeMap Attributes(CompareKind kind) => AttributeMap.Empty.With("direction", kind.ToString().ToLowerInvariant());

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        call.Require(call.Word("direction") is "eq" or "ne" or "lt" or "le" or "gt" or "ge", DiagnosticCode.BadAttribute,
            () => $"direction={call.Word("direction")} is none of eq, ne, lt, le, gt, ge");
        return call.Same().With(DType.Bool);
    }
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => Partial.Zero;
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x)
    {
        var holds = KindOf(operation) switch
        {
            CompareKind.Eq => x[0] == x[1],
            CompareKind.Ne => x[0] != x[1],
            CompareKind.Lt => x[0] < x[1],
            CompareKind.Le => x[0] <= x[1],
            CompareKind.Gt => x[0] > x[1],
            _ => x[0] >= x[1],
        };
        return holds ? 1 : 0;
    }
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Compare(KindOf(operation), x[0], x[1]);

    private static CompareKind KindOf(Operation operation) =>
        Enum.Parse<CompareKind>(operation.Word("direction"), ignoreCase: true);
}

/// <summary>Fluent syntax of <see cref="Compare"/>; shapes broadcast as NumPy's do.</summary>
public static class CompareSyntax
{
    extension(Value x)
    {
        /// <summary>x = y, elementwise.</summary>
        public Value Equal(Value y, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Emit(CompareKind.Eq, x, y, new(file, line));
        /// <summary>x ≠ y, elementwise.</summary>
        public Value NotEqual(Value y, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Emit(CompareKind.Ne, x, y, new(file, line));
        /// <summary>x = c, elementwise.</summary>
        /// <exception cref="GraphException">SGC1001, SGC1005: x's element type cannot hold c.</exception>
        public Value Equal(Scalar c, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => x.Equal(x.Constant(c)));
        /// <summary>x ≠ c, elementwise.</summary>
        /// <exception cref="GraphException">SGC1001, SGC1005: x's element type cannot hold c.</exception>
        public Value NotEqual(Scalar c, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => x.NotEqual(x.Constant(c)));
        /// <summary>x &lt; y, elementwise.</summary>
        public Value Less(Value y, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Emit(CompareKind.Lt, x, y, new(file, line));
        /// <summary>x ≤ y, elementwise.</summary>
        public Value LessOrEqual(Value y, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Emit(CompareKind.Le, x, y, new(file, line));
        /// <summary>x &gt; y, elementwise.</summary>
        public Value Greater(Value y, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Emit(CompareKind.Gt, x, y, new(file, line));
        /// <summary>x ≥ y, elementwise.</summary>
        public Value GreaterOrEqual(Value y, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Emit(CompareKind.Ge, x, y, new(file, line));
    }

    private static Value Emit(CompareKind kind, Value x, Value y, Location location) =>
        Broadcasting.Emit(Compare.Instance, x, y, location, Compare.Attributes(kind));
}
