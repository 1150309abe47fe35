namespace GraphCompiler.Passes;

/// <summary>The passes of a compilation: the order is a table, and what it must respect is another.</summary>
public static class Pipeline
{
    /// <summary>From a differentiated step to fused kernels.</summary>
    public static IReadOnlyList<PassEntry> Training { get; } =
    [
        new("resolve_mode", new ResolveMode(Mode.Training), Required: true),
        new("canonicalize", new Canonicalize()),
        new("decompose", new Decompose(), Required: true),
        new("fold", new ConstantFold()),
        new("simplify", new Canonicalize()),
        new("cse", new CommonSubexpressions()),
        new("dce", new DeadCodeElimination()),
        new("scatter_rows", new ScatterRows()),
        new("split_reductions", new SplitReductions()),
        new("store_padded", new StorePadded()),
        new("fuse", new Fuse(), Required: true),
    ];

    /// <summary>The passes for a precision: those of <see cref="Training"/>, and for bf16 the one that rounds.</summary>
    /// <exception cref="IR.Diagnostics.GraphException">SGC1011: no precision.</exception>
    public static IReadOnlyList<PassEntry> For(Precision precision)
    {
        var rounds = new MixedPrecision(precision);
        return precision == Precision.Float32 ? Training
            : [.. Training.SelectMany(e => (PassEntry[])(e.Name == "dce" ? [e, new(rounds.Name, rounds, Required: true)] : [e]))];
    }

    /// <summary>What must come before what.</summary>
    public static IReadOnlyList<PassOrder> Order { get; } =
    [
        new("resolve_mode", "canonicalize", "what only inference reads would be optimized"),
        new("decompose", "simplify", "a decomposition leaves stop_gradient and unit axes behind"),
        new("fold", "simplify", "a folded operand may make its reader an identity"),
        new("simplify", "cse", "equal operations look equal only when they are in one form"),
        new("cse", "dce", "merging leaves the later copy dead"),
        new("decompose", "mixed_precision", "a decomposition holds products"),
        new("cse", "mixed_precision", "each copy of a value would be rounded"),
        new("dce", "mixed_precision", "what is dead would be kept for"),
        new("mixed_precision", "split_reductions", "what is rounded is stored, and its domain is its kernel's"),
        new("simplify", "split_reductions", "a reduction of a reduction is merged"),
        new("cse", "scatter_rows", "a gradient that is computed twice would look as if nothing else read it"),
        new("scatter_rows", "fuse", "a fusion is not rewritten"),
        new("split_reductions", "fuse", "a fusion's reductions are its kernel's"),
        new("simplify", "store_padded", "the slice of a pad would be simplified"),
        new("store_padded", "fuse", "a fusion computes what only a pad reads"),
        new("dce", "fuse", "a dead operation would be computed by the kernel it is fused into"),
    ];
}
