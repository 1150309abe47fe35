using System.IO.Compression;

namespace Gpt;

/// <summary>The texts beside the program.</summary>
internal static class Data
{
    public static string Shakespeare() => Read("shakespeare.txt.gz");

    public static string[] Names() => Read("names.txt.gz").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Read(string name)
    {
        var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "data", name));
        using var unzipped = new GZipStream(file, CompressionMode.Decompress);
        using var reader = new StreamReader(unzipped);
        return reader.ReadToEnd();
    }
}
