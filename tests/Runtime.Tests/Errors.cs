using Xunit;

namespace GraphCompiler.Runtime.Tests;

internal static class Errors
{
    /// <summary>The action must fail with this code, and its message must have the code and every given part.</summary>
    public static void Expect(string code, Action action, params string[] parts)
    {
        var error = Assert.Throws<RuntimeException>(action);
        Assert.Equal(code, error.Code);
        Assert.StartsWith($"error {code}: ", error.Message, StringComparison.Ordinal);
        foreach (var part in parts)
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }
}
