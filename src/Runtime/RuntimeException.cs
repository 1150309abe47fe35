using GraphCompiler.Diagnostics;

namespace GraphCompiler.Runtime;

/// <summary>An error that the caller of the runtime can correct, with a stable code.</summary>
/// <remarks>The message has the form <c>error SGC5001: what was wrong, with names and sizes</c>.</remarks>
public sealed class RuntimeException : GraphCompilerException
{
    /// <summary>Makes an exception whose message starts with <c>error CODE: </c>.</summary>
    /// <param name="code">One of <see cref="RuntimeCode"/>.</param>
    /// <param name="message">What was wrong, and what to do; no code, no final period needed.</param>
    /// <param name="inner">The cause, where another exception is one.</param>
    public RuntimeException(string code, string message, Exception? inner = null)
        : base(code, $"error {code}: {message}", inner) { }
}
