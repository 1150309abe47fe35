using System.Runtime.Intrinsics.X86;
using Xunit;

namespace GraphCompiler.Backend.Llvm.Tests;

public sealed class TargetInfoTests
{
    [Theory]
    [InlineData("x86-64-v2", 16, 16, false)]
    [InlineData("x86-64-v3", 32, 16, true)]
    [InlineData("x86-64-v4", 64, 32, true)]
    public void Levels_have_their_registers(string name, int bytes, int registers, bool fma)
    {
        var target = TargetInfo.Create(name);
        Assert.Equal((bytes, registers, fma), (target.VectorBytes, target.VectorRegisters, target.HasFma));
        Assert.Equal(name, target.Cpu);
    }

    [Fact]
    public void Native_is_supported_and_agrees_with_the_runtime()
    {
        var target = TargetInfo.Create("native");
        Assert.True(target.IsSupportedByHost);
        target.RequireHostSupport();
        Assert.NotEmpty(target.Cpu);
        if (X86Base.IsSupported)
            Assert.Equal(Avx512F.IsSupported ? 64 : Avx2.IsSupported ? 32 : 16, target.VectorBytes);
    }

    [Fact]
    public void An_unknown_target_is_SGC4004()
    {
        var error = Assert.Throws<BackendException>(() => TargetInfo.Create("pdp-11"));
        Assert.Equal("SGC4004", error.Code);
        Assert.Contains("pdp-11", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_below_the_target_is_SGC4004()
    {
        var target = TargetInfo.Create("x86-64-v4", hostX86Level: 3);
        Assert.False(target.IsSupportedByHost);
        var error = Assert.Throws<BackendException>(target.RequireHostSupport);
        Assert.Equal("SGC4004", error.Code);
        Assert.Contains("reaches x86-64-v3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cache_sizes_come_from_the_system_or_are_defaults()
    {
        Assert.Equal(CacheSizes.Default, CacheSizes.Read("/nowhere"));
        var host = CacheSizes.OfHost();
        Assert.True(host.L1 > 0 && host.L2 >= host.L1 && host.L3 > 0);
    }
}
