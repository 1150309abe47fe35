using System.Text;

namespace GraphCompiler.IR;

/// <summary>Writes functions as IR text, which the parser reads back: <c>Print(Parse(t)) == t</c>.</summary>
/// <remarks>Results are numbered from 0 in order of appearance, whatever their <see cref="Value.Id"/>. A region is closed,
/// so its numbers start at 0 again. Lines end in '\n'.</remarks>
public static class IrPrinter
{
    /// <summary>The text of a function, ending with a newline.</summary>
    /// <param name="function">What to print.</param>
    /// <param name="locations">Whether known locations follow as comments: <c>// Mlp.cs(14)</c>.</param>
    public static string Print(Function function, bool locations = false)
    {
        ArgumentNullException.ThrowIfNull(function);
        var text = new StringBuilder($"func @{function.Name}");
        new Writer(text, locations).Function(function, indent: 0);
        return text.ToString();
    }

    /// <summary>The text of several functions, an empty line between two.</summary>
    public static string Print(IEnumerable<Function> module, bool locations = false)
    {
        ArgumentNullException.ThrowIfNull(module);
        return string.Join('\n', module.Select(f => Print(f, locations)));
    }

    /// <summary>One operation, its values named by their ids; without a newline at the end.</summary>
    public static string Print(Operation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        var text = new StringBuilder();
        new Writer(text, locations: false).Operation(operation, indent: 0);
        return text.ToString().TrimEnd('\n');
    }

    private sealed class Writer(StringBuilder text, bool locations)
    {
        private readonly Dictionary<Value, string> _names = [];

        public void Function(Function function, int indent)
        {
            var number = 0;
            foreach (var operation in function.Operations)
                foreach (var result in operation.Results) _names.TryAdd(result, $"%{number++}");
            text.Append('(').AppendJoin(", ", function.Parameters.Select(p => $"{Name(p)}: {p.Type}")).Append(") -> ")
                .Append(Types(function.Results)).Append(" {\n");
            foreach (var operation in function.Operations) Operation(operation, indent + 1);
            Indent(indent + 1).Append("return");
            if (function.Results.Length > 0) text.Append(' ').AppendJoin(", ", function.Results.Select(Name));
            text.Append('\n');
            Indent(indent).Append("}\n");
        }

        public void Operation(Operation operation, int indent)
        {
            Indent(indent).AppendJoin(", ", operation.Results.Select(Name)).Append(" = ").Append(operation.Op.Name);
            if (operation.Operands.Length > 0) text.Append(' ').AppendJoin(", ", operation.Operands.Select(Name));
            if (!operation.Attributes.IsEmpty) text.Append(' ').Append(operation.Attributes);
            text.Append(" : ").Append(Types(operation.Results));
            if (operation.Body is not null) text.Append(" {");
            if (locations && operation.Location.IsKnown) text.Append(" // ").Append(operation.Location);
            text.Append('\n');
            if (operation.Body is not { } body) return;
            Indent(indent + 1);
            new Writer(text, locations).Function(body, indent + 1);
            Indent(indent).Append("}\n");
        }

        private string Name(Value value) => _names.GetValueOrDefault(value) ?? value.ToString();

        private static string Types(IReadOnlyCollection<Value> values) =>
            values.Count == 0 ? "()" : string.Join(", ", values.Select(v => v.Type));

        private StringBuilder Indent(int level) => text.Append(' ', 2 * level);
    }
}
