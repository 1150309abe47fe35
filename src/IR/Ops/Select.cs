using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise choice: where the predicate holds the second operand, else the third.</summary>
/// <remarks>predicate: bool; on_true, on_false: one type, the result's. C1: predicate is bool. C2: all shapes and both types
/// agree.</remarks>
public sealed class Select : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Select Instance = new();
    private Select() : base("select", arity: 3) { }

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        call.Boolean();
        call.Require(call[0].Shape == call[1].Shape, DiagnosticCode.ShapeMismatch, () => $"shapes differ: {call[0]} and {call[1]}");
        return call.Same(first: 1);
    }
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => wrt switch
    {
        1 => Partial.Where(PredicateOf(x, y), holds: true),
        2 => Partial.Where(PredicateOf(x, y), holds: false),
        _ => Partial.Zero,
    };

    // Where the predicate compares the two choices (a ReLU), the derivative compares the result instead: with c > d ? c : d the predicate
    // holds if and only if y > d, with c ≤ d ? d : c if and only if y ≤ d, NaN included. The result is a residual anyway, so neither the
    // predicate nor what it was computed from becomes one.
    private static Value PredicateOf(ReadOnlySpan<Value> x, Value y)
    {
        if (x[0].Definition is not { Op: Compare } c) return x[0];
        var isKnown = c.Word("direction") switch
        {
            "gt" or "lt" => c.Operands[0] == x[1] && c.Operands[1] == x[2],
            "ge" or "le" => c.Operands[0] == x[2] && c.Operands[1] == x[1],
            _ => false,
        };
        return isKnown ? y.Builder.Emit(Compare.Instance, [y, c.Operands[1]], c.Attributes) : x[0];
    }

    /// <inheritdoc/>
    public override Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => x[1].Or(x[2]);
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => x[0] != 0 ? x[1] : x[2];
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Select(x[0], x[1], x[2]);
}

/// <summary>Fluent syntax of <see cref="Select"/>.</summary>
public static class SelectSyntax
{
    extension(Value predicate)
    {
        /// <summary><paramref name="onTrue"/> where the predicate holds, else <paramref name="onFalse"/>. Shapes broadcast as NumPy's
        /// do.</summary>
        /// <exception cref="GraphException">SGC1001: not bool, or types differ. SGC1002: shapes do not broadcast.</exception>
        public Value Select(Value onTrue, Value onFalse, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(predicate);
            ArgumentNullException.ThrowIfNull(onTrue);
            ArgumentNullException.ThrowIfNull(onFalse);
            return Broadcasting.Emit(Ops.Select.Instance, [predicate, onTrue, onFalse], new(file, line), attributes: null,
                isRefused: predicate.DType != DType.Bool || onTrue.DType != onFalse.DType);
        }
    }
}
