using System.Collections.Immutable;
using GraphCompiler.Diagnostics;

namespace GraphCompiler.IR.Diagnostics;

/// <summary>Stable codes of user errors, printed as <c>SGCnnnn</c>; a number is never used for another meaning.</summary>
public enum DiagnosticCode
{
    /// <summary>Element types differ or are not allowed here.</summary>
    DTypeMismatch = 1001,
    /// <summary>Shapes differ or do not fit.</summary>
    ShapeMismatch = 1002,
    /// <summary>A tensor has the wrong number of dimensions.</summary>
    RankMismatch = 1003,
    /// <summary>An axis is out of range or named twice.</summary>
    BadAxis = 1004,
    /// <summary>An attribute is missing or out of range.</summary>
    BadAttribute = 1005,
    /// <summary>A name is empty, malformed or already taken.</summary>
    BadName = 1006,
    /// <summary>Contracting or batch sizes of a contraction differ.</summary>
    ContractionMismatch = 1007,
    /// <summary>A value belongs to another builder, or its builder is finished.</summary>
    ForeignValue = 1008,
    /// <summary>An op was given the wrong number of operands.</summary>
    OperandCount = 1009,
    /// <summary>What is to be differentiated is not a floating-point scalar, or there is nothing to learn.</summary>
    NotDifferentiable = 1010,
    /// <summary>An argument of a layer, loss or optimizer is out of range.</summary>
    BadArgument = 1011,
    /// <summary>A tensor is larger than sizes and addresses can be.</summary>
    TooLarge = 1012,
    /// <summary>What is assigned is no variable or state, or is assigned twice, or never.</summary>
    BadAssignment = 1013,
    /// <summary>A derivative differs from central differences.</summary>
    WrongDerivative = 1014,
    /// <summary>IR text could not be parsed.</summary>
    Parse = 2001,
    /// <summary>IR breaks an invariant of the verifier.</summary>
    Invariant = 2002,
    /// <summary>An environment variable or option names an unknown pass.</summary>
    UnknownPass = 3001,
    /// <summary>A file or folder that an option names cannot be written.</summary>
    CannotWrite = 3002,
}

/// <summary>One error: what is wrong, with which values, where it was written, and what to do.</summary>
/// <param name="Code">Stable code.</param>
/// <param name="Message">What is wrong, with the values and shapes.</param>
/// <param name="Location">Where the failing call was written.</param>
/// <param name="Notes">A line for each operand concerned, or what to do.</param>
public sealed record Diagnostic(DiagnosticCode Code, string Message, Location Location, ImmutableArray<string> Notes)
{
    /// <summary>A line for each operand concerned, or what to do; none where the array is the default one.</summary>
    public ImmutableArray<string> Notes { get; init => field = value.IsDefault ? [] : value; } = Notes.IsDefault ? [] : Notes;

    /// <summary>The code as printed, such as <c>SGC1007</c>.</summary>
    public string CodeText => $"SGC{(int)Code:D4}";

    /// <inheritdoc/>
    public override string ToString()
    {
        var prefix = Location.IsKnown ? $"{Location}: " : "";
        return $"{prefix}error {CodeText}: {Message}{string.Concat(Notes.Select(n => $"{Environment.NewLine}  {n}"))}";
    }
}

/// <summary>An error in what the user declared. Nothing was changed by the call that threw it.</summary>
public sealed class GraphException : GraphCompilerException
{
    /// <summary>An error with one diagnostic.</summary>
    public GraphException(Diagnostic diagnostic) : base(diagnostic.CodeText, diagnostic.ToString()) => Diagnostics = [diagnostic];

    /// <summary>An error at a location.</summary>
    public GraphException(DiagnosticCode code, string message, Location location = default, params ReadOnlySpan<string> notes)
        : this(new Diagnostic(code, message, location, [.. notes])) { }

    /// <summary>Everything that is wrong, at least one.</summary>
    public ImmutableArray<Diagnostic> Diagnostics { get; }
}

/// <summary>A broken invariant of the compiler itself: never the user's mistake. Names the pass or stage.</summary>
public sealed class InternalCompilerException : Exception
{
    /// <summary>A broken invariant found in <paramref name="stage"/>.</summary>
    public InternalCompilerException(string stage, string message, Exception? inner = null)
        : base($"internal error in {stage}: {message}", inner) => Stage = stage;

    /// <summary>The pass or stage that broke it.</summary>
    public string Stage { get; }
}
