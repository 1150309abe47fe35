using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.Frontend;

/// <summary>What replaces a tensor must be of its type.</summary>
internal static class TypeCheck
{
    /// <exception cref="GraphException">SGC1001, SGC1002: another element type or shape.</exception>
    public static void Replacement(string who, Value declared, Value given, Location location)
    {
        if (given.Type != declared.Type)
            throw new GraphException(given.DType != declared.DType ? DiagnosticCode.DTypeMismatch : DiagnosticCode.ShapeMismatch,
                $"{who}: what replaces {declared} is {given.Type}; it must be {declared.Type}, as declared", location);
    }
}
