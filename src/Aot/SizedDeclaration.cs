using GraphCompiler.Frontend;
using GraphCompiler.IR;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;

namespace GraphCompiler.Aot;

/// <summary>A model as it is declared for one number of rows.</summary>
/// <param name="Rows">Rows of a batch, at least 1; 0 where the declaration takes none.</param>
/// <param name="Declaration">What is declared.</param>
public sealed record SizedDeclaration(int Rows, ModelDeclaration Declaration);

/// <summary>What is compiled of a model for one number of rows.</summary>
internal sealed record SizedPlan(int Rows, Plan Plan, FunctionPlan? Prediction, Precision Precision)
{
    public static SizedPlan Of(SizedDeclaration sized)
    {
        var model = sized.Declaration;
        var prediction = model.Prediction is { } output
            ? PredictionPlan.Create(model.Training, output, output.Location, model.IsAveraged) : null;
        return new(sized.Rows, model.Plan, prediction, model.Precision);
    }

    /// <summary>Refuses sizes that no program could take for one model.</summary>
    /// <exception cref="AotException">SGC7113: none, a size twice, other inputs or outputs, or no input that tells the rows.</exception>
    /// <exception cref="RuntimeException">SGC5006: a variable depends on the rows.</exception>
    public static void Check(string model, IReadOnlyList<SizedPlan> sizes)
    {
        var first = sizes.Count > 0 ? sizes[0] : throw new AotException("SGC7113", $"no batch size is named for '{model}'");
        foreach (var (at, size) in sizes.Index())
        {
            if (size.Rows < (sizes.Count > 1 ? 1 : 0)) throw new AotException("SGC7113", $"a batch of '{model}' has {size.Rows} rows");
            if (sizes.Take(at).Any(s => s.Rows == size.Rows))
                throw new AotException("SGC7113", $"batches of {size.Rows} rows are named twice for '{model}'; name each size once");
            if (at == 0) continue;
            Specializations.CheckStates(first.Rows, first.Plan, size.Rows, size.Plan);
            if (first.Prediction is null != size.Prediction is null || first.Plan.GetType() != size.Plan.GetType())
                throw new AotException("SGC7113", $"'{model}' is declared otherwise for {size.Rows} rows than for {first.Rows}:"
                    + " a step, a function or a prediction is missing");
            CheckSame(model, first, size, first.Plan, size.Plan);
            if (first.Prediction is { } prediction) CheckSame(model, first, size, prediction, size.Prediction!);
        }
        if (first.Rows == 0) return;
        CheckRows(model, [.. sizes.Select(s => (s.Rows, s.Plan))]);
        if (first.Prediction is not null) CheckRows(model, [.. sizes.Select(s => (s.Rows, (Plan)s.Prediction!))]);
    }

    private static void CheckSame(string model, SizedPlan first, SizedPlan other, Plan one, Plan two)
    {
        var (before, now) = (Passed(one), Passed(two));
        if (before.SequenceEqual(now)) return;
        string Shown(IEnumerable<(string Name, DType Type)> passed) => string.Join(", ", passed.Select(p => $"{p.Name} : {p.Type}"));
        throw new AotException("SGC7113", $"'{model}' has the inputs and outputs {Shown(before)} for {first.Rows} rows and {Shown(now)}"
            + $" for {other.Rows}; nothing but sizes may depend on the rows");
    }

    private static List<Value> Inputs(Plan plan) =>
        [.. plan.Function.Parameters.Where((_, i) => plan.Roles[i] == BufferRole.Input)];

    private static List<(string Name, DType Type)> Passed(Plan plan)
    {
        var results = plan.Function.Results.Where((_, i) => plan.Donated[i] < 0).Select(r => r.Type.DType);
        return [.. Inputs(plan).Select(i => (i.Name!, i.Type.DType)), .. plan.Outputs.Zip(results)];
    }

    // As the loader does: the first such input tells which code is meant.
    private static void CheckRows(string model, (int Rows, Plan Plan)[] sizes)
    {
        var inputs = Inputs(sizes[0].Plan);
        Shape ShapeOf(Plan plan, string name) => Inputs(plan).Single(i => i.Name == name).Type.Shape;
        var isTold = inputs.Any(i => sizes.All(s => IsOfRows(ShapeOf(s.Plan, i.Name!), s.Rows, i.Type.Shape)));
        if (!isTold)
            throw new AotException("SGC7113", $"no input of '{model}' has the rows as its first size and the same others for each: "
                + $"{string.Join(", ", inputs.Select(i => $"{i.Name} : {i.Type}"))} for {sizes[0].Rows} rows");
    }

    private static bool IsOfRows(Shape shape, int rows, Shape first) =>
        shape.Rank > 0 && shape[0] == rows && !shape.Skip(1).Contains(0) && shape.Skip(1).SequenceEqual(first.Skip(1));
}
