namespace GraphCompiler.Passes;

/// <summary>How convolutions with 3×3 taps and stride 1 over images of f32 or bf16, channels last, and their derivatives are computed; all
/// others are direct.</summary>
public enum ConvolutionAlgorithm
{
    /// <summary>By Winograd's algorithm where it is estimated to take less time, else directly.</summary>
    ByCost,
    /// <summary>Each result is the sum of its taps' products: an infinity in the image reaches no result that does not read it.</summary>
    Direct,
    /// <summary>By Winograd's algorithm F(2×2, 3×3) wherever it applies: tiles of 2×2 results share sums and differences of the image, with
    /// 16 multiplications for 36; over bf16 and an even number of channels, where the processor multiplies pairs of bf16, F(2, 3) along
    /// rows, with 4 for 6. docs/numerics.md states its error.</summary>
    Winograd,
}
