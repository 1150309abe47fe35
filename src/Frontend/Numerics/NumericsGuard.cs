using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Numerics;

/// <summary>A training step that changes nothing where its loss, or what would replace a variable, is not finite (docs/adr/0023).</summary>
internal static class NumericsGuard
{
    /// <summary>The name of the result that says whether all is finite; no user's name has a space.</summary>
    public const string OutputName = "is finite";

    /// <summary>The step of <paramref name="plan"/>, guarded.</summary>
    public static TrainingPlan Of(TrainingPlan plan)
    {
        var (function, donated) = (plan.Function, plan.Donated);
        var builder = new FunctionBuilder(function.Name);
        Value[] parameters = [.. function.Parameters.Select(p => builder.Parameter(p.Name!, p.Type, p.Location))];
        var results = builder.Inline(function, parameters);
        var loss = donated.IndexOf(-1);
        var isFinite = results.Where((r, i) => r.DType.IsFloating && (i == loss || donated[i] >= 0))
            .Select(r => r.IsFinite().All()).Aggregate((x, y) => x.And(y));
        Value[] guarded = [.. results.Select((r, i) => donated[i] < 0 ? r : isFinite.Select(r, parameters[donated[i]])), isFinite];
        return new(plan.Graph, builder.Build(guarded), [.. donated, -1], plan.States, [.. plan.Outputs, OutputName])
        {
            Checks = plan.Checks,
            Rates = plan.Rates,
            Averages = plan.Averages,
            Observed = plan.Observed,
            Unguarded = plan,
        };
    }
}
