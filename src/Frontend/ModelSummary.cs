using System.Globalization;
using System.Text;

namespace GraphCompiler.Frontend;

/// <summary>A model as a table.</summary>
public static class ModelSummarySyntax
{
    extension(GraphBuilder graph)
    {
        /// <summary>The inputs and variables of a model so far, with types, numbers of elements and roles (trainable, frozen, or state
        /// that steps assign), and the totals: a table for people to read, the same text for the same model. What is in a scope is
        /// indented below it, and named within it. Lines end in '\n'.</summary>
        public string Summary()
        {
            ArgumentNullException.ThrowIfNull(graph);
            List<string[]> rows = [["name", "type", "elements", "role"]];
            foreach (var input in graph.Inputs) rows.Add([input.Name!, $"{input.Type}", "", "input"]);
            AddRows(rows, graph, "", [.. graph.ModelParameters]);
            var text = new StringBuilder($"model \"{graph.Name}\"\n");
            int[] widths = [.. Enumerable.Range(0, 4).Select(i => rows.Max(r => r[i].Length))];
            foreach (var row in rows)
                text.Append($"{row[0].PadRight(widths[0])}  {row[1].PadRight(widths[1])}  {row[2].PadLeft(widths[2])}  {row[3]}".TrimEnd())
                    .Append('\n');
            var trained = graph.ModelParameters.Where(p => p.IsTrainable).Sum(p => p.Value.Shape.ElementCount);
            var all = graph.ModelParameters.Sum(p => p.Value.Shape.ElementCount);
            return text.Append($"{Count(all)} elements in {graph.ModelParameters.Count} variables, {Count(trained)} of them trainable: ")
                .Append($"{Count(graph.ModelParameters.Sum(p => p.Value.Type.Bytes))} bytes\n").ToString();
        }
    }

    // The variables of a scope: those of the same inner scope are one row, and below it theirs.
    private static void AddRows(List<string[]> rows, GraphBuilder graph, string scope, ModelParameter[] parameters)
    {
        var indent = new string(' ', 2 * scope.Count(c => c == '/'));
        string Inner(ModelParameter p) => p.Scope[..(p.Scope.IndexOf('/', scope.Length) + 1)];
        foreach (var group in parameters.GroupBy(p => p.Scope == scope ? p.Value.Name! : Inner(p)))
        {
            var parameter = group.First();
            if (parameter.Scope != scope)
            {
                rows.Add([indent + group.Key[scope.Length..], "", Count(group.Sum(p => p.Value.Shape.ElementCount)), ""]);
                AddRows(rows, graph, group.Key, [.. group]);
                continue;
            }
            var role = parameter.ToState(graph.Assignments.Any(a => a.Variable == parameter)).Role;
            rows.Add([indent + parameter.Value.Name![scope.Length..], $"{parameter.Value.Type}",
                Count(parameter.Value.Shape.ElementCount), $"{role}".ToLowerInvariant()]);
        }
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
