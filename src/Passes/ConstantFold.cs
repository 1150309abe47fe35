using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>Evaluates operations whose operands are all constants.</summary>
/// <remarks>Results of up to 4096 elements, so that the program does not grow; an elementwise op of splats has a splat of any
/// size. A broadcast is left, since an index map is better than memory. Values are those of the reference meaning:
/// integers are exact, and so are floating-point operations that round correctly; sums and math functions differ from compiled code in
/// rounding, and subnormal numbers are kept. O(operations + elements).</remarks>
public sealed class ConstantFold : IPass
{
    private const long MaxElements = 4096;

    /// <inheritdoc/>
    public string Name => "fold";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context) => !function.Operations.Any(o => IsOfConstants(o, o.Operands)) ? function
        : Rewriter.Rebuild(function, (operation, builder, operands) =>
        {
            if (context.Budget.IsExhausted || !IsOfConstants(operation, operands)) return null;
            Literal[] literals = [.. operands.Select(o => Constant.LiteralOf(o.Definition!))];
            return Evaluate(operation, literals) is { } results && context.Budget.TryTake()
                ? [.. results.Select(r => builder.Constant(r, operation.Location))]
                : null;
        });

    private static bool IsOfConstants(Operation operation, ImmutableArray<Value> operands)
    {
        if (operation.Body is not null || operation.Op is Broadcast || operands.IsEmpty) return false;
        foreach (var operand in operands)
            if (operand.Definition is not { Op: Constant }) return false;
        return true;
    }

    private static Literal[]? Evaluate(Operation operation, Literal[] literals)
    {
        if (operation.Op is IElementOp && literals.All(l => l.IsSplat)) return [EvaluateSplat(operation, literals)];
        var isSmall = operation.Results.All(r => r.Shape.ElementCount <= MaxElements)
            && literals.All(l => l.Type.Shape.ElementCount <= MaxElements);
        return isSmall ? [.. operation.Op.Evaluate(operation, literals).Select(Compact)] : null;
    }

    // All elements of the result are alike, so one of them is computed, by the same op on scalars.
    private static Literal EvaluateSplat(Operation operation, Literal[] literals)
    {
        var scratch = new FunctionBuilder("splat");
        var x = literals.Select(l => scratch.Constant(Literal.Rounded(l.Type.DType.Scalar, l[0]))).ToArray();
        var y = scratch.Emit(operation.Op, x, operation.Attributes).Definition!;
        var element = operation.Op.Evaluate(y, [.. x.Select(v => Constant.LiteralOf(v.Definition!))])[0];
        return Literal.Rounded(operation.Result.Type, element[0]);
    }

    private static Literal Compact(Literal literal)
    {
        if (literal.IsSplat || literal.Type.Shape.ElementCount == 0) return literal;
        var first = literal[0];
        return literal.Values.All(v => v.Equals(first)) ? Literal.Rounded(literal.Type, first) : literal;
    }
}
