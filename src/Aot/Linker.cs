using System.ComponentModel;
using System.Diagnostics;

namespace GraphCompiler.Aot;

/// <summary>Links a shared library with the system's C compiler, which also compiles the model's C part.</summary>
internal static class Linker
{
    /// <summary>Runs <c>$CC</c>, or cc, gcc or clang, in a folder.</summary>
    /// <exception cref="AotException">SGC7101: there is none, or it failed.</exception>
    public static void Link(string folder, string output, IEnumerable<string> sources)
    {
        var own = Environment.GetEnvironmentVariable("CC");
        string[] candidates = string.IsNullOrEmpty(own) ? ["cc", "gcc", "clang"] : [own];
        foreach (var compiler in candidates)
            if (TryLink(compiler, folder, output, sources)) return;
        throw new AotException("SGC7101", $"linking '{output}' needs a C compiler, and there is no {string.Join(", ", candidates)};"
            + " install one (Debian, Ubuntu: apt-get install gcc libc6-dev), name it in CC, or leave 'shared' out of --emit");
    }

    private static bool TryLink(string compiler, string folder, string output, IEnumerable<string> sources)
    {
        var start = new ProcessStartInfo(compiler) { WorkingDirectory = folder, RedirectStandardError = true };
        foreach (var argument in (string[])["-shared", "-fPIC", "-O2", "-std=gnu11", "-fvisibility=hidden", "-pthread", "-s",
            "-Wl,--build-id=none", "-Wl,--no-undefined", $"-Wl,-soname,{output}", "-o", output, .. sources])
            start.ArgumentList.Add(argument);
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            return false; // Not on the path: the next candidate is tried, and none is an error of its own.
        }
        using (process)
        {
            var messages = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? true : throw new AotException("SGC7101", $"{compiler} failed to link '{output}':\n{messages}");
        }
    }
}
