using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using GraphCompiler.Frontend;
using GraphCompiler.Runtime;
using GraphCompiler.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace GraphCompiler.Aot.Tests;

/// <summary>Files of weights that C writes and reads: the .NET runtime reads and writes the same, and refuses the same.</summary>
public sealed class WeightFileTests(ITestOutputHelper output) : IDisposable
{
    private readonly BuiltModel _built = new("digits");

    public void Dispose() => _built.Dispose();

    private string Compile()
    {
        var compile = BuiltModel.Run("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", _built.Folder,
            "-o", _built["weights"], Path.Combine(AppContext.BaseDirectory, "weights.c"),
            "-L", _built.Folder, "-ldigits", $"-Wl,-rpath,{_built.Folder}");
        Assert.Equal((0, ""), compile);
        return _built["weights"];
    }

    private static (int Status, double Sum, string Error)[] Run(string program, params string[] arguments)
    {
        var (code, text) = BuiltModel.Run(program, arguments);
        Assert.True(code == 0, text);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ', 3))
            .Select(w => (int.Parse(w[0], CultureInfo.InvariantCulture), double.Parse(w[1], CultureInfo.InvariantCulture), w[2]))];
    }

    private static double SumOf(VariableStore store, IEnumerable<string> names) =>
        names.Sum(n => store.Variable<float>(n).ToArray().Select((v, i) => v * (double)(i % 7 + 1)).Sum());

    [Fact]
    public void What_C_saves_dotnet_loads_and_writes_with_the_same_bytes()
    {
        var program = Compile();
        var file = _built["c.safetensors"];
        var (status, sum, error) = Run(program, "save", file)[0];
        Assert.True(status == 0, error);
        using var step = Models.Digits().Training.Compile(new CompileOptions { Threads = 1 });
        var names = Models.Digits().Training.Graph.ModelParameters.Select(p => p.Value.Name!).ToArray();
        step.Variables.LoadWeights(file);
        Assert.Equal(sum, SumOf(step.Variables, names), 1e-6 * Math.Abs(sum));
        step.Variables.SaveWeights(_built["net.safetensors"]);
        Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(_built["net.safetensors"]));
        step.Variable<float>(names[0]).Fill(0.25f);
        step.Variables.SaveWeights(_built["net.safetensors"]);
        var (loaded, back, _) = Run(program, "load", _built["net.safetensors"])[0];
        Assert.Equal(0, loaded);
        Assert.Equal(SumOf(step.Variables, names), back, 1e-6 * Math.Abs(back));
        Assert.Equal(6001, Run(program, "save", _built["missing/x"])[0].Status);
        Assert.Equal(6001, Run(program, "load", _built.Folder)[0].Status);
        Assert.Empty(Directory.EnumerateFiles(_built.Folder, "*.tmp"));
    }

    [Fact]
    public void Mutated_files_are_refused_with_the_codes_of_dotnet_and_change_nothing()
    {
        const int Count = 300;
        var (seed, program) = (Seed.Given ?? 1, Compile());
        var random = new Random(seed);
        using var step = Models.Digits().Training.Compile(new CompileOptions { Threads = 1 });
        step.Variables.SaveWeights(_built["whole"]);
        var whole = File.ReadAllBytes(_built["whole"]);
        var files = Enumerable.Range(0, Count).Select(i => _built[$"{i}.bin"]).ToArray();
        foreach (var file in files) File.WriteAllBytes(file, Mutated(whole, random));
        var results = Run(program, ["load", .. files]);
        var untouched = Run(program, "load", _built["none"])[0].Sum;
        var codes = new Dictionary<string, int>();
        for (var i = 0; i < Count; i++)
        {
            var expected = "SGC0";
            try
            {
                step.Variables.LoadWeights(files[i]);
            }
            catch (RuntimeException error)
            {
                expected = error.Code;
            }
            var found = $"SGC{results[i].Status}";
            Assert.True(expected == found, $"seed {seed}, file {i}: .NET says {expected}, C {found}: {results[i].Error}");
            Assert.True(results[i].Status == 0 || results[i].Sum == untouched || results[..i].Any(r => r.Status == 0),
                $"seed {seed}, file {i} changed a parameter and was refused");
            codes[expected] = codes.GetValueOrDefault(expected) + 1;
        }
        output.WriteLine($"seed {seed}: {string.Join(", ", codes.Select(c => $"{c.Value} {c.Key}"))}");
        Assert.All((string[])["SGC6002", "SGC6003", "SGC6005", "SGC6006"], c => Assert.True(codes.GetValueOrDefault(c) > 0, $"no {c}"));
    }

    // Bytes that change, go, come and repeat, in the header above all; with the length of the header put right for some, and without
    // checksums for some, so that what is behind them is met.
    private static byte[] Mutated(byte[] whole, Random random)
    {
        var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(whole);
        var header = new StringBuilder(Encoding.Latin1.GetString(whole, 8, length));
        if (random.Next(2) == 0) header.Remove(1, header.ToString().IndexOf("},", StringComparison.Ordinal) + 1);
        string[] pieces = ["\"", "{", "}", "[", "],", ",", ":", "\\u0041", "\\ud800", "9", "99999999999999999999", "-", "x", "F16", "\0",
            "\n"];
        for (var i = random.Next(1, 3); i > 0; i--)
        {
            var at = random.Next(header.Length);
            var some = Math.Min(random.Next(1, 12), header.Length - at);
            switch (random.Next(5))
            {
                case 0: header.Remove(at, some); break;
                case 1: header.Insert(at, pieces[random.Next(pieces.Length)]); break;
                case 2: header.Insert(at, header.ToString(at, some)); break;
                case 3: header[at] = (char)random.Next(1, 127); break;
                default: header.Replace("hidden", "hiddem", 0, header.Length); break;
            }
        }
        byte[] data = [.. new byte[8], .. Encoding.Latin1.GetBytes(header.ToString()), .. whole[(8 + length)..]];
        BinaryPrimitives.WriteUInt64LittleEndian(data, (ulong)(random.Next(8) == 0 ? length : header.Length));
        if (random.Next(8) == 0) data = data[..random.Next(data.Length)];
        return data;
    }
}
