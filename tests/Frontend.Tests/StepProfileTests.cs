using GraphCompiler.Runtime;
using Xunit;

namespace GraphCompiler.Frontend.Tests;

/// <summary>What a profile says of a kernel's limit; times are given, not measured.</summary>
public class StepProfileTests
{
    [Theory]
    [InlineData(500, 1_000, 0.5)]
    [InlineData(1_000, 1_000, 1.0)]
    [InlineData(18_110, 1_000, null)] // A limit that the kernel exceeds is wrong for it.
    [InlineData(1, 99, null)]         // Too short for the clock.
    [InlineData(0, 0, null)]
    public void NoPartOfALimitIsAboveOne(double least, double nanoseconds, double? expected) =>
        Assert.Equal(expected, StepProfile.OfLimit(least, nanoseconds));

    [Fact]
    public void UnsteadyLimitsAreTold()
    {
        var kernel = new KernelProfile("loop", 1, 50, 1, 1, false, null, []);
        var steady = new StepProfile(TimeSpan.FromMilliseconds(1), 1, new Roofline(100, 10) { Caches = [new(32 << 10, 500)] }, [kernel])
            { LimitsDifference = 0.15 };
        Assert.DoesNotContain("not steady", steady.ToString(), StringComparison.Ordinal);
        Assert.Contains("100 GFLOP/s, 500 GB/s up to 32 KiB, 10 GB/s of memory", steady.ToString(), StringComparison.Ordinal);
        Assert.Contains("         -  ", steady.ToString(), StringComparison.Ordinal);
        Assert.Contains("not steady", (steady with { LimitsDifference = 0.16 }).ToString(), StringComparison.Ordinal);
    }
}
