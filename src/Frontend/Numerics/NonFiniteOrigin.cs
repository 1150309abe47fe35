using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend.Numerics;

/// <summary>Finds where a step became NaN or infinite: it is computed again from the same inputs and variables, with more
/// results.</summary>
/// <remarks>
/// Two functions are compiled: one that counts what is not finite of every value, and one that gives the operands of the operation that
/// was found. That is the first in the order of computation that has only finite operands and that the loss or an update got it from, so
/// an infinity that is meant, as of a mask, is not told of where nothing became of it. Costs a compilation of the whole step, once it has
/// failed.
/// </remarks>
internal sealed class NonFiniteOrigin
{
    private readonly TrainingPlan _plan;
    private readonly CompileOptions _options;
    private readonly Dictionary<string, byte[]> _given; // Inputs and variables by name, as the run found them.
    private readonly Function _function;
    private readonly Dictionary<Value, long> _bad; // Elements of each floating-point value that are not finite.

    private NonFiniteOrigin(TrainingPlan plan, CompileOptions options, Dictionary<string, byte[]> given)
    {
        (_plan, _given) = (plan, given);
        _options = options with { Profile = false, Tune = false };
        _function = new DeadCodeElimination().Run(plan.Function, new PassContext());
        _bad = CountAll();
    }

    /// <summary>Says where a step became NaN or infinite.</summary>
    /// <param name="plan">The step, unguarded.</param>
    /// <param name="options">How it was compiled.</param>
    /// <param name="given">Its inputs and variables by name, as the run found them.</param>
    public static string Describe(TrainingPlan plan, CompileOptions options, Dictionary<string, byte[]> given) =>
        new NonFiniteOrigin(plan, options, given).Describe();

    private string Describe()
    {
        if (Origins().OrderBy(v => v.Definition?.Id ?? -1).FirstOrDefault() is not { } origin)
            return "the loss or an update is NaN or infinite; computed again, to find from where, it is finite";
        if (origin.Definition is not { } operation)
        {
            var kind = _plan.States.Any(s => s.Name == origin.Name) ? "variable" : "input";
            return $"{origin.Location}: {kind} '{origin.Name}' has {Statistics(origin, _given[origin.Name!])}";
        }
        Value[] shown = [.. operation.Operands.Where(o => o.DType.IsFloating), origin];
        var elements = Run(map => [.. shown.Select(v => map[v])]);
        var operands = shown.SkipLast(1).Select((v, i) => $"\n  of {NameOf(v)} : {v.Type}, {Statistics(v, elements[i])}");
        return $"{operation.Location}: {operation.Op.Name} gives {Statistics(origin, elements[^1])}, {Where(operation)}"
            + string.Concat(operands);
    }

    // What is not finite, got that from no operand, and passed it on to a result.
    private HashSet<Value> Origins()
    {
        var (origins, seen) = (new HashSet<Value>(), new HashSet<Value>());
        var open = new Stack<Value>(_function.Results.Where(IsBad));
        while (open.TryPop(out var value))
        {
            if (!seen.Add(value)) continue;
            Value[] from = value.Definition is { } operation ? [.. operation.Operands.Where(IsBad)] : [];
            if (from.Length == 0) origins.Add(value);
            foreach (var operand in from) open.Push(operand);
        }
        return origins;
    }

    private bool IsBad(Value value) => _bad.GetValueOrDefault(value) > 0;

    private Dictionary<Value, long> CountAll()
    {
        var counts = _function.Parameters.Where(p => p.DType.IsFloating)
            .ToDictionary(p => p, p => Numbers(p, _given[p.Name!]).LongCount(x => !double.IsFinite(x)));
        Value[] computed = [.. _function.Operations.SelectMany(o => o.Results).Where(r => r.DType.IsFloating)];
        var results = Run(map => [.. computed.Select(v => map[v].IsFinite().Not().ConvertTo(DType.I64).Sum())]);
        for (var i = 0; i < computed.Length; i++) counts[computed[i]] = MemoryMarshal.Read<long>(results[i]);
        return counts;
    }

