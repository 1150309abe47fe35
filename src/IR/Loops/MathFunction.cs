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
}
