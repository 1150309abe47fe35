using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Residual connections and repeated blocks, each a scope of names (<see cref="GraphBuilder.Scope"/>).</summary>
public static class BlockSyntax
{
    extension(Value x)
    {
        /// <summary>x + body(x) (He et al. 2016).</summary>
        /// <param name="body">What is added to x; its variables are named within the scope.</param>
        /// <param name="shortcut">What x is in the sum where the body changes its shape, such as a convolution of one tap; its variables
        /// are named within <c>shortcut</c>. x itself when null.</param>
        /// <param name="name">The scope; <c>residual</c>, <c>residual_1</c> and so on when null.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001, SGC1002: what is added differs in type or shape. SGC1006: a malformed name. SGC1008: x
        /// is not of a <see cref="GraphBuilder"/>. SGC1011: null in place of a value.</exception>
        public Value Residual(Func<Value, Value> body, Func<Value, Value>? shortcut = null, string? name = null,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(body);
            var (graph, location) = (RandomSyntax.GraphOf(x, "Residual", new(file, line)), x.Builder.Pinned ?? new Location(file, line));
            return graph.DeclareIn(name ?? FreeName(graph), location, () =>
            {
                var change = body(x) ?? throw Null("Residual: the body", location);
                var kept = shortcut is null ? x : graph.DeclareIn("shortcut", location, () => shortcut(x)
                    ?? throw Null("Residual: the shortcut", location));
                if (change.Type != kept.Type)
                    throw new GraphException(change.DType != kept.DType ? DiagnosticCode.DTypeMismatch : DiagnosticCode.ShapeMismatch,
                        $"Residual: the body gives {change.Type}, and what it is added to is {kept.Type}"
                        + (shortcut is null ? "; give a shortcut that makes x of the body's shape" : ""), location);
                return kept.Emit(Add.Instance, location, AttributeMap.Empty, change);
            });
        }

        /// <summary>The block applied to x, to its result, and so on: <c>x.Repeat(3, (h, i) => h.Residual(…))</c>.</summary>
        /// <param name="count">How often, at least 0.</param>
        /// <param name="block">Of the value and the number of the block, from 0.</param>
        /// <param name="name">The scopes are <c>name0</c>, <c>name1</c> and so on; when null <c>block0</c>, <c>block1</c>, and after the
        /// blocks that are there.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1006: a malformed name. SGC1008: x is not of a <see cref="GraphBuilder"/>. SGC1011: the
        /// count is negative, or null in place of a value.</exception>
        public Value Repeat(int count, Func<Value, int, Value> block, string? name = null,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(block);
            var (graph, location) = (RandomSyntax.GraphOf(x, "Repeat", new(file, line)), x.Builder.Pinned ?? new Location(file, line));
            if (count < 0) throw new GraphException(DiagnosticCode.BadArgument, $"Repeat: {count} times; it must be 0 or more", location);
            var first = 0;
            if (name is null) while (!graph.IsFree($"block{first}")) first++;
            return graph.Declare(location, () =>
            {
                var h = x;
                for (var i = 0; i < count; i++)
                {
                    var (number, input) = (i, h);
                    h = graph.DeclareIn($"{name ?? "block"}{first + i}", location,
                        () => block(input, number) ?? throw Null($"Repeat: block {number}", location));
                }
                return h;
            });
        }
    }

    private static string FreeName(GraphBuilder graph)
    {
        var free = "residual";
        for (var i = 1; !graph.IsFree(free); i++) free = $"residual_{i}";
        return free;
    }

    private static GraphException Null(string what, Location location) =>
        new(DiagnosticCode.BadArgument, $"{what} gives null", location);
}
