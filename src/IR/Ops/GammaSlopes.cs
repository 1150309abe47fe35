namespace GraphCompiler.IR.Ops;

/// <summary>The derivative of the digamma function, of ordinary ops.</summary>
internal static class GammaSlopes
{
    private const int Steps = 8;

    /// <summary>Of the asymptotic series (DLMF 5.15.8), with B₂ to B₁₆.</summary>
    private const int Terms = 8;

    /// <summary>ψ'(x), to some ulp of f64 for positive x: Σ 1/(x + k)² for k below 8, then the series for large arguments.</summary>
    /// <remarks>ψ'(x) = π²/sin² πx - ψ'(1 - x) below 1/2 (DLMF 5.15.6), where the sine is of the distance to an integer.</remarks>
    public static Value Trigamma(Value x)
    {
        var isReflected = x < 0.5;
        var z = isReflected.Select(1 - x, x);
        var sum = (1 / z).Square();
        for (var k = 1; k < Steps; k++) sum += (1 / (z + k)).Square();
        var inverse = 1 / (z + Steps);
        var square = inverse * inverse;
        var series = square.Constant(GammaReference.Bernoulli[Terms - 1]);
        for (var i = Terms - 2; i >= 0; i--) series = series * square + GammaReference.Bernoulli[i];
        var value = sum + inverse * (1 + inverse * (0.5 + inverse * series));
        var sine = (Math.PI * isReflected.Select(x - x.Round(), x.Constant(0.5))).Sin();
        return isReflected.Select((Math.PI / sine).Square() - value, value);
    }
}
