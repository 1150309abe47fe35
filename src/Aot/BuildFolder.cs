using System.Diagnostics;
using System.Runtime.InteropServices;

namespace GraphCompiler.Aot;

/// <summary>A private folder inside of the output folder for everything that a build writes before it is whole.</summary>
/// <remarks>
/// It is on the output's file system, so that finished files are renamed into place. It is removed when the build ends, and on SIGINT,
/// SIGTERM, SIGHUP and SIGQUIT together with the linker that runs in it; then the signal ends the process as it would have. What a killed
/// process left, the next build into the same folder removes when it is older than any build takes.
/// </remarks>
internal sealed class BuildFolder : IDisposable
{
    private const string Prefix = ".graphc-";
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private static readonly TimeSpan s_longestBuild = TimeSpan.FromHours(1);

    private readonly PosixSignalRegistration[] _signals;
    private readonly Lock _lock = new();
    private Process? _linker;
    private bool _removed;

    /// <summary>Makes the folder, and the output folder if it is missing.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made.</exception>
    public BuildFolder(string output)
    {
        Directory.CreateDirectory(output);
        Sweep(output);
        FullPath = Path.GetFullPath(Path.Combine(output, $"{Prefix}{Guid.NewGuid():N}"));
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(FullPath);
        else Directory.CreateDirectory(FullPath, Private);
        PosixSignal[] signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];
        _signals = [.. signals.Select(s => PosixSignalRegistration.Create(s, _ => Abandon()))];
    }

    /// <summary>The folder.</summary>
    public string FullPath { get; }

    /// <summary>Starts a process that ends too when a signal ends the build, however soon the signal comes.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program.</exception>
    public Process Start(ProcessStartInfo linker)
    {
        lock (_lock) return _linker = Process.Start(linker)!;
    }

    /// <summary>Removes the folder.</summary>
    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
        lock (_lock) Remove();
    }

    private void Abandon()
    {
        lock (_lock)
        {
            if (_linker is { } linker) End(linker);
            Remove();
        }
    }

    private static void End(Process linker)
    {
        try
        {
            linker.Kill(entireProcessTree: true);
            linker.WaitForExit();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself, and the build is past it.
        }
    }

    private void Remove()
    {
        if (_removed) return;
        _removed = true;
        if (Directory.Exists(FullPath)) Directory.Delete(FullPath, recursive: true);
    }

    private static void Sweep(string output)
    {
        var oldest = DateTime.UtcNow - s_longestBuild;
        foreach (var folder in new DirectoryInfo(output).EnumerateDirectories($"{Prefix}*"))
        {
            var isOurs = folder.LinkTarget is null && Guid.TryParseExact(folder.Name[Prefix.Length..], "N", out _);
            if (isOurs && folder.LastWriteTimeUtc < oldest) TryDelete(folder);
        }
    }

    private static void TryDelete(DirectoryInfo folder)
    {
        try
        {
            folder.Delete(recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another build removes it at this moment, or another user left it: neither is this build's concern.
        }
    }
}
