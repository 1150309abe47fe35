using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend.Viewing;

/// <summary>Collects what the page of a compiled function shows; runs its passes once more, for their results.</summary>
internal sealed class StepViewBuilder
{
    private readonly Plan _plan;
    private readonly LoopProgram _program;
    private readonly StepProfile? _profile;
    private readonly LayerRows _rows;
    private readonly List<PassResult> _passes = [];
    private readonly Dictionary<int, (string Name, Operation By)> _results = []; // Of the lowered function: what computes it last.

    private StepViewBuilder(Plan plan, LoopProgram program, CompileOptions options, StepProfile? profile)
    {
        (_plan, _program, _profile, _rows) = (plan, program, profile, new(plan));
        new PassRunner(Pipeline.For(options.Precision)).Run(plan.Function, Compiler.Observed(_passes.Add));
        var number = 0;
        foreach (var operation in Lowered.Operations)
            for (var i = 0; i < operation.Results.Length; i++)
                _results[operation.Results[i].Id] = ($"%{number++}", operation.Body?.Results[i].Definition ?? operation);
    }

    private Function Lowered => _passes[^1].Function;

    /// <summary>The view of a compiled function.</summary>
    /// <param name="plan">What was compiled.</param>
    /// <param name="program">What its code was made from.</param>
    /// <param name="options">That it was compiled with.</param>
    /// <param name="profile">Of the same function; null where there is none.</param>
    public static StepView Build(Plan plan, LoopProgram program, CompileOptions options, StepProfile? profile)
    {
        var builder = new StepViewBuilder(plan, program, options, profile);
        var (operations, kernels, buffers) = (builder.Operations(), builder.Kernels(), builder.Buffers());
        return new(plan.Function.Name, builder.Totals(kernels, options.Precision), builder._rows.Views, builder.Parameters(), operations,
            builder.Passes(), kernels, new(program.ArenaBytes, program.SharedScratch, program.KeepAllBytes, buffers));
    }

    private TotalsView Totals(ImmutableArray<KernelView> kernels, Precision precision) => new(
        _plan.States.Where(s => s.Role == VariableRole.Trainable).Sum(s => s.Type.Shape.ElementCount), _plan.States.Sum(s => s.Type.Bytes),
        kernels.Sum(k => k.Flops), _profile?.StepTime.TotalMicroseconds, _profile?.Threads,
        precision == Precision.BFloat16 ? "bf16" : "f32", _profile?.Limits.Gigaflops);

    private ImmutableArray<ParameterView> Parameters()
    {
        var roles = _plan.States.ToDictionary(s => s.Name, s => s.Role);
        return [.. _plan.Function.Parameters.Select(p => new ParameterView(p.Name!, $"{p.Type}",
            roles.TryGetValue(p.Name!, out var role) ? $"{role}".ToLowerInvariant() : "input"))];
    }

    private ImmutableArray<OperationView> Operations()
    {
        var function = _plan.Function;
        var (rows, source) = (_rows.Of(function), new Dictionary<Value, int>());
        for (var i = 0; i < function.Parameters.Length; i++) source[function.Parameters[i]] = -1 - i;
        var views = ImmutableArray.CreateBuilder<OperationView>(rows.Length);
        foreach (var operation in function.Operations)
        {
            views.Add(new(operation.Op.Name, FirstLine($"{operation}"), string.Join(", ", operation.Results.Select(r => r.Type)),
                rows[views.Count], (int)operation.Location.Part, [.. operation.Operands.Select(o => source[o]).Distinct()],
                operation.Location.IsKnown ? $"{operation.Location}" : ""));
            foreach (var result in operation.Results) source[result] = views.Count - 1;
        }
        return views.MoveToImmutable();
    }

    private ImmutableArray<PassView> Passes()
    {
        var (views, last) = (ImmutableArray.CreateBuilder<PassView>(_passes.Count), "");
        foreach (var pass in _passes)
        {
            var text = IrPrinter.Print(pass.Function, locations: true);
            views.Add(new(pass.Pass, pass.Time.TotalMilliseconds, pass.Function.Operations.Length, text == last ? null : text));
            last = text;
        }
        return views.MoveToImmutable();
    }

    private ImmutableArray<KernelView> Kernels()
    {
        var views = ImmutableArray.CreateBuilder<KernelView>(_program.Calls.Length);
        for (var i = 0; i < _program.Calls.Length; i++)
        {
            var call = _program.Calls[i];
            var (cost, from) = (KernelCost.Of(call.Kernel), _program.LoweredFrom[i]);
            var operation = from < 0 ? null : Lowered.Operations[from];
            var times = _profile?.Kernels.ElementAtOrDefault(i);
            views.Add(new(call.Kernel.Name, cost.Flops, cost.Bytes, call.IsParallel, operation is null ? [] : _rows.Of(operation),
                operation is null ? [] : [.. LayerRows.Inner(operation).Select(o => (int)o.Location.Part).Distinct().Order()],
                operation is null ? "copy" : $"{operation}",
                [.. call.Kernel.Locations.Where(l => l.IsKnown).Select(l => $"{l}").Distinct()])
            {
                Share = times?.Share, Nanoseconds = times?.Nanoseconds, OfLimit = times?.OfLimit,
            });
        }
        return views.MoveToImmutable();
    }

    private ImmutableArray<BufferView> Buffers() =>
    [
        .. _program.Lifetimes.Select(b =>
        {
            var (name, by) = _results[b.Value];
            return new BufferView(name, $"{b.Type}", b.Offset, b.Type.Bytes, b.First, b.Last, _rows.Of(by)[0], (int)by.Location.Part);
        }),
    ];

    private static string FirstLine(string text) => text.Split('\n', 2)[0];
}
