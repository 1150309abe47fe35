using GraphCompiler.Diagnostics;

namespace GraphCompiler.Backend.Llvm;

/// <summary>A failure of the LLVM backend, with a stable code.</summary>
/// <remarks>
/// SGC4001: libLLVM is missing. SGC4002: libLLVM has the wrong major version. SGC4003: verification, code generation
/// or linking failed. SGC4004: the target is unknown, or the host cannot run it.
/// </remarks>
public sealed class BackendException : GraphCompilerException
{
    /// <summary>Makes the error "error CODE: text".</summary>
    public BackendException(string code, string text) : base(code, $"error {code}: {text}") { }

    internal static BackendException LibraryMissing(string text) => new("SGC4001", text);

    internal static BackendException WrongVersion(string text) => new("SGC4002", text);

    internal static BackendException CodeGeneration(string text) => new("SGC4003", text);

    internal static BackendException UnknownTarget(string text) => new("SGC4004", text);
}
