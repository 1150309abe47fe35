using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;
using GraphCompiler.Passes.Planning;

namespace GraphCompiler.Passes;

/// <summary>Lowers a fused function to kernels, schedules them, and assigns every buffer its storage.</summary>
/// <remarks>Needs: the fuse pass. A result may replace a parameter (a donation): the kernel then writes it in place
/// wherever no later kernel still reads the old elements.</remarks>
public static class LowerToLoops
{
    /// <summary>Scalar operations below which one worker is as fast as two that share a cache: half a microsecond of vector code. Where
    /// they share none, the runtime runs the whole step on one (mlp_deep_b32_x20 takes 117 µs on two processors that share a cache, 313 on
    /// two that do not, 160 on one).</summary>
    public const double ParallelWork = 10_000;

    /// <summary>Scalar operations, some tenths of a millisecond, from which a worker that has run its own range of a kernel claims chunks
    /// of the others': below it is worth more that workers read what they wrote (<see cref="ForStatement.Chunk"/>).</summary>
    public const double ClaimedWork = 2e7;

    /// <summary>Lowers <paramref name="function"/>; external buffers are its parameters, then the results that replace none.</summary>
    /// <param name="function">A fused function.</param>
    /// <param name="donated">For each result the parameter that it replaces, or -1.</param>
    /// <param name="target">What the target offers.</param>
    /// <param name="parallelWork">Scalar operations from which a kernel runs on all workers.</param>
    /// <param name="verifies">Whether the program is checked: every access is within its buffer, every value is read from the storage
    /// that it was written to, every result is in the storage that the caller expects.</param>
    /// <param name="algorithm">How convolutions are computed.</param>
    /// <param name="choices">By <see cref="KernelChoice.Task"/>, the number of the way to take; the first for tasks that are not
    /// there.</param>
    /// <param name="claimedWork">Scalar operations from which workers claim chunks of a kernel.</param>
    /// <exception cref="InternalCompilerException">A result differs in type from the parameter that it replaces, two results replace one
    /// parameter, or a check fails.</exception>
    public static LoopProgram Lower(Function function, ImmutableArray<int> donated, TargetTraits target,
        double parallelWork = ParallelWork, bool verifies = false, ConvolutionAlgorithm algorithm = ConvolutionAlgorithm.ByCost,
        IReadOnlyDictionary<string, int>? choices = null, double claimedWork = ClaimedWork)
    {
        var program = Plan(function, donated, target, algorithm, choices).Build(parallelWork, claimedWork, verifies);
        if (verifies) LoopVerifier.Verify(program);
        return program;
    }

    /// <summary>The kernels of a function and the storage of their buffers.</summary>
    internal static MemoryPlan Plan(Function function, ImmutableArray<int> donated, TargetTraits target,
        ConvolutionAlgorithm algorithm = ConvolutionAlgorithm.ByCost, IReadOnlyDictionary<string, int>? choices = null)
    {
        var weights = new WeightUse(ReadByRows(function), donated.Where(d => d >= 0).Select(d => function.Parameters[d]).ToHashSet());
        var context = new LoweringContext(target, weights, algorithm, choices);
        var kernels = new DistinctKernels(weights);
        var nodes = function.Operations.Where(o => o.Op is not IMemoryOp)
            .Select(o => new KernelNode(o, kernels.KernelOf(o, distinct => LowerOperation(distinct, context)))).ToList();
        return new MemoryPlan(function, donated, nodes, target);
    }

    // Right operands whose last axis is contracted, as dX = dY·Wᵀ does with W: a worker that computes a range of dX's columns reads that
    // range of W's rows, where x·W reads columns. A split-K contraction, whose ranges of K are a batch, reads rows too.
    private static HashSet<Value> ReadByRows(Function function)
    {
        var values = new HashSet<Value>();
        foreach (var fusion in function.Operations.Where(o => o.Op is Fusion))
            foreach (var dot in fusion.Body!.Operations)
            {
                if (dot.Op is not IContractionOp contraction) continue;
                var (axes, right) = (contraction.AxesOf(dot), dot.Operands[1]);
                var isByRows = axes.BatchY.Length > 0 || axes.ContractY.Contains(right.Rank - 1);
                if (isByRows && fusion.Body.Parameters.IndexOf(right) is >= 0 and var i) values.Add(Root(fusion.Operands[i]));
            }
        return values;
    }

    /// <summary>The value whose memory a value has: a reshape outside of fusions is an alias.</summary>
    internal static Value Root(Value value)
    {
        while (value.Definition is { Op: IMemoryOp op } operation && op.AliasOf(operation) is { } alias) value = alias;
        return value;
    }

    private static Kernel LowerOperation(Operation operation, LoweringContext context) => operation.Op switch
    {
        IKernelOp op => op.Lower(operation, context.Target),
        Fusion => Fusion.KindOf(operation) switch
        {
            FusionKind.Contraction => GemvKernel.Fits(operation, context.Target)
                ? GemvKernel.Lower(operation, context.Target)
                : WinogradRowKernel.TryLower(operation, context.Target, context.Algorithm)
                    ?? WinogradKernel.TryLower(operation, context.Target, context.Algorithm)
                    ?? WinogradRowGradientKernel.TryLower(operation, context.Target, context.Algorithm)
                    ?? WinogradGradientKernel.TryLower(operation, context.Target, context.Algorithm)
                    ?? ContractionKernel.Lower(operation, context),
            FusionKind.Row => ShortRowKernel.Fits(operation, context.Target)
                ? ShortRowKernel.Lower(operation, context.Target) : RowKernel.Lower(operation, context.Target),
            _ => ElementKernel.Lower(operation, context.Target),
        },
        _ => throw new InternalCompilerException("lower", $"{operation} is outside a fusion"),
    };
}

/// <summary>How a step uses its parameters, which decides what part of them each worker should hold in its caches.</summary>
/// <param name="ReadByRows">Those that some contraction reads by ranges of rows, a range to each worker.</param>
/// <param name="Replaced">Those that the step replaces.</param>
internal sealed record WeightUse(IReadOnlySet<Value> ReadByRows, IReadOnlySet<Value> Replaced);

/// <summary>What the lowering of an operation may depend on.</summary>
/// <param name="Target">What the target offers.</param>
/// <param name="Weights">How the step uses its parameters.</param>
/// <param name="Algorithm">How convolutions are computed.</param>
/// <param name="Choices">Ways to take, by task.</param>
internal sealed record LoweringContext(
    TargetTraits Target, WeightUse Weights, ConvolutionAlgorithm Algorithm, IReadOnlyDictionary<string, int>? Choices);

/// <summary>An operation that runs as a kernel.</summary>
internal sealed record KernelNode(Operation Operation, Kernel Kernel);
