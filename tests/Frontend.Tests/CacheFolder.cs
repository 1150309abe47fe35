namespace GraphCompiler.Frontend.Tests;

/// <summary>An object cache of a test's own, in the environment of this process: for tests that run alone.</summary>
internal sealed class CacheFolder : IDisposable
{
    private const string Variable = "GRAPHCOMPILER_CACHE";

    private readonly string? _before = Environment.GetEnvironmentVariable(Variable);
    private readonly string _folder = Directory.CreateTempSubdirectory("cache").FullName;

    public CacheFolder() => Environment.SetEnvironmentVariable(Variable, _folder);

    /// <summary>The files in it, by name.</summary>
    public string[] Entries => [.. Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(Variable, _before);
        Directory.Delete(_folder, recursive: true);
    }
}
