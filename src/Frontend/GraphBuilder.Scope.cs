using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.Frontend;

// Names that nest: stage2/block0/conv1/kernel.
public sealed partial class GraphBuilder
{
    private string _path = ""; // Empty, or the open scopes with a '/' at the end.

    /// <summary>Variables that are declared until it is disposed have names within <paramref name="name"/>:
    /// <c>using (graph.Scope("stage2"))</c> makes <c>dense/kernel</c> of a layer <c>stage2/dense/kernel</c>.</summary>
    /// <remarks>Scopes nest. One may be opened again, and unnamed layers count on in it. Inputs and results are the step's, and keep
    /// the names that they are given.</remarks>
    /// <exception cref="GraphException">SGC1006: a malformed name.</exception>
    public NameScope Scope(string name, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var location = Pinned ?? new Location(file, line);
        if (CheckName(name, location)[0] == '/' || name[^1] == '/')
            throw new GraphException(DiagnosticCode.BadName, $"\"{name}\" is no scope's name: it begins or ends with '/'", location);
        return Open($"{_path}{name}/");
    }

    /// <summary>Declares a value by calls within a scope that keep locations of their own: all of them, or none if one fails.</summary>
    internal Value DeclareIn(string name, Location location, Func<Value> declare)
    {
        using var scope = Scope(name, location.File, location.Line);
        return AllOrNothing(location, declare);
    }

    /// <summary>As <see cref="FunctionBuilder.AllOrNothing"/>.</summary>
    internal Value Declare(Location location, Func<Value> declare) => AllOrNothing(location, declare);

    /// <inheritdoc/>
    internal override Location Within(Location location) =>
        _path.Length == 0 || location.Scope.Length > 0 ? location : location with { Scope = _path[..^1] };

    /// <summary>The open scopes, with a '/' at the end; empty where none is open.</summary>
    internal string Path => _path;

    /// <summary>Opens the scope of this path, whichever are open.</summary>
    internal NameScope Open(string path)
    {
        var outer = _path;
        _path = path;
        return new NameScope(this, outer);
    }

    /// <summary>Whether no variable has this name in the open scopes, or is within it.</summary>
    internal bool IsFree(string name)
    {
        var (own, within) = (_path + name, $"{_path}{name}/");
        return Parameters.All(p => p.Name != own && !p.Name!.StartsWith(within, StringComparison.Ordinal));
    }

    /// <summary>Ends a <see cref="Scope"/> when disposed.</summary>
    public readonly ref struct NameScope
    {
        private readonly GraphBuilder? _graph;
        private readonly string? _outer;

        internal NameScope(GraphBuilder graph, string outer) => (_graph, _outer) = (graph, outer);

        /// <summary>Names are those of the outer scope again.</summary>
        public void Dispose()
        {
            if (_graph is not null) _graph._path = _outer!;
        }
    }
}
