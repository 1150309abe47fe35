using Xunit;

namespace GraphCompiler.Runtime.Tests;

public class PhiloxTests
{
    // The known answers for philox4x32 with 10 rounds that come with the Random123 library (kat_vectors).
    [Fact]
    public void Known_answers()
    {
        Assert.Equal((0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u), Philox.Block((0, 0, 0, 0), (0, 0)));
        const uint ones = uint.MaxValue;
        Assert.Equal((0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu),
            Philox.Block((ones, ones, ones, ones), (ones, ones)));
        Assert.Equal((0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u),
            Philox.Block((0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344), (0xa4093822, 0x299f31d0)));
    }

    [Fact]
    public void Arguments_out_of_range_have_a_code()
    {
        foreach (var bound in new[] { 0, -1, int.MinValue })
            Errors.Expect("SGC5011", () => new CounterRandom(1).NextInt32(bound), $"{bound}");
        foreach (var threads in new[] { 0, -1, 8193, int.MaxValue })
            Errors.Expect("SGC5011", () => Roofline.Measure(threads), $"{threads} threads");
        Errors.Expect("SGC5011", () => ((ElementType)99).SizeOf(), "99");
    }

    [Fact]
    public void A_sequence_is_the_blocks_of_its_stream()
    {
        var random = new CounterRandom(seed: 7, stream: 9);
        for (var block = 0u; block < 3; block++)
        {
            var (x0, x1, x2, x3) = Philox.Block((block, 0, 9, 0), (7, 0));
            Assert.Equal([x0, x1, x2, x3],
                new[] { random.NextUInt32(), random.NextUInt32(), random.NextUInt32(), random.NextUInt32() });
        }
    }

    [Fact]
    public void Bounded_integers_are_uniform()
    {
        var random = new CounterRandom(1);
        var counts = new int[7];
        for (var i = 0; i < 70_000; i++)
            counts[random.NextInt32(7)]++;
        // Five standard deviations of a binomial with n = 70000, p = 1/7: 5 * 93.
        Assert.All(counts, c => Assert.InRange(c, 10_000 - 465, 10_000 + 465));
    }
}
