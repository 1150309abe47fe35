using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;
using GraphCompiler.Passes.Planning;

namespace GraphCompiler.Passes;

/// <summary>Lowers a fused function to kernels, orders them, and gives every buffer its place.</summary>
/// <remarks>Needs: the fuse pass. A result may replace a parameter (a donation): it is then written in place
/// wherever no later kernel still reads the old elements.</remarks>
public static class LowerToLoops
{
    /// <summary>Scalar operations below which one worker is as fast as two, even where their caches lie close: half a microsecond of vector
    /// code. Where they do not, the runtime leaves the whole step to one (mlp_deep_b32_x20 takes 117 µs on two close processors, 313 on two
    /// distant ones, 160 on one).</summary>
    public const double ParallelWork = 10_000;

    /// <summary>Lowers <paramref name="function"/>; external buffers are its parameters, then the results that replace none.</summary>
    /// <param name="function">A fused function.</param>
    /// <param name="donated">For each result the parameter that it replaces, or -1.</param>
    /// <param name="target">What the target offers.</param>
    /// <param name="parallelWork">Scalar operations from which a kernel is shared by the workers.</param>
    /// <param name="verifies">Whether the program is checked: every element that is read or written lies in its buffer, every value is read
    /// where it was written, every result is where it is looked for.</param>
    /// <exception cref="InternalCompilerException">A result has not the type of the parameter that it replaces, two results replace one
    /// parameter, or a check fails.</exception>
    public static LoopProgram Lower(Function function, ImmutableArray<int> donated, TargetTraits target,
        double parallelWork = ParallelWork, bool verifies = false)
    {
        var program = Plan(function, donated, target).Build(parallelWork, verifies);
        if (verifies) LoopVerifier.Verify(program);
        return program;
    }

    /// <summary>The kernels of a function and where their buffers are.</summary>
    internal static MemoryPlan Plan(Function function, ImmutableArray<int> donated, TargetTraits target)
    {
        var weights = new WeightUse(ReadByRows(function), donated.Where(d => d >= 0).Select(d => function.Parameters[d]).ToHashSet());
        var nodes = function.Operations.Where(o => o.Op is not Constant and not Reshape)
            .Select(o => new KernelNode(o, LowerOperation(o, target, weights))).ToList();
        return new MemoryPlan(function, donated, nodes, target);
    }

    // Right operands whose last axis a product sums over, as dX = dY·Wᵀ does with W: a worker that makes some columns of dX reads as many
    // rows of W, where x·W reads columns. So does a product that is cut by depth: its parts are a batch.
    private static HashSet<Value> ReadByRows(Function function)
    {
        var values = new HashSet<Value>();
        foreach (var fusion in function.Operations.Where(o => o.Op is Fusion))
            foreach (var dot in fusion.Body!.Operations.Where(o => o.Op is DotGeneral))
            {
                var (axes, right) = (DotGeneral.Axes.Of(dot.Attributes), dot.Operands[1]);
                var isByRows = axes.BatchY.Length > 0 || axes.ContractY.Contains(right.Rank - 1);
                if (isByRows && fusion.Body.Parameters.IndexOf(right) is >= 0 and var i) values.Add(Root(fusion.Operands[i]));
            }
        return values;
    }

    /// <summary>What a value is a view of: a reshape that stands alone is the same memory.</summary>
    internal static Value Root(Value value)
    {
        while (value.Definition is { Op: Reshape } reshape) value = reshape.Operands[0];
        return value;
    }

    private static Kernel LowerOperation(Operation operation, TargetTraits target, WeightUse weights) => operation.Op switch
    {
        ScatterAdd => ScatterKernel.Lower(operation, target),
        Fusion => operation.Word("kind") switch
        {
            "contraction" => GemvKernel.Fits(operation, target) ? GemvKernel.Lower(operation, target)
                : ContractionKernel.Lower(operation, target, weights),
            "row" => ShortRowKernel.Fits(operation, target) ? ShortRowKernel.Lower(operation, target) : RowKernel.Lower(operation, target),
            _ => ElementKernel.Lower(operation, target),
        },
        _ => throw new InternalCompilerException("lower", $"{operation} is outside a fusion"),
    };
}

/// <summary>What a step does with its parameters, as far as it decides which worker should have which part of them.</summary>
/// <param name="ReadByRows">Those of which some product makes columns from rows.</param>
/// <param name="Replaced">Those that the step replaces.</param>
internal sealed record WeightUse(IReadOnlySet<Value> ReadByRows, IReadOnlySet<Value> Replaced);

/// <summary>An operation that runs as a kernel.</summary>
internal sealed record KernelNode(Operation Operation, Kernel Kernel);
