using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.Frontend.Optimizers;

/// <summary>Checks of what rules, transforms and schedules are made with: SGC1011 at the user's line.</summary>
internal static class Argument
{
    /// <summary>A number of [low, high).</summary>
    public static double InRange(double value, double low, double high, string name, Location location) =>
        value >= low && value < high
        ? value
        : throw Bad($"{name} must be at least {low} and below {high}, got {value}", location);

    /// <summary>A number of (0, ∞).</summary>
    public static double Positive(double value, string name, Location location) =>
        value > 0 && double.IsFinite(value) ? value : throw Bad($"{name} must be above 0 and finite, got {value}", location);

    /// <summary>A number of [0, ∞).</summary>
    public static double NotNegative(double value, string name, Location location) =>
        InRange(value, 0, double.PositiveInfinity, name, location);

    /// <summary>At least 1.</summary>
    public static int Count(int value, string name, Location location) =>
        value >= 1 ? value : throw Bad($"{name} must be at least 1, got {value}", location);

    /// <summary>A schedule, or the constant in place of null; a constant must be of [0, ∞).</summary>
    public static Schedule Rate(Schedule? value, double otherwise, string name, Location location)
    {
        var schedule = value ?? otherwise;
        if (schedule.Number is { } number) NotNegative(number, name, location);
        return schedule;
    }

    public static GraphException Bad(string what, Location location) => new(DiagnosticCode.BadArgument, what, location);
}
