using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.Frontend;

/// <summary>The part of a training step that one kernel takes.</summary>
/// <param name="Name">What it does.</param>
/// <param name="Share">Of the step's time, from 0 to 1; waiting for other threads included.</param>
/// <param name="Flops">Floating-point operations of one call, a multiply-add counted as two.</param>
/// <param name="Bytes">Bytes of its operands and results, each counted once.</param>
/// <param name="IsParallel">Whether all threads take part.</param>
/// <param name="Locations">Where its operations were written.</param>
public sealed record KernelProfile(string Name, double Share, double Flops, double Bytes, bool IsParallel, ImmutableArray<Location> Locations)
{
    /// <summary>GFLOP/s in a step that takes this long.</summary>
    public double GigaflopsPerSecond(TimeSpan step) => Rate(Flops, step);

    /// <summary>GB/s in a step that takes this long: what the kernel moves at least, through whatever level of cache.</summary>
    public double GigabytesPerSecond(TimeSpan step) => Rate(Bytes, step);

    private double Rate(double amount, TimeSpan step) => Share > 0 ? amount / (Share * step.TotalNanoseconds) : 0;
}

/// <summary>Where the time of a training step goes.</summary>
/// <param name="Kernels">In the order in which they run.</param>
public sealed record StepProfile(ImmutableArray<KernelProfile> Kernels)
{
    internal static StepProfile Of(LoopProgram program, ReadOnlySpan<long> ticks)
    {
        var total = 0.0;
        foreach (var t in ticks) total += t;
        var kernels = ImmutableArray.CreateBuilder<KernelProfile>(ticks.Length);
        for (var i = 0; i < ticks.Length; i++)
        {
            var (kernel, cost) = (program.Calls[i].Kernel, KernelCost.Of(program.Calls[i].Kernel));
            kernels.Add(new(kernel.Name, total > 0 ? ticks[i] / total : 0, cost.Flops, cost.Bytes, program.Calls[i].IsParallel, kernel.Locations));
        }
        return new(kernels.MoveToImmutable());
    }
}
