namespace GraphCompiler.Backend.Llvm;

/// <summary>How much LLVM does before it generates code.</summary>
public enum Optimization
{
    /// <summary>No passes and the fastest code generation: to find out whether an optimisation is at fault.</summary>
    None,

    /// <summary>The light pipeline (<see cref="Jit.LightPipeline"/>): what steps are compiled with.</summary>
    Light,

    /// <summary>LLVM's own O2 without loop vectorisation, SLP and unrolling: slow to compile, to compare against.</summary>
    Full,
}
