using Xunit;

namespace GraphCompiler.Runtime.Tests;

/// <summary>The limits of a machine. Most are given, not measured.</summary>
public class RooflineTests
{
    private static readonly Roofline s_limits = new(100, 10) { Caches = [new(1_000, 1_000), new(10_000, 100)] };

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(500, 0, 5)]            // Operations bind.
    [InlineData(0, 1_000, 1)]          // In the first cache.
    [InlineData(0, 10_000, 91)]        // 1,000 there, and 9,000 in the second.
    [InlineData(0, 20_000, 1_091)]     // And 10,000 in memory.
    [InlineData(200_000, 20_000, 2_000)]
    public void The_least_time_takes_bytes_from_the_nearest_caches(double flops, double bytes, double expected) =>
        Assert.Equal(expected, s_limits.LeastNanoseconds(flops, bytes), 1e-9);

    [Fact]
    public void The_best_of_two_measurements_has_the_larger_of_each_limit()
    {
        var best = s_limits.Best(new(90, 12) { Caches = [new(1_000, 1_100), new(10_000, 90)] });
        Assert.Equal((100, 12), (best.Gigaflops, best.Gigabytes));
        Assert.Equal<IEnumerable<CacheRate>>([new(1_000, 1_100), new(10_000, 100)], best.Caches.ToArray());
        Assert.Equal(0.5, s_limits.DifferenceFrom(new(50, 10)));
        Assert.Equal(0.2, s_limits.DifferenceFrom(new(100, 12.5)), 1e-12);
        Assert.Equal(0, s_limits.DifferenceFrom(s_limits));
    }

    [Fact]
    public void Each_width_of_vectors_is_measured_and_nearer_caches_are_no_slower()
    {
        for (var bytes = 16; bytes <= Roofline.WidestVectorBytes; bytes *= 2)
        {
            var limits = Roofline.Measure(1, bytes, [32 << 10, 1 << 20, 8 << 20]);
            Assert.True(limits is { Gigaflops: > 0, Gigabytes: > 0 });
            Assert.Equal<IEnumerable<long>>([32 << 10, 1 << 20, 8 << 20], limits.Caches.Select(c => c.Bytes).ToArray());
            Assert.True(limits.Caches[0].Gigabytes >= limits.Caches[1].Gigabytes);
            Assert.True(limits.Caches[1].Gigabytes >= limits.Caches[2].Gigabytes);
            Assert.True(limits.Caches[2].Gigabytes >= limits.Gigabytes);
        }
        Assert.Equal(64 << 10, Roofline.Measure(2, 0, [32 << 10]).Caches[0].Bytes);
    }

    [Fact]
    public void What_cannot_be_measured_is_a_coded_error()
    {
        foreach (var bytes in new[] { -1, 1, 24, 128, int.MaxValue })
            Errors.Expect("SGC5011", () => Roofline.Measure(1, bytes, []), $"vectors of {bytes} bytes");
        foreach (var bytes in new[] { -1, 0, 4095, long.MinValue })
            Errors.Expect("SGC5011", () => Roofline.Measure(1, 16, [bytes]), $"a cache of {bytes} bytes");
        Assert.Throws<ArgumentNullException>("other", () => s_limits.Best(null!));
        Assert.Throws<ArgumentNullException>("other", () => s_limits.DifferenceFrom(null!));
    }
}
