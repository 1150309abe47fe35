using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Canonicalization;

namespace GraphCompiler.Passes;

/// <summary>Keeps the gradient of a look-up to the rows that were read. Where it is only added to a parameter, p - η·g, its rows are added
/// to the parameter's; elsewhere it is summed among as many rows as there are updates, from which each reader takes its elements, so that
/// no tensor of the table's size is filled with zeros, copied and read again.</summary>
/// <remarks>Needs: derivatives taken, index maps merged. In p + s·g, s the same for all elements, a row that no index names stays as it is,
/// also where s is infinite or NaN and s·0 would be NaN. O(operations).</remarks>
public sealed class ScatterRows : IPass
{
    /// <summary>Elements of a table from which three small kernels more take less time than filling and reading it.</summary>
    private const long LeastElements = 1 << 16;

    /// <summary>Rows for each update from which little of the table is read.</summary>
    private const int LeastRowsPerUpdate = 2;

    /// <inheritdoc/>
    public string Name => "scatter_rows";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context)
    {
        if (!function.Operations.Any(o => o.Op is ScatterAdd)) return function;
        var uses = UseCounts.Of(function);
        var terms = new Terms(function, uses);
        var sums = new Dictionary<Operation, int>();
        foreach (var operation in function.Operations)
            if (terms.AddedToParameter(operation) is { } sum) sums[operation] = sum;
        var rewritten = Rewriter.Rebuild(function, (operation, _, operands) =>
        {
            if (context.Budget.IsExhausted || !operation.Results.Any(r => uses[r] > 0)) return null;
            if (sums.TryGetValue(operation, out var sum))
                return context.Budget.TryTake() ? [Added(operands[1 - sum], operands[sum], operation.Op is Subtract)] : null;
            if (!IsOfFewRows(operation) || terms.IsTaken(operation) || !context.Budget.TryTake()) return null;
            return [Compact(operation, operands[1], operands[2])];
        });
        return rewritten == function ? function : new DeadCodeElimination().Run(rewritten, context);
    }

    // x plus or minus a sum of scattered rows, from left to right. As deep as there are look-ups of one table, so it does not recurse.
    private static Value Added(Value x, Value sum, bool isNegative)
    {
        var pending = new Stack<(Value Term, bool IsNegative, ImmutableStack<Value> Factors)>([(sum, isNegative, [])]);
        while (pending.TryPop(out var next))
        {
            var (term, negative, factors) = next;
            var operands = term.Definition!.Operands;
            switch (term.Definition.Op)
            {
                case Negate:
                    pending.Push((operands[0], !negative, factors));
                    break;
                case Multiply:
                    var uniform = Terms.IsUniform(operands[1]) ? 1 : 0;
                    pending.Push((operands[1 - uniform], negative, factors.Push(operands[uniform])));
                    break;
                case Add or Subtract:
                    pending.Push((operands[1], negative ^ term.Definition.Op is Subtract, factors));
                    pending.Push((operands[0], negative, factors));
                    break;
                default:
                    x = AddRows(x, term, negative, factors);
                    break;
            }
        }
        return x;
    }

    private static Value AddRows(Value x, Value scattered, bool isNegative, IEnumerable<Value> factors)
    {
        var (location, operands) = (scattered.Location, scattered.Definition!.Operands);
        var updates = operands[2];
        foreach (var factor in factors)
            updates = updates.Emit(Multiply.Instance, location, AttributeMap.Empty, Spread(factor, updates));
        if (isNegative) updates = updates.Emit(Negate.Instance, location, AttributeMap.Empty);
        return x.Emit(ScatterAdd.Instance, location, AttributeMap.Empty, operands[1], updates);
    }

    // The one number that all elements of a factor are, for each update.
    private static Value Spread(Value factor, Value updates)
    {
        if (RewriteSite.SplatOf(factor) is { } number)
            return updates.Builder.Constant(Literal.Rounded(updates.Type, number), factor.Location);
        var one = factor.Definition!.Operands[0];
        if (one.Rank > 0) one = one.Emit(Reshape.Instance, factor.Location, Reshape.Attributes(new Shape()));
        return one.Emit(Broadcast.Instance, factor.Location, Broadcast.Attributes(updates.Shape, []));
    }

    private static bool IsOfFewRows(Operation operation) => Terms.IsScatteredIntoZeros(operation)
        && operation.Result.Shape.ElementCount >= LeastElements && operation.Operands[1].Shape.ElementCount > 0
        && operation.Result.Shape[0] >= LeastRowsPerUpdate * operation.Operands[1].Shape.ElementCount;

    // Each row's sum is where the first index that names the row is: a table of as many rows as there are indices.
    private static Value Compact(Operation operation, Value indices, Value updates)
    {
        var (table, location) = (operation.Result.Type, operation.Location);
        var first = indices.Emit(FirstOccurrence.Instance, location, FirstOccurrence.Attributes(table.Shape[0]));
        var slots = first.Emit(Gather.Instance, location, AttributeMap.Empty, indices);
        var few = table.With(new Shape([(int)indices.Shape.ElementCount, .. table.Shape.Skip(1)]));
        var sums = indices.Builder.Constant(Literal.Rounded(few, 0.0), location)
            .Emit(ScatterAdd.Instance, location, AttributeMap.Empty, slots, updates);
        var isNamed = first.GreaterOrEqual(first.Constant(0))
            .Emit(Broadcast.Instance, location, Broadcast.Attributes(table.Shape, [0]));
        var taken = sums.Emit(Gather.Instance, location, AttributeMap.Empty, first);
        return isNamed.Emit(Select.Instance, location, AttributeMap.Empty, taken, taken.Constant(0));
    }

    /// <summary>Sums of rows that are scattered into zeros, which nothing else reads.</summary>
    private sealed class Terms
    {
        private readonly UseCounts _uses;
        private readonly HashSet<Value> _sums = [];
        private readonly HashSet<Operation> _taken = [];

        public Terms(Function function, UseCounts uses)
        {
            _uses = uses;
            foreach (var operation in function.Operations)
                if (IsSum(operation)) _sums.Add(operation.Result);
        }

        /// <summary>Whether the operation is part of a sum that is added to a parameter.</summary>
        public bool IsTaken(Operation operation) => _taken.Contains(operation);

        /// <summary>The number of the operand that is such a sum, where the operation adds it to a parameter.</summary>
        public int? AddedToParameter(Operation operation)
        {
            if (operation.Op is not (Add or Subtract)) return null;
            foreach (var sum in operation.Op is Add ? (int[])[1, 0] : [1])
                if (operation.Operands[1 - sum].Definition is null && _sums.Contains(operation.Operands[sum]))
                {
                    Take(operation.Operands[sum]);
                    return sum;
                }
            return null;
        }

        // Of operations in their order, so that those before are known.
        private bool IsSum(Operation operation) => operation.Results.Length == 1 && _uses[operation.Result] == 1 && operation.Op switch
        {
            ScatterAdd => IsScatteredIntoZeros(operation),
            Negate => _sums.Contains(operation.Operands[0]),
            Multiply => _sums.Contains(operation.Operands[IsUniform(operation.Operands[1]) ? 0 : 1])
                && operation.Operands.Any(IsUniform),
            Add or Subtract => operation.Operands.All(_sums.Contains),
            _ => false,
        };

        private void Take(Value sum)
        {
            var pending = new Stack<Value>([sum]);
            while (pending.TryPop(out var value))
            {
                _taken.Add(value.Definition!);
                foreach (var operand in value.Definition!.Operands.Where(_sums.Contains)) pending.Push(operand);
            }
        }

        public static bool IsScatteredIntoZeros(Operation operation) => operation.Op is ScatterAdd
            && RewriteSite.SplatOf(operation.Operands[0]) is { } zero && zero == 0 && !zero.IsNegative;

        /// <summary>Whether all elements are one number.</summary>
        public static bool IsUniform(Value value) => RewriteSite.SplatOf(value) is not null
            || value.Definition is { Op: Broadcast } broadcast && broadcast.Operands[0].Shape.ElementCount == 1;
    }
}
