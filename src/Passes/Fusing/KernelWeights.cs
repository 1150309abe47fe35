using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;

namespace GraphCompiler.Passes.Fusing;

/// <summary>Instructions for an element of an operation, about, with those of what it computes of its operands as it reads them. An index
/// map of one operand is as cheap as a load, and counts as none.</summary>
internal sealed class KernelWeights(int operations)
{
    /// <summary>Most instructions for an element in one kernel: LLVM's time grows faster than linearly with a function's size
    /// (<c>bench -- scaling</c>).</summary>
    public const int Most = 400;

    // By the numbers of operations.
    private readonly int[] _weights = new int[operations];

    /// <summary>What an operation adds to a kernel by itself.</summary>
    public static int Of(Operation operation) =>
        operation.Op is IIndexedOp ? Math.Max(operation.Operands.Length - 1, 0) : ElementKernel.Cost(operation);

    /// <summary>Records an operation whose operands are recorded or in memory, with what it can hold of them.</summary>
    public void Add(Operation operation) => Add(operation, o => Holds(operation, o));

    /// <summary>Records an operation with those operands that it computes.</summary>
    public void Add(Operation operation, Func<Operation, bool> computes) =>
        _weights[operation.Id] = Of(operation) + Computed(operation, computes);

    /// <summary>The weight of what an operation computes of its operands.</summary>
    public int Computed(Operation operation, Func<Operation, bool> computes)
    {
        var weight = 0;
        foreach (var operand in Definitions(operation))
            if (computes(operand)) weight += _weights[operand.Id];
        return Terms(operation) * weight;
    }

    /// <summary>Whether an operation and all its operands, each as heavy as this one, are a kernel of bounded size.</summary>
    public bool Holds(Operation operation, Operation operand) => operand.Op is IElementOp or IIndexedOp
        && (long)_weights[operand.Id] * Terms(operation) * Definitions(operation).Count <= Most;

    /// <summary>The weight of a kernel's region: what a sum of disjoint elements reads is computed for each of its operands and terms, and
    /// all else once.</summary>
    public static double Of(Function region)
    {
        var (total, times) = (0.0, new Dictionary<Operation, double>());
        foreach (var operation in region.Operations.Reverse())
        {
            var own = times.GetValueOrDefault(operation, 1);
            total += own * Of(operation);
            foreach (var operand in Definitions(operation))
                times[operand] = IsSum(operation) ? times.GetValueOrDefault(operand) + own * Terms(operation)
                    : Math.Max(times.GetValueOrDefault(operand), own);
        }
        return total;
    }

    private static bool IsSum(Operation operation) => operation.Op is IIndexedOp op && op.DisjointTerms(operation) is not null;

    // A sum computes an operand anew for each place that it has among its operands.
    private static List<Operation> Definitions(Operation operation)
    {
        var (definitions, repeats) = (new List<Operation>(operation.Operands.Length), IsSum(operation));
        for (var i = 0; i < operation.Operands.Length; i++)
            if (operation.Operands[i] is { Definition: { } d } operand && (repeats || operation.Operands.IndexOf(operand) == i))
                definitions.Add(d);
        return definitions;
    }

    // Elements of an operand that one element is computed from, each by code of its own.
    private static int Terms(Operation operation) => operation.Op is IIndexedOp op ? op.DisjointTerms(operation) ?? 1 : 1;
}
