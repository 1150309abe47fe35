namespace GraphCompiler.IR;

/// <summary>Where an operation was written: the fluent call's file and line.</summary>
/// <param name="File">Path of the source file; empty when unknown.</param>
/// <param name="Line">Line, from 1; 0 when unknown.</param>
public readonly record struct Location(string File, int Line)
{
    /// <summary>Path of the source file; empty when unknown.</summary>
    public string File { get => field ?? ""; init => field = value ?? throw new ArgumentNullException(nameof(value)); }
        = File ?? throw new ArgumentNullException(nameof(File));

    /// <summary>No known location.</summary>
    public static Location Unknown { get; } = new("", 0);

    /// <summary>Whether the location is known.</summary>
    public bool IsKnown => Line > 0;

    /// <summary>File name without folder and the line, such as <c>Mlp.cs(14)</c>.</summary>
    public override string ToString() => IsKnown ? $"{Path.GetFileName(File)}({Line})" : "unknown";
}
