using System.Reflection;
using GraphCompiler.Backend.Llvm;
using GraphCompiler.Diagnostics;
using GraphCompiler.Frontend;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;
using Xunit;

namespace GraphCompiler.Aot.Tests;

/// <summary>What a user can cause has one base, whichever part throws it.</summary>
public sealed class ExceptionTests
{
    private static readonly Assembly[] s_parts = [typeof(GraphException).Assembly, typeof(Pipeline).Assembly,
        typeof(RuntimeException).Assembly, typeof(BackendException).Assembly, typeof(GraphBuilder).Assembly, typeof(AotException).Assembly];

    [Fact]
    public void Every_exception_but_that_of_a_bug_has_the_base()
    {
        var thrown = s_parts.SelectMany(a => a.GetTypes()).Where(t => t.IsSubclassOf(typeof(Exception))).ToArray();
        Assert.Equal(["AotException", "BackendException", "GraphException", "RuntimeException"],
            thrown.Where(t => t.IsSubclassOf(typeof(GraphCompilerException))).Select(t => t.Name).Order(StringComparer.Ordinal));
        Assert.Equal([typeof(InternalCompilerException)], thrown.Where(t => !t.IsSubclassOf(typeof(GraphCompilerException))));
    }

    [Fact]
    public void One_handler_reads_the_code_of_each()
    {
        Assert.Equal("SGC5001", CodeOf(() => throw new RuntimeException("SGC5001", "text")));
        Assert.Equal("SGC4003", CodeOf(() => throw new BackendException("SGC4003", "text")));
        Assert.Equal("SGC7101", CodeOf(() => throw new AotException("SGC7101", "text")));
        Assert.Equal("SGC1006", CodeOf(() => _ = new GraphBuilder("a name")));
    }

    private static string CodeOf(Action fail)
    {
        var error = Assert.ThrowsAny<GraphCompilerException>(fail);
        Assert.Contains($"error {error.Code}: ", error.Message, StringComparison.Ordinal);
        return error.Code;
    }
}
