using System.Collections.Immutable;
using GraphCompiler.IR;

namespace GraphCompiler.Frontend.Viewing;

/// <summary>Which layer an operation belongs to: that whose call declared it or whose variable it updates.</summary>
internal sealed class LayerRows
{
    private const string Shared = "optimizer", Elsewhere = "step";

    private readonly List<LayerView> _rows = [];
    private readonly Dictionary<string, int> _rowOf = [];
    private readonly Dictionary<string, int> _rowOfState = [];

    /// <summary>The rows of a function before any pass: in the order in which the forward pass reaches them.</summary>
    public LayerRows(Plan plan)
    {
        foreach (var operation in plan.Function.Operations)
            if (operation.Location.Part == StepPart.Forward && operation.Operands.Length > 0) Row(operation.Location);
        var variables = plan.Graph.ModelParameters.Select(p => p.Value).ToArray();
        foreach (var state in plan.States)
            if (Array.Find(variables, v => IsOf(state.Name, v.Name!)) is { } variable) _rowOfState[state.Name] = Row(variable.Location);
    }

    /// <summary>All rows so far.</summary>
    public ImmutableArray<LayerView> Views => [.. _rows];

    /// <summary>The row of each operation of a function.</summary>
    public int[] Of(Function function)
    {
        var (rows, owners) = (new int[function.Operations.Length], new Dictionary<Value, int>());
        for (var i = 0; i < rows.Length; i++)
        {
            var operation = function.Operations[i];
            rows[i] = operation.Location.Part == StepPart.Update ? Owner(operation, owners) : Row(operation.Location);
            if (operation.Location.Part == StepPart.Forward) continue;
            foreach (var result in operation.Results) owners[result] = rows[i];
        }
        return rows;
    }

    /// <summary>The rows that a kernel computes something of.</summary>
    public ImmutableArray<int> Of(Operation operation)
    {
        var rows = new SortedSet<int>();
        foreach (var inner in Inner(operation).Where(o => o.Operands.Length > 0 && o.Location.Part != StepPart.Update))
            rows.Add(Row(inner.Location));
        if (rows.Count == 0) rows.Add(operation.Operands.Length > 0 ? Owner(operation, []) : Row(operation.Location));
        return [.. rows];
    }

    /// <summary>What a kernel computes: the region of a fusion, or the operation itself.</summary>
    public static ImmutableArray<Operation> Inner(Operation operation) => operation.Body?.Operations ?? [operation];

    // What reads gradients, variables and states of one layer alone is that layer's, whatever it reads that layers share.
    private int Owner(Operation operation, Dictionary<Value, int> owners)
    {
        var shared = Row(Shared, isLine: false);
        int[] known = [.. operation.Operands.Select(o => owners.TryGetValue(o, out var owner) ? owner
            : o.Name is { } name && _rowOfState.TryGetValue(name, out var row) ? row : shared).Where(r => r != shared).Distinct()];
        return known.Length == 1 ? known[0] : shared;
    }

    /// <summary>The row of what was declared there.</summary>
    public int Row(Location location) => location.Scope.Length > 0 ? Row(location.Scope, isLine: false)
        : location.IsKnown ? Row(location.ToString(), isLine: true) : Row(Elsewhere, isLine: false);

    private int Row(string name, bool isLine)
    {
        if (_rowOf.TryGetValue(name, out var row)) return row;
        _rows.Add(new(name, isLine));
        return _rowOf[name] = _rows.Count - 1;
    }

    // adam/m/hidden/kernel is state of hidden/kernel.
    private static bool IsOf(string state, string variable) =>
        state == variable || state.EndsWith($"/{variable}", StringComparison.Ordinal);
}
