namespace GraphCompiler.IR;

/// <summary>What an operation of a training step is for.</summary>
public enum StepPart
{
    /// <summary>The model itself; every operation of a function that is no training step.</summary>
    Forward,
    /// <summary>The gradients.</summary>
    Backward,
    /// <summary>What the optimizer makes of them.</summary>
    Update,
}

/// <summary>Where an operation was written: the fluent call's file and line.</summary>
/// <param name="File">Path of the source file; empty when unknown.</param>
/// <param name="Line">Line, from 1; 0 when unknown.</param>
public readonly record struct Location(string File, int Line)
{
    /// <summary>Path of the source file; empty when unknown.</summary>
    public string File { get => field ?? ""; init => field = value ?? throw new ArgumentNullException(nameof(value)); }
        = File ?? throw new ArgumentNullException(nameof(File));

    /// <summary>The layer or scope that the call is within, such as <c>stage2/block0/conv1</c>; empty outside of them. A gradient has that
    /// of what it is the gradient of.</summary>
    public string Scope
    {
        get => field ?? "";
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value.Length == 0 ? null : value;
        }
    }

    /// <summary>What the operation is for.</summary>
    public StepPart Part { get; init; }

    /// <summary>No known location.</summary>
    public static Location Unknown { get; } = new("", 0);

    /// <summary>Whether the location is known.</summary>
    public bool IsKnown => Line > 0;

    /// <summary>File name without folder and the line, such as <c>Mlp.cs(14)</c>.</summary>
    public override string ToString() => IsKnown ? $"{Path.GetFileName(File)}({Line})" : "unknown";
}
