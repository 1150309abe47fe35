using System.Globalization;

namespace GraphCompiler.Frontend.Numerics;

/// <summary>What a step did with one variable.</summary>
/// <param name="Name">The variable's.</param>
/// <param name="Elements">Its elements.</param>
/// <param name="IsMatrix">Whether it has two axes or more, as weights have and biases and scales have not.</param>
/// <param name="GradientNorm">√Σg² of the loss's derivative, before what the optimizer makes of it.</param>
/// <param name="LargestGradient">max |g|.</param>
/// <param name="ZeroFraction">The part of the gradient's elements that is 0, from 0 to 1.</param>
/// <param name="WeightNorm">√Σw² before the step.</param>
/// <param name="UpdateNorm">√Σ(w' - w)², w' after the step.</param>
public sealed record ParameterInsight(string Name, long Elements, bool IsMatrix, double GradientNorm, double LargestGradient,
    double ZeroFraction, double WeightNorm, double UpdateNorm)
{
    /// <summary>How much of itself the variable is changed by: about 1e-3 where training goes well; infinite for a variable that was
    /// 0.</summary>
    public double UpdateRatio => UpdateNorm == 0 ? 0 : UpdateNorm / WeightNorm;

    /// <summary>The root of the mean of g²: gradients of variables of different sizes are compared by it.</summary>
    public double GradientRms => GradientNorm / Math.Sqrt(Elements);
}

/// <summary>What a step did, variable by variable.</summary>
/// <param name="Parameters">The variables that it trains, in the order of their declaration; those without elements are left out.</param>
public sealed record StepInsight(IReadOnlyList<ParameterInsight> Parameters)
{
    /// <summary>The name of the result that it is read from; no user's name has a space.</summary>
    internal const string OutputName = "step insight";

    /// <summary>Matrices whose gradient's root mean square is below this part of the largest matrix's vanish.</summary>
    public const double VanishingPart = 1e-4;

    /// <summary>Matrices that a step changes by more than this part of themselves explode.</summary>
    public const double ExplodingRatio = 0.1;

    /// <summary>Gradients of which this part or more is 0 are told of.</summary>
    public const double MostlyZero = 0.9;

    /// <summary>What is remarkable, as sentences: gradients that are not finite, explode, vanish or are mostly 0. Empty where nothing
    /// is.</summary>
    public IReadOnlyList<string> Findings => [.. Parameters.Select(Finding).OfType<string>()];

    /// <summary>From the numbers that a step gives, five a variable.</summary>
    internal static StepInsight Of(IReadOnlyList<IR.Value> variables, ReadOnlySpan<double> numbers)
    {
        var parameters = new ParameterInsight[variables.Count];
        for (var i = 0; i < parameters.Length; i++)
        {
            var variable = variables[i];
            var of = numbers.Slice(5 * i, 5);
            var elements = variable.Shape.ElementCount;
            parameters[i] = new(variable.Name!, elements, variable.Rank > 1, of[0], of[1], of[2] / elements, of[3], of[4]);
        }
        return new(parameters);
    }

    private string? Finding(ParameterInsight p)
    {
        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        if (!double.IsFinite(p.GradientNorm)) return Text($"the gradient of '{p.Name}' is not finite");
        if (p.IsMatrix && p.UpdateRatio > ExplodingRatio)
            return Text($"'{p.Name}' explodes: the step changes it by {p.UpdateRatio:P0} of itself; lower the rate, or clip gradients");
        var largest = Parameters.Where(o => o.IsMatrix && double.IsFinite(o.GradientNorm))
            .Select(o => o.GradientRms).DefaultIfEmpty().Max();
        if (p.GradientNorm == 0) return Text($"the gradient of '{p.Name}' is 0: the loss does not depend on it here");
        if (p.IsMatrix && p.GradientRms < VanishingPart * largest)
            return Text($"the gradient of '{p.Name}' vanishes: it is {p.GradientRms:G2} on average, and {largest:G2} where it is largest");
        return p.ZeroFraction >= MostlyZero
            ? Text($"{p.ZeroFraction:P0} of the gradient of '{p.Name}' is 0: units are dead, or the batch does not use these rows") : null;
    }
}
