using System.Globalization;

namespace GraphCompiler.Backend.Llvm;

/// <summary>Data cache sizes in bytes, as one core sees them; they set the blocking of contractions.</summary>
/// <param name="L1">First level, data.</param>
/// <param name="L2">Second level.</param>
/// <param name="L3">Third level, shared between cores.</param>
public sealed record CacheSizes(long L1, long L2, long L3)
{
    /// <summary>What most x86-64 cores since 2013 have at the least: 32 KiB, 1 MiB, 8 MiB.</summary>
    public static CacheSizes Default { get; } = new(32 << 10, 1 << 20, 8 << 20);

    /// <summary>The host's sizes where the system reports them (Linux sysfs), defaults otherwise.</summary>
    public static CacheSizes OfHost() => Read("/sys/devices/system/cpu/cpu0/cache");

    internal static CacheSizes Read(string directory)
    {
        var sizes = Default;
        if (!Directory.Exists(directory))
            return sizes;
        foreach (var index in Directory.EnumerateDirectories(directory, "index*"))
        {
            if (Text(index, "type") is not ("Data" or "Unified") || Bytes(Text(index, "size")) is not { } bytes)
                continue;
            sizes = Text(index, "level") switch
            {
                "1" => sizes with { L1 = bytes },
                "2" => sizes with { L2 = bytes },
                "3" => sizes with { L3 = bytes },
                _ => sizes,
            };
        }
        return sizes;
    }

    private static string? Text(string index, string name)
    {
        var file = Path.Combine(index, name);
        return File.Exists(file) ? File.ReadAllText(file).Trim() : null;
    }

    private static long? Bytes(string? size)
    {
        if (string.IsNullOrEmpty(size))
            return null;
        var unit = size[^1] switch { 'K' => 1L << 10, 'M' => 1L << 20, 'G' => 1L << 30, _ => 1L };
        var digits = unit == 1 ? size : size[..^1];
        return long.TryParse(digits, CultureInfo.InvariantCulture, out var count) && count > 0 ? count * unit : null;
    }
}
