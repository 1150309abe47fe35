namespace GraphCompiler.Bench.Measurement;

/// <summary>How a child process of this program is started, for what must be measured in a process of its own.</summary>
internal static class ThisProgram
{
    /// <summary>The executable, or the dotnet host and the assembly.</summary>
    public static string[] Command => Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet"
        ? [Environment.ProcessPath!, typeof(ThisProgram).Assembly.Location] : [Environment.ProcessPath!];
}
