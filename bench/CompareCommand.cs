using System.Text.Json;
using GraphCompiler.Bench.Measurement;

namespace GraphCompiler.Bench;

/// <summary>The verb <c>compare</c>: whether the rows of a run fell behind those of an older one.</summary>
/// <remarks>Ratios to another side in the same rounds are compared, not times: what slows the machine slows both. A row fell if the spread
/// of its ratio lies below the old one's, so that they have no ratio in common.</remarks>
internal static class CompareCommand
{
    /// <summary>The code of a file that cannot be read; as graphc's.</summary>
    private const string FileError = "SGC7002";

    /// <summary>What became of a ratio.</summary>
    internal enum Verdict
    {
        Same, Fell, Rose, Failed, Missing, NoSpread
    }

    /// <summary>A ratio of a row, then and now.</summary>
    internal sealed record Change(string Name, string Side, Verdict Verdict, string Old, string New);

    /// <summary>Returns 0 if no row fell or failed, 1 if one did, 2 if nothing could be compared.</summary>
    public static int Run(string oldPath, string newPath)
    {
        if (Read(oldPath) is not { } old || Read(newPath) is not { } current) return 2;
        foreach (var warning in Warnings(old, current)) Console.WriteLine($"warning: {warning}");
        var changes = Compare(old, current);
        Console.WriteLine($"{"row",-48}{"beside",8}{"old",21}{"new",21}  verdict");
        foreach (var c in changes) Console.WriteLine($"{c.Name,-48}{c.Side,8}{c.Old,21}{c.New,21}  {Text(c.Verdict)}");
        var fell = changes.Count(c => c.Verdict is Verdict.Fell or Verdict.Failed);
        Console.WriteLine($"{fell} of {changes.Count} fell");
        if (changes.Any(c => c.Verdict is not (Verdict.Missing or Verdict.NoSpread))) return fell > 0 ? 1 : 0;
        Console.Error.WriteLine($"error {FileError}: {oldPath} and {newPath} have no ratio with a spread in common, "
            + "so nothing is compared; write both with --json and the same --threads and --filter.");
        return 2;
    }

    /// <summary>The ratios of the old rows, and what became of them.</summary>
    internal static IReadOnlyList<Change> Compare(Run old, Run current)
    {
        var changes = new List<Change>();
        foreach (var row in old.Rows.Where(r => r.Failure is null))
        {
            var now = current.Rows.FirstOrDefault(r => r.Name == row.Name && r.Threads == row.Threads);
            Add("torch", row.TorchOverCompiled, row.TorchOverCompiledSpread, now?.TorchOverCompiled, now?.TorchOverCompiledSpread);
            Add("tape", row.TapeOverCompiled, row.TapeOverCompiledSpread, now?.TapeOverCompiled, now?.TapeOverCompiledSpread);

            void Add(string side, double? oldRatio, Spread? oldSpread, double? newRatio, Spread? newSpread)
            {
                if (oldRatio is null) return;
                var verdict = now is { Failure: not null } ? Verdict.Failed : newRatio is null ? Verdict.Missing : Of(oldSpread, newSpread);
                changes.Add(new($"{row.Name}, {row.Threads} threads", side, verdict, Measurement.Run.Ratio(oldRatio, oldSpread),
                    Measurement.Run.Ratio(newRatio, newSpread)));
            }
        }
        return changes;
    }

    internal static Verdict Of(Spread? old, Spread? current) =>
        old is null || current is null ? Verdict.NoSpread
            : current.P90 < old.P10 ? Verdict.Fell : current.P10 > old.P90 ? Verdict.Rose : Verdict.Same;

    private static string Text(Verdict verdict) => verdict switch
    {
        Verdict.Same => "within the spread",
        Verdict.Fell => "FELL",
        Verdict.Rose => "rose",
        Verdict.Failed => "FAILED: its losses differ",
        Verdict.Missing => "not in the new run",
        _ => "no spread is recorded",
    };

    private static IEnumerable<string> Warnings(Run old, Run current)
    {
        if (old.Cpu != current.Cpu) yield return $"other processors: {old.Cpu}, and {current.Cpu}";
        foreach (var (side, level) in old.SideLevels)
            if (current.SideLevels.TryGetValue(side, out var now) && now != level)
                yield return $"{side} used {level}, and now {now}";
        if (old.IsSteady == false) yield return $"the old run is not steady: its peaks differ by {old.PeaksDifference:p0}";
        if (current.IsSteady == false) yield return $"the new run is not steady: its peaks differ by {current.PeaksDifference:p0}";
    }

    private static Run? Read(string path)
    {
        try
        {
            return Measurement.Run.Read(path) switch
            {
                { Rows: null } or { SideLevels: null } => throw new InvalidDataException("it has no rows"),
                var run when run.Rows.Any(r => r?.Name is null) => throw new InvalidDataException("a row has no name"),
                var run => run,
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidDataException
            or ArgumentException or NotSupportedException)
        {
            Console.Error.WriteLine($"error {FileError}: {path} cannot be read as figures of steps or micro --json: {e.Message}");
            return null;
        }
    }
}
