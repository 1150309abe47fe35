using System.Collections.Immutable;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR;

/// <content>Regions: functions that an operation holds, declared with the same calls as what is around them.</content>
public partial class FunctionBuilder
{
    /// <summary>Declares a region: what <paramref name="declare"/> appends becomes a function of its own and is taken back here.</summary>
    /// <param name="name">The region's name.</param>
    /// <param name="parameters">What the region is given.</param>
    /// <param name="location">Of the call.</param>
    /// <param name="declare">Gives the results, of the parameters and of any values of this builder.</param>
    /// <returns>The region, and the values of this builder that it reads: its further parameters stand for them.</returns>
    /// <exception cref="GraphException">SGC1011: a parameter is declared within. SGC1008: a result is of another builder.</exception>
    public (Function Region, ImmutableArray<Value> Captured) Region(string name, IReadOnlyList<(string Name, TensorType Type)> parameters,
        Location location, Func<Value[], Value[]> declare)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(declare);
        using var pin = At(location);
        CheckOpen(_pinned ?? location);
        var (firstId, firstOperation) = (_nextValue, _operations.Count);
        Value[] arguments = [.. parameters.Select(p => new Value(this, _nextValue++, p.Type, p.Name, location))];
        try
        {
            var results = declare(arguments);
            CheckOwn(results, name, _pinned ?? location);
            return Outline(name, arguments, firstId, [.. _operations.Skip(firstOperation)], results);
        }
        finally
        {
            foreach (var argument in arguments) argument.IsWithdrawn = true;
            Withdraw(firstId);
        }
    }

    // Only what the results depend on.
    private (Function, ImmutableArray<Value>) Outline(string name, Value[] arguments, int firstId, Operation[] operations, Value[] results)
    {
        var live = results.ToHashSet();
        for (var i = operations.Length - 1; i >= 0; i--)
            if (operations[i].Results.Any(live.Contains)) live.UnionWith(operations[i].Operands);
        operations = [.. operations.Where(o => o.Results.Any(live.Contains))];
        Value[] captured = [.. live.Except(operations.SelectMany(o => o.Results)).Except(arguments).OrderBy(v => v.Id)];
        if (captured.FirstOrDefault(v => v.Id >= firstId) is { } declared)
            throw new GraphException(DiagnosticCode.BadArgument,
                $"{name}: {declared} is declared within; declare inputs and variables before", _pinned ?? default);
        var builder = new FunctionBuilder(name);
        var map = new Dictionary<Value, Value>();
        foreach (var value in (Value[])[.. arguments, .. captured])
            map[value] = builder.ParameterLike(value.Name ?? "residual", value.Type, value.Location);
        foreach (var operation in operations) builder.Clone(operation, map);
        return (builder.Build([.. results.Select(r => map[r])]), [.. captured]);
    }
}
