using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.Passes;

/// <summary>Every pass by its name, for filetests and the command line.</summary>
public static class PassRegistry
{
    private static readonly Dictionary<string, Func<IReadOnlyDictionary<string, string>, IPass>> s_factories = new(StringComparer.Ordinal)
    {
        ["adjoint"] = arguments => new Adjoint(List(arguments, "wrt")),
        ["canonicalize"] = _ => new Canonicalize(),
        ["cse"] = _ => new CommonSubexpressions(),
        ["dce"] = _ => new DeadCodeElimination(),
        ["decompose"] = _ => new Decompose(),
        ["fold"] = _ => new ConstantFold(),
        ["fuse"] = _ => new Fuse(),
        ["jvp"] = arguments => new Jvp(List(arguments, "wrt")),
        ["mixed_precision"] = arguments => new MixedPrecision(PrecisionOf(arguments)),
        ["resolve_mode"] = arguments => new ResolveMode(ModeOf(arguments)),
        ["scatter_rows"] = _ => new ScatterRows(),
        ["split_reductions"] = _ => new SplitReductions(),
        ["store_padded"] = _ => new StorePadded(),
    };

    /// <summary>Names of all passes, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. s_factories.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Makes a pass, such as <c>adjoint</c> with <c>wrt</c> = <c>[x,w]</c>.</summary>
    /// <exception cref="GraphException">SGC3001: no pass has this name.</exception>
    public static IPass Create(string name, IReadOnlyDictionary<string, string> arguments) =>
        s_factories.TryGetValue(name, out var make)
            ? make(arguments)
            : throw new GraphException(DiagnosticCode.UnknownPass,
                $"there is no pass \"{name}\"; the passes are {string.Join(", ", s_factories.Keys.Order(StringComparer.Ordinal))}");

    private static Mode ModeOf(IReadOnlyDictionary<string, string> arguments) => arguments.GetValueOrDefault("mode") switch
    {
        null or "training" => Mode.Training,
        "inference" => Mode.Inference,
        var other => throw new GraphException(DiagnosticCode.UnknownPass, $"resolve_mode: mode={other}; the modes are inference, training"),
    };

    private static Precision PrecisionOf(IReadOnlyDictionary<string, string> arguments) => arguments.GetValueOrDefault("precision") switch
    {
        null or "bf16" => Precision.BFloat16,
        "f32" => Precision.Float32,
        var other => throw new GraphException(DiagnosticCode.UnknownPass,
            $"mixed_precision: precision={other}; the precisions are bf16, f32"),
    };

    private static string[]? List(IReadOnlyDictionary<string, string> arguments, string key) =>
        arguments.TryGetValue(key, out var text)
            ? text.Trim('[', ']').Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : null;
}
