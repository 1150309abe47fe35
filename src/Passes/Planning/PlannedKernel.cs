using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;

namespace GraphCompiler.Passes.Planning;

/// <summary>A result that a kernel stores over the parameter that it replaces.</summary>
internal sealed record Overwrite(Value Result, int Parameter);

/// <summary>One kernel and the values in memory that it reads and writes.</summary>
/// <param name="Kernel">What runs.</param>
/// <param name="Reads">Its operands, in the order of its arguments; a view counts as what it is a view of.</param>
/// <param name="Writes">Its results, after the operands.</param>
/// <param name="Operation">What it was lowered from; null for a copy.</param>
internal sealed record PlannedKernel(Kernel Kernel, ImmutableArray<Value> Reads, ImmutableArray<Value> Writes, Operation? Operation)
{
    /// <summary>Results that are stored over parameters.</summary>
    public List<Overwrite> Overwrites { get; } = [];

    /// <summary>The distinct values that it reads.</summary>
    public IReadOnlyList<Value> Sources { get; } = [.. Reads.Distinct()];

    /// <summary>Whether the kernel may store a result over another value: one that it does not read, or only element by element.</summary>
    public bool CanOverwrite(Value result, Value replaced)
    {
        if (!Reads.Contains(replaced)) return true;
        if (Operation is { Op: IKernelOp op }) return replaced.Type == result.Type && Enumerable.Range(0, Reads.Length)
            .All(i => Reads[i] != replaced || op.CanOverwrite(Operation, i));
        if (Operation is not { Op: Fusion } fusion || replaced.Type != result.Type) return false;
        var body = fusion.Body!;
        var inner = body.Parameters.Where((_, i) => Reads[i] == replaced).ToHashSet();
        // Only elementwise readers are sure to have read an element before its successor is stored over it; a row kernel
        // passes over full elements several times, but reads a row's own values before it stores any.
        var domain = body.Operations.FirstOrDefault(o => o.Op is IReductionOp)?.Operands[0].Shape;
        if (domain == replaced.Shape && Fusion.KindOf(fusion) == FusionKind.Row)
            return IsReadUpTo(body.Results[fusion.Results.IndexOf(result)], body, inner);
        return body.Operations.All(o => !o.Operands.Any(inner.Contains) || o.Op is IElementOp)
            && !body.Results.Any(inner.Contains) && domain != replaced.Shape;
    }

    // A row kernel passes over a row's elements for each reduction that waits for another, and stores a full result in the pass that
    // computes it, after what else the pass reads of the same element.
    private static bool IsReadUpTo(Value result, Function body, HashSet<Value> read)
    {
        var (pass, dependent, last) = (new Dictionary<Value, int>(), read.ToHashSet(), 0);
        foreach (var operation in body.Operations)
        {
            var own = operation.Operands.Select(o => pass.GetValueOrDefault(o)).DefaultIfEmpty(0).Max();
            foreach (var value in operation.Results) pass[value] = operation.Op is IReductionOp ? own + 1 : own;
            if (!operation.Operands.Any(dependent.Contains)) continue;
            if (operation.Op is IReductionOp) last = Math.Max(last, own);
            else if (operation.Op is IElementOp and not IIndexedOp) dependent.UnionWith(operation.Results);
            else return false;
        }
        if (body.Results.Any(read.Contains)) return false;
        last = body.Results.Where(dependent.Contains).Select(r => pass[r]).Append(last).Max();
        return pass[result] >= last;
    }

    /// <summary>The kernel where a result has the memory of the first operand: what it would copy is there.</summary>
    public PlannedKernel For(ImmutableArray<Storage> arguments) =>
        Kernel.InPlace is { } less && arguments[0] == arguments[Reads.Length] ? this with { Kernel = less } : this;

    /// <summary>A kernel that copies a tensor.</summary>
    public static PlannedKernel Copy(Value from, Value to, TargetTraits target) => new(CopyKernel(from.Type, target), [from], [to], null);

    private static Kernel CopyKernel(TensorType type, TargetTraits target)
    {
        var count = Math.Max(type.Shape.ElementCount, 1);
        var (from, to) = (LoopBuffer.Argument("from", type), LoopBuffer.Argument("to", type, isWritten: true));
        var i = new LoopVariable("i");
        var lanes = Math.Min(target.Lanes(type.DType) * 2, ElementKernel.PowerOfTwoAtLeast(count));
        var loop = new ForStatement(i, type.Shape.ElementCount, LoopKind.ParallelVector, lanes,
            [new StoreStatement(to, i.Value, new LoadExpr(from, i.Value))]);
        return new Kernel("copy", [from, to], [], [loop], [], type.Shape.ElementCount);
    }
}
