using System.Collections.Frozen;
using System.Globalization;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace GraphCompiler.Passes;

/// <summary>What a pass made.</summary>
/// <param name="Pass">Its name.</param>
/// <param name="Function">The function after it.</param>
/// <param name="Time">That it took, without verification.</param>
public sealed record PassResult(string Pass, Function Function, TimeSpan Time);

/// <summary>What a run of passes is given besides the function: log, budget and debugging switches.</summary>
public sealed class PassContext
{
    /// <summary>Times and counts go here, at Debug level.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>How many rewrites may be made.</summary>
    public RewriteBudget Budget { get; init; } = new();

    /// <summary>Whether the function is verified after every pass.</summary>
    public bool VerifyEach { get; init; }

    /// <summary>Folder that gets <c>FUNCTION.NN_pass.gir</c> after every pass (see <see cref="DumpFolder"/>); null for none.</summary>
    public string? DumpDirectory { get; init; }

    /// <summary>Is told of the function before the first pass, which is named "input", and after each one; null for nobody.</summary>
    public Action<PassResult>? Observer { get; init; }

    /// <summary>Names of passes to leave out.</summary>
    public IReadOnlySet<string> Disabled { get; init; } = FrozenSet<string>.Empty;

    /// <summary>A context set by <c>SGC_DUMP</c>, <c>SGC_DISABLE</c>, <c>SGC_BISECT</c> and <c>SGC_VERIFY=1</c>.</summary>
    /// <param name="logger">Where times go.</param>
    /// <param name="read">Reads a variable; the process environment when null.</param>
    /// <exception cref="GraphException">SGC1011: SGC_BISECT is not a number of rewrites.</exception>
    public static PassContext FromEnvironment(ILogger? logger = null, Func<string, string?>? read = null)
    {
        read ??= Environment.GetEnvironmentVariable;
        return new PassContext
        {
            Logger = logger ?? NullLogger.Instance,
            Budget = new RewriteBudget(ReadBudget(read("SGC_BISECT"))),
            VerifyEach = read("SGC_VERIFY") is "1" or "true",
            DumpDirectory = read("SGC_DUMP") is { Length: > 0 } folder ? folder : null,
            Disabled = (read("SGC_DISABLE") ?? "")
                .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).ToFrozenSet(StringComparer.Ordinal),
        };
    }

    private static long? ReadBudget(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
            ? limit
            : throw new GraphException(DiagnosticCode.BadArgument, $"SGC_BISECT={text} is not a number of rewrites");
    }
}
