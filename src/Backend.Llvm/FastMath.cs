namespace GraphCompiler.Backend.Llvm;

/// <summary>Floating-point freedoms of one instruction. The values are those of LLVM's C API.</summary>
[Flags]
public enum FastMath
{
    /// <summary>Exactly IEEE 754.</summary>
    None = 0,

    /// <summary>Sums and products may be reordered.</summary>
    Reassociate = 1 << 0,

    /// <summary>No operand or result is NaN.</summary>
    NoNaNs = 1 << 1,

    /// <summary>No operand or result is infinite.</summary>
    NoInfinities = 1 << 2,

    /// <summary>The sign of zero does not matter.</summary>
    NoSignedZeros = 1 << 3,

    /// <summary>A division may become a multiplication by the reciprocal.</summary>
    Reciprocal = 1 << 4,

    /// <summary>A product and a sum may become one fused multiply-add.</summary>
    Contract = 1 << 5,

    /// <summary>Library functions may be approximated.</summary>
    ApproximateFunctions = 1 << 6,
}