    // The bytes of values that are computed from those of the step.
    private byte[][] Run(Func<Dictionary<Value, Value>, Value[]> results)
    {
        var builder = new FunctionBuilder(_function.Name);
        var map = _function.Parameters.ToDictionary(p => p, p => builder.Parameter(p.Name!, p.Type, p.Location));
        foreach (var operation in _function.Operations) builder.Clone(operation, map);
        var function = new DeadCodeElimination().Run(builder.Build(results(map)), new PassContext());
        ImmutableArray<string> names = [.. function.Results.Select((_, i) => $"result {i}")];
        using var store = new VariableStore();
        var (executable, _, _) = Compiler.Compile(new Again(_plan, function, names), _options, store);
        using (executable)
        {
            foreach (var state in _plan.States) _given[state.Name].CopyTo(executable.BytesOf(state.Name));
            executable.Run([.. _function.Parameters.Select(p => p.Name!).Where(n => _plan.States.All(s => s.Name != n))
                .Select(n => (ReadOnlyMemory<byte>)_given[n])]);
            return [.. names.Select(n => executable.BytesOf(n).ToArray())];
        }
    }

    private static string Statistics(Value value, byte[] bytes)
    {
        var (numbers, shape) = (Numbers(value, bytes), value.Shape);
        double[] finite = [.. numbers.Where(double.IsFinite)];
        var (nan, infinite) = (numbers.Count(double.IsNaN), numbers.Count(double.IsInfinity));
        var range = finite.Length == 0 ? "none finite" : string.Create(CultureInfo.InvariantCulture,
            $"{(nan + infinite > 0 ? "the others " : "")}from {finite.Min():G4} to {finite.Max():G4}");
        if (nan + infinite == 0) return $"all finite, {range}";
        var at = Array.FindIndex(numbers, x => !double.IsFinite(x));
        var index = new int[shape.Rank];
        shape.Unravel(at, index);
        var place = string.Join(",", index);
        return string.Create(CultureInfo.InvariantCulture,
            $"{nan} NaN and {infinite} infinite of {numbers.Length} elements (the first, {numbers[at]}, at [{place}]), {range}");
    }

    private static double[] Numbers(Value value, byte[] bytes)
    {
        double[] Cast<T>(Func<T, double> toDouble) where T : unmanaged =>
            Array.ConvertAll(MemoryMarshal.Cast<byte, T>(bytes).ToArray(), x => toDouble(x));
        return value.DType == DType.F64 ? Cast<double>(x => x) : value.DType == DType.F32 ? Cast<float>(x => x)
            : value.DType == DType.F16 ? Cast<Half>(x => (double)x) : Cast<ushort>(x => BitConverter.UInt32BitsToSingle((uint)x << 16));
    }

    private static string NameOf(Value value) => value.Definition is { } operation
        ? $"{operation.Op.Name} at {operation.Location}" : $"'{value.Name}'";

    // The pass, and the layer: that of the nearest variable among what the operation is computed from.
    private string Where(Operation operation)
    {
        var location = operation.Location;
        var pass = location.Part switch
        {
            StepPart.Forward => "in the forward pass",
            StepPart.Backward => "in the backward pass",
            _ => "in the update",
        };
        // A gradient has the location of what it is the gradient of.
        var declared = location.Part == StepPart.Backward
            ? _function.Operations.FirstOrDefault(o => o.Location == location with { Part = StepPart.Forward }) : null;
        return LayerOf(declared ?? operation) is { } layer ? $"{pass}, in or after layer '{layer}'" : pass;
    }

    private string? LayerOf(Operation operation)
    {
        foreach (var near in Upstream(operation.Result))
            foreach (var operand in near.Operands)
                if (operand.Definition is null && operand.Name!.LastIndexOf('/') is var end and > 0
                    && _plan.States.Any(s => s.Name == operand.Name)) return operand.Name[..end];
        return null;
    }

    // The operations that a value is computed by, the nearest first.
    private static IEnumerable<Operation> Upstream(Value value)
    {
        var (seen, open) = (new HashSet<Operation>(), new Queue<Value>([value]));
        while (open.TryDequeue(out var next))
        {
            if (next.Definition is not { } operation || !seen.Add(operation)) continue;
            yield return operation;
            foreach (var operand in operation.Operands) open.Enqueue(operand);
        }
    }

    /// <summary>The step's inputs and variables, and other results, none of which replaces anything.</summary>
    private sealed class Again(TrainingPlan plan, Function function, ImmutableArray<string> names)
        : Plan(plan.Graph, function, [.. names.Select(_ => -1)], plan.States, names);
}
