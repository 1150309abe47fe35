using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers operations that differ in their operands only once: layers that are alike have kernels with one body, which is printed,
/// compared and compiled once too.</summary>
internal sealed class DistinctKernels(WeightUse weights)
{
    private readonly Dictionary<string, Kernel> _known = [];

    /// <summary>The kernel of an operation.</summary>
    /// <param name="operation">Outside of fusions.</param>
    /// <param name="lower">Makes it, of nothing but the operation, its operands' types, and how the step uses them.</param>
    public Kernel KernelOf(Operation operation, Func<Operation, Kernel> lower)
    {
        var text = TextOf(operation);
        return _known.TryGetValue(text, out var known) ? LocatedAt(LocationsOf(operation), known) : _known[text] = lower(operation);
    }

    private static Kernel LocatedAt(ImmutableArray<Location> locations, Kernel kernel) => kernel with
    {
        Locations = locations, InPlace = kernel.InPlace is { } less ? less with { Locations = locations } : null,
    };

    private static ImmutableArray<Location> LocationsOf(Operation operation) =>
        [.. (operation.Body?.Operations ?? [operation]).Select(o => o.Location).Where(l => l.IsKnown).Distinct()];

    // All that lowering may depend on: types, which operands are one value, what the step does with those that are parameters, and the
    // region. Values of a region are named by their numbers, which are alike where it was made alike.
    private string TextOf(Operation operation)
    {
        var text = new StringBuilder($"{operation.Op.Name} {operation.Attributes}");
        foreach (var operand in operation.Operands)
        {
            var root = LowerToLoops.Root(operand);
            text.Append(CultureInfo.InvariantCulture, $" {operation.Operands.IndexOf(operand)}:{operand.Type}");
            if (weights.ReadByRows.Contains(operand)) text.Append(" by_rows");
            if (weights.ReadByRows.Contains(root)) text.Append(" root_by_rows");
            if (weights.Replaced.Contains(root)) text.Append(" replaced");
        }
        text.Append(" ->").AppendJoin(',', operation.Results.Select(r => r.Type));
        if (operation.Body is not { } body) return text.ToString();
        foreach (var parameter in body.Parameters) text.Append(CultureInfo.InvariantCulture, $"\n{parameter}: {parameter.Type}");
        foreach (var inner in body.Operations) text.Append('\n').Append(IrPrinter.Print(inner));
        return text.Append("\nreturn ").AppendJoin(',', body.Results).ToString();
    }
}
