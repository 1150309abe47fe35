using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Fusing;

namespace GraphCompiler.Passes;

/// <summary>Stores elements that are padded with their padding, by the kernel that computes them: what else reads them reads a slice, a
/// view of memory. A pad of what is in memory without it becomes one of runs, which are copied as wholes.</summary>
/// <remarks>Needs: no rule after it that merges index maps. Ensures: elementwise values that the pad's kernel can compute have no reader
/// but the pad. O(operations). See docs/adr/0017.</remarks>
public sealed class StorePadded : IPass
{
    /// <summary>Neighbouring elements within the padding from which a loop over them fills vectors well enough.</summary>
    private const long LeastRun = 8;

    /// <inheritdoc/>
    public string Name => "store_padded";

    /// <inheritdoc/>
    public Function Run(Function function, PassContext context)
    {
        if (!function.Operations.Any(o => o.Op is Pad)) return function;
        var readers = new ValueReaders(function);
        var pads = FirstPads(function, readers);
        var guarded = GuardedPads.Of(function);
        var padded = new Dictionary<Operation, Value>();
        return Rewriter.Rebuild(function, (operation, builder, operands) =>
        {
            if (guarded.Contains(operation)) return null;
            if (operation.Op is Pad && pads.GetValueOrDefault(operation.Operands[0]) != operation)
                return [OfRuns(operation, builder, operands[0])];
            if (padded.TryGetValue(operation, out var known)) return [known];
            if (operation.Results is not [var x] || readers[x].Count == 1 || !pads.TryGetValue(x, out var pad)) return null;
            var computed = builder.Emit(operation.Op, [.. operands], operation.Attributes);
            padded[pad] = builder.Emit(Pad.Instance, [computed], pad.Attributes);
            return [Within(padded[pad], pad)];
        });
    }

    /// <summary>The pads that what computes their operand stores, by operand.</summary>
    internal static Dictionary<Value, Operation> FirstPads(Function function, ValueReaders readers)
    {
        var (results, pads) = (function.Results.ToHashSet(), new Dictionary<Value, Operation>());
        foreach (var pad in function.Operations.Where(o => o.Op is Pad && o.Ints("interior").All(n => n == 0)))
            if (pad.Operands[0] is var x && IsComputed(x) && !results.Contains(x) && readers[x].All(CanReadViews)
                && RunOf(pad) is 1 or >= LeastRun && !IsOfContraction(x, readers)) pads.TryAdd(x, pad);
        return pads;
    }

    private static int LastPadded(Operation pad)
    {
        var (low, high, interior) = (pad.Ints("low"), pad.Ints("high"), pad.Ints("interior"));
        return Array.FindLastIndex([.. low.Select((n, i) => n + high[i] + interior[i])], n => n > 0);
    }

    // Elements along the innermost axes, those that are not padded.
    private static long RunOf(Operation pad) => pad.Result.Shape.Skip(LastPadded(pad) + 1).Aggregate(1L, (product, size) => product * size);

    private static bool IsComputed(Value value) => value.Definition is { Op: IElementOp and not IIndexedOp, Results.Length: 1 };

    // What begins no kernel of its own reads through index maps, and so do contractions and reductions.
    private static bool CanReadViews(Operation reader) => reader.Op is IReductionOp or IContractionOp or Pad
        || (reader.Op is IElementOp or IIndexedOp && reader.Op is not IMemoryOp);

    // A contraction's kernel computes what is alone in reading its result, up to what is read from memory anyway.
    private static bool IsOfContraction(Value value, ValueReaders readers)
    {
        var seen = new HashSet<Value>();
        var stack = new Stack<Value>([value]);
        while (stack.TryPop(out var next))
        {
            if (next.Definition is not { } operation || !seen.Add(next)) continue;
            if (operation.Op is IContractionOp && readers[next].All(IsOfElement)) return true;
            if (IsComputed(next))
                foreach (var operand in operation.Operands.Where(o => readers[o].All(IsOfElement))) stack.Push(operand);
        }
        return false;
    }

    private static bool IsOfElement(Operation reader) => reader.Op is IElementOp and not IIndexedOp;

    private static Value Within(Value padded, Operation pad)
    {
        var (low, x) = (pad.Ints("low"), pad.Operands[0].Shape);
        return padded.Emit(Slice.Instance, pad.Location, Slice.Attributes(low, [.. low.Select((n, i) => n + x[i])]));
    }

    // Innermost axes that are not padded are one with the last that is; what an index map reads would have to be written for that.
    private static Value OfRuns(Operation pad, FunctionBuilder builder, Value x)
    {
        var (low, high, interior) = (pad.Ints("low"), pad.Ints("high"), pad.Ints("interior"));
        var (last, run, shape) = (LastPadded(pad), RunOf(pad), pad.Result.Shape);
        if (last < 0 || last == x.Rank - 1 || interior[last] > 0 || run == 0 || run * shape[last] > int.MaxValue
            || x.Definition is { Op: IIndexedOp })
            return builder.Emit(Pad.Instance, [x], pad.Attributes);
        Shape Joined(Shape whole) => new([.. whole.Take(last), (int)(whole[last] * run)]);
        int[] Scaled(int[] amounts) => [.. amounts[..last], (int)(amounts[last] * run)];
        var attributes = Pad.Attributes(pad.Number("value"), Scaled(low), Scaled(high), interior[..(last + 1)]);
        var runs = builder.Emit(Pad.Instance, [builder.Emit(Reshape.Instance, [x], Reshape.Attributes(Joined(x.Shape)))], attributes);
        return builder.Emit(Reshape.Instance, [runs], Reshape.Attributes(shape));
    }
}
