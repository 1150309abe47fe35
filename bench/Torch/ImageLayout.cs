using static TorchSharp.torch;

namespace GraphCompiler.Bench.Torch;

/// <summary>How libtorch's images and kernels lie in memory. Their axes are [n, c, h, w] and [f, c, h, w] in either case.</summary>
internal static class ImageLayout
{
    /// <summary>What sets <see cref="IsChannelsLast"/> on the command line.</summary>
    public const string Option = "--torch-channels-last";

    /// <summary>Whether channels are last in memory; null for what is faster, as each model says. The verb sets it.</summary>
    public static bool? IsChannelsLast { get; set; }

    /// <summary>x[n, c, h, w] with its channels last in memory, or with its elements in the order of its axes.</summary>
    public static Tensor Arranged(this Tensor x, bool isChannelsLast) =>
        isChannelsLast ? x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) : x.contiguous();
}
