using GraphCompiler.Frontend.Viewing;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>Counts what a lowered plan computes, by layers.</summary>
internal static class SummaryBuilder
{
    /// <summary>The summary of a plan.</summary>
    /// <param name="plan">What was lowered.</param>
    /// <param name="lowered">Its function after the last pass.</param>
    /// <param name="program">Its kernels.</param>
    public static PlanSummary Build(Plan plan, Function lowered, LoopProgram program)
    {
        var rows = new LayerRows(plan);
        var flops = CountFlops(lowered, program, rows);
        var (outputs, parameters) = (Outputs(plan, rows), new Dictionary<int, long>());
        var variables = plan.Graph.ModelParameters.ToDictionary(p => p.Value.Name!, p => p.Value.Location);
        StateVariable[] trained = [.. plan.States.Where(s => s.Role == VariableRole.Trainable && variables.ContainsKey(s.Name))];
        foreach (var state in trained)
        {
            var row = rows.Row(variables[state.Name]);
            parameters[row] = parameters.GetValueOrDefault(row) + state.Type.Shape.ElementCount;
        }
        double Of(int row, StepPart part) => flops.GetValueOrDefault((row, part));
        var layers = Enumerable.Range(0, rows.Views.Length).Select(i => new LayerSummary(rows.Views[i].Name, outputs.GetValueOrDefault(i),
            parameters.GetValueOrDefault(i), Of(i, StepPart.Forward), Of(i, StepPart.Backward), Of(i, StepPart.Update)));
        var others = plan.States.Where(s => variables.ContainsKey(s.Name)).Except(trained).Sum(s => s.Type.Bytes);
        var bytes = trained.Sum(s => s.Type.Bytes);
        return new(plan.Graph.Name, [.. layers.Where(l => l.Output is not null || l.Parameters > 0 || l.BackwardFlops + l.UpdateFlops > 0)],
            trained.Sum(s => s.Type.Shape.ElementCount), bytes, others, plan is TrainingPlan ? bytes : 0,
            plan.States.Where(s => !variables.ContainsKey(s.Name)).Sum(s => s.Type.Bytes), program.ArenaBytes);
    }

    // What the last forward operation of a row gives.
    private static Dictionary<int, TensorType> Outputs(Plan plan, LayerRows rows)
    {
        var outputs = new Dictionary<int, TensorType>();
        foreach (var operation in plan.Function.Operations)
            if (operation.Location.Part == StepPart.Forward && operation.Operands.Length > 0)
                outputs[rows.Row(operation.Location)] = operation.Results[0].Type;
        return outputs;
    }

    private static Dictionary<(int Row, StepPart Part), double> CountFlops(Function lowered, LoopProgram program, LayerRows rows)
    {
        var flops = new Dictionary<(int, StepPart), double>();
        for (var i = 0; i < program.Calls.Length; i++)
        {
            if (program.LoweredFrom[i] is not (>= 0 and var from)) continue;
            var operation = lowered.Operations[from];
            var inner = LayerRows.Inner(operation);
            var (cost, all) = (KernelCost.Of(program.Calls[i].Kernel).Flops, inner.Sum(Weight));
            var owner = rows.Of(operation)[0];
            foreach (var one in inner)
            {
                var part = one.Location.Part;
                var key = (part == StepPart.Update ? owner : rows.Row(one.Location), part);
                flops[key] = flops.GetValueOrDefault(key) + (all > 0 ? cost * Weight(one) / all : cost / inner.Length);
            }
        }
        return flops;
    }

    // Floating-point operations as the definition of an op has them: those that only move elements have none.
    private static double Weight(Operation operation)
    {
        if (operation.Operands.Length == 0 || operation.Op is IIndexedOp or IMemoryOp || !operation.Results[0].DType.IsFloating) return 0;
        if (operation.Op is not IContractionOp contraction)
            return operation.Operands.Append(operation.Results[0]).Max(v => (double)v.Shape.ElementCount);
        var (x, axes) = (operation.Operands[0].Shape, contraction.AxesOf(operation));
        return 2.0 * operation.Results[0].Shape.ElementCount * axes.ContractX.Aggregate(1.0, (n, axis) => n * x[axis]);
    }
}
