namespace Programs;

/// <summary>Derivatives of any function, with nothing to train.</summary>
internal static class DerivativesAlone
{
    /// <summary>Of f(x) = (x₀·x₁, sin x₂) and of s = Σ f²: the gradient, the Jacobian, and the Hessian times (1, 1, 1).</summary>
    public static (double[] Gradient, double[] Jacobian, double[] HessianTimesOnes) Run(double[] at)
    {
        var g = new GraphBuilder("derivatives");
        var x = g.Input("x", F64[3]);
        var f = (x[..1] * x[1..2]).Concat(x[2..].Sin());
        var s = f.Square().Sum();
        using var derivatives = g.Compile(
            ("gradient", s.Gradient(x)),
            ("jacobian", f.Jacobian(x)),
            ("hvp", s.HessianVectorProduct(x, g.Constant([1.0, 1, 1]))));
        derivatives.Run<double>(at);
        return (derivatives.Output<double>("gradient").ToArray(), derivatives.Output<double>("jacobian").ToArray(),
            derivatives.Output<double>("hvp").ToArray());
    }
}
