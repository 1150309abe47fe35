namespace GraphCompiler.IR.Ops;

/// <summary>The derivative of the digamma function, of ordinary ops.</summary>
internal static class GammaSlopes
{
    private const int Steps = 8;

    // B₂ … B₁₆ of the asymptotic series (DLMF 5.15.8).
    private static readonly double[] s_bernoulli =
        [1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510];

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
        var series = square.Constant(s_bernoulli[^1]);
        for (var i = s_bernoulli.Length - 2; i >= 0; i--) series = series * square + s_bernoulli[i];
        var value = sum + inverse * (1 + inverse * (0.5 + inverse * series));
        var sine = (Math.PI * isReflected.Select(x - x.Round(), x.Constant(0.5))).Sin();
        return isReflected.Select((Math.PI / sine).Square() - value, value);
    }
}
