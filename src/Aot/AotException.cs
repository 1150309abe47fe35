using GraphCompiler.Diagnostics;

namespace GraphCompiler.Aot;

/// <summary>An error of ahead-of-time compilation that its caller can correct.</summary>
/// <remarks>SGC7101 no C compiler to link with. SGC7102 not a .NET assembly, or it cannot be loaded. SGC7103 unknown model. SGC7104 two
/// models of one name, or of names that make the same files or class. SGC7105 unusable name. SGC7106 the declaration failed. SGC7107 the
/// output folder cannot be written. SGC7108 unknown kind of output. SGC7109 more inputs than a facade has room for. SGC7110 the C compiler
/// failed. SGC7111 the disk is full.</remarks>
public sealed class AotException(string code, string message, Exception? inner = null)
    : GraphCompilerException(code, $"error {code}: {message}", inner);
