using GraphCompiler.Backend.Llvm;
using GraphCompiler.Runtime.Deployment;
using Xunit;

namespace GraphCompiler.Aot.Tests;

/// <summary>Code uses no processor feature that the manifest does not list, and the loader can check every one that it lists.</summary>
public sealed class CpuFeatureTests
{
    private static IEnumerable<string> On(TargetInfo target) =>
        target.Features.Split(',').Where(f => f.StartsWith('+')).Select(f => f[1..]);

    [Fact]
    public void What_llvm_may_use_is_listed_and_checked()
    {
        var target = TargetInfo.Create("native").RestrictedTo(CpuFeatures.MayBeUsed);
        var listed = CpuFeatures.Of(target.Name, target.Features);
        Assert.Equal(On(target).ToHashSet(), [.. listed, .. CpuFeatures.Baseline.Where(On(target).Contains)]);
        Assert.All(listed, f => Assert.True(CpuFeatures.IsSupported(f), f));
        using var built = new BuiltModel("digits", "native");
        Assert.Equal(listed.ToArray(), ModelManifest.Read(built["digits.json"]).Variants.Single().CpuFeatures.ToArray());
    }

    /// <summary>Whatever processor runs this: code with such a feature traps where nobody looks for it.</summary>
    [Fact]
    public void Features_that_this_processor_may_lack_are_listed() =>
        Assert.Equal(["avx2", "avx512fp16", "avx512vp2intersect", "vaes"],
            CpuFeatures.Of("native", "+vaes,+avx512vp2intersect,-avx512f,+avx512fp16,+avx2,+sse2").ToArray());

    /// <summary>What LLVM finds of this processor and the table knows, CPUID finds too: the table's bits are the right ones.</summary>
    [Fact]
    public void The_table_agrees_with_llvm()
    {
        var features = TargetInfo.Create("native").Features.Split(',');
        foreach (var feature in CpuFeatures.All)
            if (features.Contains($"+{feature.Name}")) Assert.True(CpuFeatures.IsSupported(feature.Name), feature.Name);
            // LLVM also asks what the system saves, and CPUID alone does not.
            else if (feature.Saved == SavedRegisters.Base) Assert.False(CpuFeatures.IsSupported(feature.Name), feature.Name);
    }

    /// <summary>What decides how numbers are computed is never turned off, so that both ways of compiling give the same bits.</summary>
    [Fact]
    public void Vectors_of_floating_point_stay_on()
    {
        var features = TargetInfo.Create("native");
        string[] off = [.. On(features).Except(On(features.RestrictedTo(CpuFeatures.MayBeUsed)))];
        Assert.DoesNotContain(off, f => f.StartsWith("avx", StringComparison.Ordinal) && !f.StartsWith("avx10", StringComparison.Ordinal)
            || f.StartsWith("fma", StringComparison.Ordinal) || f.StartsWith("sse", StringComparison.Ordinal) || f == "f16c");
    }

    [Fact]
    public void Levels_are_ordered_and_unknown_features_are_not_supported()
    {
        var levels = new[] { "x86-64-v2", "x86-64-v3", "x86-64-v4" }.Select(l => CpuFeatures.Of(l, "")).ToList();
        Assert.Subset(levels[1].ToHashSet(), levels[0].ToHashSet());
        Assert.Subset(levels[2].ToHashSet(), levels[1].ToHashSet());
        Assert.All(levels[2], f => Assert.NotNull(CpuFeatures.Find(f)));
        Assert.False(CpuFeatures.IsSupported("mmx9"));
        Assert.Equal(CpuFeatures.All.Length, CpuFeatures.All.Select(f => f.Name).Distinct().Count());
    }
}
