using GraphCompiler.IR;
using GraphCompiler.Passes.Fusing;

namespace GraphCompiler.Passes;

/// <summary>Groups operations into fusions, each of which becomes one kernel; values between fusions are in memory.</summary>
/// <remarks>Needs: no composite ops, and no reductions over no axes. Ensures: every operation but reshapes (aliases), dense constants and
/// scatters is in a fusion, and the fusions keep the invariants of <see cref="FusedVerifier"/>.
/// Index maps of nothing but memory (broadcast, slice, …) are repeated in each fusion that reads them, and so are cheap operations whose
/// operands are in memory anyway. O(operations).</remarks>
public sealed class Fuse : IPass
{
    /// <inheritdoc/>
    public string Name => "fuse";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context)
    {
        var plan = new FusionPlan(function);
        if (Repetition.Apply(function, plan) is var repeated && repeated != function)
        {
            function = new DeadCodeElimination().Run(repeated, context);
            plan = new FusionPlan(function);
        }
        new FusionSink(function, plan).Run();
        var fused = new FusionRewrite(function, plan).Build();
        if (context.VerifyEach) FusedVerifier.Verify(fused);
        return fused;
    }
}
