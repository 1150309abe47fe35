using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace GraphCompiler.Aot;

/// <summary>Links a shared library with the system's C compiler, which also compiles the model's C part.</summary>
internal static class Linker
{
    // What the tools print for ENOSPC and EDQUOT in the C locale.
    private static readonly string[] s_diskFull = ["No space left on device", "Disk quota exceeded", "disk full"];

    /// <summary>Runs <c>$CC</c>, which may have arguments as in <c>gcc -m64</c>, or cc, gcc or clang, in a folder that also takes its
    /// temporary files.</summary>
    /// <param name="folder">Where sources are and the output goes.</param>
    /// <param name="output">The library's file name.</param>
    /// <param name="sources">Names of C files and objects.</param>
    /// <param name="starts">Starts each process; one that can be ended with the build.</param>
    /// <exception cref="AotException">SGC7101: there is no C compiler. SGC7110: it failed. SGC7111: the disk is full.</exception>
    public static void Link(string folder, string output, IEnumerable<string> sources, Func<ProcessStartInfo, Process?> starts)
    {
        var own = Environment.GetEnvironmentVariable("CC");
        string[][] candidates = string.IsNullOrWhiteSpace(own) ? [["cc"], ["gcc"], ["clang"]] : [Words(own)];
        foreach (var command in candidates)
            if (TryLink(command, folder, output, sources, starts)) return;
        throw new AotException("SGC7101",
            $"linking '{output}' needs a C compiler, and there is no {string.Join(", ", candidates.Select(c => c[0]))};"
            + " install one (Debian, Ubuntu: apt-get install gcc libc6-dev), name it in CC, or leave 'shared' out of --emit");
    }

    /// <summary>The words of a command line: blanks separate, quotes and a backslash keep what they quote, as in a shell.</summary>
    internal static string[] Words(string line)
    {
        var words = new List<string>();
        var (word, quote) = (default(StringBuilder), '\0');
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (word is not null) words.Add(word.ToString());
                word = null;
                continue;
            }
            word ??= new();
            if (c == quote) quote = '\0';
            else if (quote == '\0' && c is '\'' or '"') quote = c;
            else if (c == '\\' && quote != '\'' && i + 1 < line.Length) word.Append(line[++i]);
            else word.Append(c);
        }
        if (word is not null) words.Add(word.ToString());
        return [.. words];
    }

    private static bool TryLink(string[] command, string folder, string output, IEnumerable<string> sources,
        Func<ProcessStartInfo, Process?> starts)
    {
        if (command[0].Length == 0) return false; // CC is a pair of quotes.
        var start = new ProcessStartInfo(command[0]) { WorkingDirectory = folder, RedirectStandardError = true };
        // Messages are looked into; temporary files go away with the folder, whatever ends the compiler.
        start.Environment["LC_ALL"] = "C";
        start.Environment["TMPDIR"] = Path.GetFullPath(folder);
        string[] arguments = [.. command[1..], "-shared", "-fPIC", "-O2", "-std=gnu11", "-fvisibility=hidden", "-pthread", "-s",
            "-Wl,--build-id=none", "-Wl,--no-undefined", $"-Wl,-soname,{output}", "-o", output, .. sources];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        Process process;
        try
        {
            process = starts(start)!;
        }
        catch (Win32Exception)
        {
            return false; // Not on the path: the next candidate is tried, and none is an error of its own.
        }
        using (process)
        {
            var messages = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode == 0) return true;
            throw s_diskFull.Any(m => messages.Contains(m, StringComparison.OrdinalIgnoreCase))
                ? new AotException("SGC7111", $"the disk became full while '{output}' was linked in '{folder}':\n{messages}")
                : new AotException("SGC7110", $"{string.Join(' ', command)} failed to link '{output}':\n{messages}");
        }
    }
}
