using GraphCompiler.IR;

namespace GraphCompiler.Passes;

/// <summary>A pure step of compilation: a function in, a function out, nothing else changed.</summary>
public interface IPass
{
    /// <summary>The name in filetests, dumps and <c>SGC_DISABLE</c>.</summary>
    string Name { get; }

    /// <summary>Gives the transformed function; the same instance when there is nothing to do.</summary>
    Function Run(Function function, PassContext context);
}
