namespace GraphCompiler.Diagnostics;

/// <summary>An error that its user can correct, whatever part of the compiler or of the runtime it comes from.</summary>
/// <remarks>The message has the form <c>Mlp.cs(14): error SGC1007: what is wrong, and what to do</c>; the place is absent where none is
/// known. A bug of the compiler itself is never one of these.</remarks>
public abstract class GraphCompilerException : Exception
{
    /// <summary>Makes an error.</summary>
    /// <param name="code">The stable code, <c>SGC</c> and four digits.</param>
    /// <param name="message">The whole message, with the code.</param>
    /// <param name="inner">The cause, where another exception is one.</param>
    protected GraphCompilerException(string code, string message, Exception? inner = null) : base(message, inner) => Code = code;

    /// <summary>The stable code, such as <c>SGC1007</c>: each has a paragraph in <c>docs/diagnostics.md</c>.</summary>
    public string Code { get; }
}
