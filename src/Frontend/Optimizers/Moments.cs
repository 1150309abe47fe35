using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>The moments that the rules of Adam's family keep.</summary>
internal static class Moments
{
    /// <summary>Adam's move: η/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε), of each parameter and its gradient.</summary>
    /// <param name="scope">Where the moments are kept.</param>
    /// <param name="rate">η.</param>
    /// <param name="beta1">β₁.</param>
    /// <param name="beta2">β₂.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="amsGrad">Whether v is the largest so far.</param>
    public static UpdateRule Begin(UpdateScope scope, Value rate, double beta1, double beta2, double epsilon, bool amsGrad = false)
    {
        var (correction1, scale) = (Correction(scope, beta1), Correction(scope, beta2).Rsqrt());
        var corrected = rate / correction1;
        return (parameter, gradient) =>
        {
            var m = First(scope, parameter, gradient, beta1);
            var v = Second(scope, parameter, gradient, beta2);
            if (amsGrad) v = Largest(scope, parameter, v);
            return corrected.ConvertTo(parameter.DType) * m / (v.Sqrt() * scale.ConvertTo(parameter.DType) + epsilon);
        };
    }

    /// <summary>1 - βᵗ. Powers by exp(t·log β) lose nothing here: it comes from expm1, exact for small t.</summary>
    public static Value Correction(UpdateScope scope, double beta) =>
        -(scope.Step.ConvertTo(scope.WidestType) * Math.Log(beta)).Expm1();

    /// <summary>m = β₁·m + (1-β₁)·g.</summary>
    public static Value First(UpdateScope scope, Value parameter, Value gradient, double beta1)
    {
        var state = scope.State("m", parameter);
        var m = beta1 * state + (1 - beta1) * gradient;
        scope.Assign(state, m);
        return m;
    }

    /// <summary>v = β₂·v + (1-β₂)·g².</summary>
    public static Value Second(UpdateScope scope, Value parameter, Value gradient, double beta2)
    {
        var state = scope.State("v", parameter);
        // In libtorch's order: g² alone overflows f32 from 1.8e19 on, and an infinite v never moves its parameter again.
        var v = beta2 * state + (1 - beta2) * gradient * gradient;
        scope.Assign(state, v);
        return v;
    }

    private static Value Largest(UpdateScope scope, Value parameter, Value v)
    {
        var state = scope.State("v_max", parameter);
        var largest = state.Maximum(v);
        scope.Assign(state, largest);
        return largest;
    }
}
