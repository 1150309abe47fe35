using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using Xunit;

namespace GraphCompiler.Frontend.Tests;

/// <summary>What a graph refuses at the call.</summary>
internal static class Refusals
{
    /// <summary>The call is an error of a code, says something, names its own line, and leaves the graph as it was.</summary>
    public static void Refuses(this GraphBuilder graph, string code, Action call, string says, [CallerLineNumber] int line = 0)
    {
        (int, int, int, int) Size() =>
            (graph.Parameters.Count, graph.ModelParameters.Count, graph.Operations.Count, graph.Assignments.Count);
        var before = Size();
        var error = Assert.Throws<GraphException>(call);
        Assert.Equal((code, line), (error.Code, error.Diagnostics[0].Location.Line));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Equal(before, Size());
    }
}
