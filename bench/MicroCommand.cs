using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;

namespace GraphCompiler.Bench;

/// <summary>The verb <c>micro</c>.</summary>
internal static class MicroCommand
{
    public static int Run(string[] arguments)
    {
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly).Run(arguments, DefaultConfig.Instance);
        return summaries.All(s => s.Reports.All(r => r.Success)) ? 0 : 1;
    }
}
