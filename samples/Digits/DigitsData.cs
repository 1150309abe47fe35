using System.IO.Compression;
using CsvHelper;
using GraphCompiler.Runtime;

namespace Digits;

/// <summary>Training and test examples: rows of features from 0 to 1, and labels 0 to 9.</summary>
internal sealed record Split(float[] TrainX, int[] TrainY, float[] TestX, int[] TestY, int Features);

/// <summary>The 1,797 UCI digits beside the program, a fifth of them held out by a fixed seed.</summary>
internal static class DigitsData
{
    private const int Pixels = 64;
    private const float Brightest = 16;

    public static Split Load()
    {
        var rows = Read(Path.Combine(AppContext.BaseDirectory, "data", "digits.csv.gz"));
        var order = Enumerable.Range(0, rows.Count).ToArray();
        new CounterRandom(seed: 2024).Shuffle(order);
        var held = rows.Count / 5;
        var (testX, testY) = Take(rows, order[..held]);
        var (trainX, trainY) = Take(rows, order[held..]);
        return new Split(trainX, trainY, testX, testY, Pixels);
    }

    private static List<int[]> Read(string path)
    {
        using var unzipped = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var csv = CsvReader.Create(unzipped, new CsvReaderOptions { HasHeader = false });
        var rows = new List<int[]>();
        while (csv.Read()) rows.Add([.. Enumerable.Range(0, Pixels + 1).Select(csv.Parse<int>)]);
        return rows;
    }

    private static (float[] X, int[] Y) Take(List<int[]> rows, int[] order) =>
        ([.. order.SelectMany(i => rows[i].Take(Pixels).Select(p => p / Brightest))], [.. order.Select(i => rows[i][Pixels])]);
}
