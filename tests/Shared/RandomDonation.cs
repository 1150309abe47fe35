using System.Collections.Immutable;
using GraphCompiler.IR;

namespace GraphCompiler.Tests.Shared;

/// <summary>Random donations for a function: permutations, duplicates, parameters passed through and exchanged.</summary>
internal static class RandomDonation
{
    /// <summary>The function with further results, and the parameter that each replaces, or -1.</summary>
    public static (Function Function, ImmutableArray<int> Donated) Of(Function source, int seed)
    {
        var random = new Random(seed);
        var b = new FunctionBuilder(source.Name);
        Value[] parameters = [.. source.Parameters.Select(p => b.Parameter(p.Name!, p.Type))];
        var results = b.Inline(source, parameters).ToList();
        Value[] values = [.. b.Operations.SelectMany(o => o.Results), .. parameters];
        var donated = Enumerable.Repeat(-1, results.Count).ToList();
        foreach (var i in Enumerable.Range(0, parameters.Length).OrderBy(_ => random.Next()))
        {
            // One value may replace several parameters: small choices make that likely.
            var candidates = values.Where(v => v.Type == parameters[i].Type).TakeLast(random.Next(1, 6)).ToArray();
            if (random.Next(4) == 0) continue;
            results.Add(candidates[random.Next(candidates.Length)]);
            donated.Add(i);
        }
        var order = Enumerable.Range(0, results.Count).OrderBy(_ => random.Next()).ToArray();
        return (b.Build([.. order.Select(i => results[i])]), [.. order.Select(i => donated[i])]);
    }
}
