namespace GraphCompiler.IR.Loops;

/// <summary>The functions that a backend supplies as vector code, with the error bounds of docs/numerics.md.</summary>
public enum MathFunction
{
    /// <summary>e to the power x.</summary>
    Exp,
    /// <summary>Natural logarithm.</summary>
    Log,
    /// <summary>log(1 + x), exact near zero.</summary>
    Log1p,
    /// <summary>exp(x) - 1, exact near zero.</summary>
    Expm1,
    /// <summary>Hyperbolic tangent.</summary>
    Tanh,
    /// <summary>1 / (1 + exp(-x)).</summary>
    Logistic,
    /// <summary>The error function.</summary>
    Erf,
    /// <summary>Sine of radians.</summary>
    Sin,
    /// <summary>Cosine of radians.</summary>
    Cos,
    /// <summary>x to the power y (two arguments), C's pow semantics.</summary>
    Pow,
    /// <summary>1 / sqrt(x).</summary>
    Rsqrt,
    /// <summary>Tangent of radians.</summary>
    Tan,
    /// <summary>The angle in [-π/2, π/2] of a sine.</summary>
    Asin,
    /// <summary>The angle in [0, π] of a cosine.</summary>
    Acos,
    /// <summary>The angle in [-π/2, π/2] of a tangent.</summary>
    Atan,
    /// <summary>The angle in [-π, π] of the point (x, y), from two arguments y and x, as C's atan2.</summary>
    Atan2,
    /// <summary>The real cube root.</summary>
    Cbrt,
    /// <summary>The inverse of the error function.</summary>
    ErfInv,
    /// <summary>Logarithm of the gamma function's magnitude.</summary>
    Lgamma,
    /// <summary>The derivative of the gamma function's logarithm.</summary>
    Digamma,
    /// <summary>What is left of x by y (two arguments), with the sign of x, as C's fmod: exact.</summary>
    Fmod,
}
