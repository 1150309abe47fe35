using GraphCompiler.Runtime.Data;
using Xunit;

namespace GraphCompiler.Runtime.Tests;

public class BatchesTests
{
    private const int Samples = 23;

    private static Batches Make(ulong? seed) => new(
        Enumerable.Range(0, Samples * 2).Select(i => (float)i).ToArray(), Enumerable.Range(0, Samples).ToArray(), 5, seed);

    private static List<int> Order(Batches batches, int epoch)
    {
        var order = new List<int>();
        foreach (var (features, labels) in batches.Epoch(epoch))
        {
            for (var i = 0; i < labels.Length; i++)
            {
                // The features must be those of the label's sample.
                Assert.Equal(labels[i] * 2f, features[i * 2]);
                Assert.Equal(labels[i] * 2f + 1, features[i * 2 + 1]);
                order.Add(labels[i]);
            }
        }
        return order;
    }

    [Fact]
    public void An_epoch_has_each_sample_at_most_once_and_drops_the_ragged_rest()
    {
        var order = Order(Make(1), 0);
        Assert.Equal(20, order.Count);
        Assert.Equal(20, order.Distinct().Count());
        Assert.Equal(Enumerable.Range(0, 20), Order(Make(null), 3));
        // The samples left out change, so that over some epochs every one is seen.
        var batches = Make(1);
        Assert.Equal(Samples, Enumerable.Range(0, 10).SelectMany(e => Order(batches, e)).Distinct().Count());
    }

    [Fact]
    public void Batches_that_divide_the_samples_cover_each_once()
    {
        var batches = new Batches(new float[20], Enumerable.Range(0, 20).ToArray(), 5, seed: 3);
        var seen = new List<int>();
        foreach (var (_, labels) in batches.Epoch(0))
            seen.AddRange(labels);
        Assert.Equal(Enumerable.Range(0, 20), seen.Order());
    }

    [Fact]
    public void Seed_and_epoch_fix_the_order()
    {
        var again = Make(1);
        Order(again, 7);
        Assert.Equal(Order(Make(1), 2), Order(again, 2));
        Assert.NotEqual(Order(Make(1), 2), Order(Make(1), 3));
        Assert.NotEqual(Order(Make(1), 2), Order(Make(2), 2));
    }

    [Fact]
    public void A_batch_allocates_nothing()
    {
        var batches = Make(1);
        var sum = 0;
        foreach (var (_, labels) in batches.Epoch(0))
            sum += labels[0];
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var (_, labels) in batches.Epoch(1))
            sum += labels[0];
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.True(sum >= 0);
    }

    [Fact]
    public void Wrong_sizes_are_refused()
    {
        var batches = Make(1);
        Errors.Expect("SGC5001", () => batches.Fill(0, new float[9], new int[5]), "'features'", "10", "9");
        Errors.Expect("SGC5001", () => batches.Fill(0, new float[10], new int[6]), "'labels'", "5", "6");
        Errors.Expect("SGC6004", () => _ = new Batches(new float[7], new int[3], 1), "7", "3");
        foreach (var size in new[] { 0, -1, int.MinValue, 4, int.MaxValue })
            Errors.Expect("SGC6004", () => _ = new Batches(new float[6], new int[3], size), $"{size}", "1 to 3");
        Errors.Expect("SGC6004", () => _ = new Batches(Array.Empty<float>(), Array.Empty<int>(), 1), "no labels");
        foreach (var batch in new[] { -1, 4, int.MinValue, int.MaxValue })
            Errors.Expect("SGC5004", () => batches.Fill(batch, new float[10], new int[5]), $"{batch}", "0 to 3");
    }
}
