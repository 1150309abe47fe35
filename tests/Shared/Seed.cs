using System.Globalization;

namespace GraphCompiler.Tests.Shared;

/// <summary>Where random tests start: SGC_SEED, or null for each test's own.</summary>
internal static class Seed
{
    /// <summary>The seed that the environment gives.</summary>
    public static int? Given =>
        int.TryParse(Environment.GetEnvironmentVariable("SGC_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out var seed)
            ? seed : null;
}
