using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>The same elements in row-major order with other sizes.</summary>
/// <remarks>shape: the result's sizes. C1: the element counts agree.</remarks>
public sealed class Reshape : LinearOp, IIndexedOp
{
    /// <summary>The op.</summary>
    public static readonly Reshape Instance = new();
    private Reshape() : base("reshape", arity: 1) { }

    /// <summary>The attributes: the result's sizes.</summary>
    public static AttributeMap Attributes(Shape shape) => AttributeMap.Empty.With("shape", shape);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var shape = new Shape(call.Ints("shape"));
        call.Require(shape.ElementCount == call[0].Shape.ElementCount, DiagnosticCode.ShapeMismatch,
            () => $"{call[0]} has {call[0].Shape.ElementCount} elements, {shape} has {shape.ElementCount}");
        return call[0].With(shape);
    }
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent) =>
        cotangent.Emit(this, operation.Location, Attributes(operation.Operands[0].Shape));
    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands) => new(operation.Result.Type, operands[0].Values);
    /// <inheritdoc/>
    public ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> index, ElementSource source)
    {
        var (from, to) = (operation.Operands[0].Shape, operation.Result.Shape);
        var mapped = new ScalarExpr[from.Rank];
        if (from.Where(s => s != 1).SequenceEqual(to.Where(s => s != 1)))
        {
            // Axes of size 1 come and go; the others keep their order.
            var next = 0;
            for (var i = 0; i < from.Rank; i++)
            {
                if (from[i] == 1) mapped[i] = ScalarExpr.Index(0);
                else
                {
                    while (to[next] == 1) next++;
                    mapped[i] = index[next++];
                }
            }
            return source(0, mapped);
        }
        var position = ScalarExpr.Index(0);
        var strides = to.Strides();
        for (var i = 0; i < to.Rank; i++) position += index[i] * strides[i];
        var outer = from.Strides();
        for (var i = 0; i < from.Rank; i++)
            mapped[i] = ScalarExpr.Binary(BinaryKind.Rem, position / ScalarExpr.Index(Math.Max(outer[i], 1)), ScalarExpr.Index(Math.Max(from[i], 1)));
        return source(0, mapped);
    }
}

/// <summary>Fluent syntax of <see cref="Reshape"/>.</summary>
public static class ReshapeSyntax
{
    extension(Value x)
    {
        /// <summary>The same elements with these sizes, one of which may be -1: what is left.</summary>
        /// <exception cref="GraphException">SGC1002: the element counts differ.</exception>
        public Value Reshape(int[] sizes, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var known = sizes.Where(s => s >= 0).Aggregate(1L, (a, b) => a * b);
            var rest = known == 0 ? 0 : (int)(x.Shape.ElementCount / known);
            var shape = new Shape([.. sizes.Select(s => s < 0 ? rest : s)]);
            return x.Emit(Ops.Reshape.Instance, new(file, line), Ops.Reshape.Attributes(shape));
        }
    }
}
