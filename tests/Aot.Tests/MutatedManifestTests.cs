using System.Text.Json;
using System.Text.Json.Nodes;
using GraphCompiler.Runtime;
using GraphCompiler.Runtime.Deployment;
using Xunit;
using Xunit.Abstractions;

namespace GraphCompiler.Aot.Tests;

/// <summary>A manifest that was altered and hashed anew is refused with a code, or the model trains as before.</summary>
public sealed class MutatedManifestTests(MutatedManifestTests.Victim victim, ITestOutputHelper output)
    : IClassFixture<MutatedManifestTests.Victim>
{
    private const int Seed = 20251126;

    private static int Count => Environment.GetEnvironmentVariable("SGC_EXHAUSTIVE") == "1" ? 20_000 : 400;

    [Theory]
    [InlineData("arenaBytes", "0")]
    [InlineData("arenaBytes", "-1")]
    [InlineData("arenaBytes", "null")]
    [InlineData("variants", "[]")]
    [InlineData("variants", "null")]
    [InlineData("maxThreads", "2147483647")]
    [InlineData("maxThreads", "0")]
    [InlineData("symbol", "\"digits_create\"")]
    [InlineData("symbol", "\"abort\"")]
    [InlineData("type", "\"F64\"")]
    [InlineData("type", "99")]
    [InlineData("type", "\"F128\"")]
    [InlineData("role", "\"State\"")]
    [InlineData("shape", "[2147483647,2147483647,4]")]
    [InlineData("shape", "[-1]")]
    [InlineData("shape", "null")]
    [InlineData("files", "null")]
    [InlineData("files", "[]")]
    [InlineData("files", "[null]")]
    [InlineData("name", "\"/etc/passwd\"")]
    [InlineData("name", "\"../digits.h\"")]
    [InlineData("cpuFeatures", "[]")]
    [InlineData("cpuFeatures", "[null]")]
    [InlineData("cpuFeatures", "[\"mmx9\"]")]
    [InlineData("model", "\"../digits\"")]
    [InlineData("prediction", "[]")]
    [InlineData("prediction", "null")]
    [InlineData("parameters", "[\"nothing\"]")]
    [InlineData("sourceSha256", "\"\"")]
    public void A_field_that_was_changed_everywhere_is_refused(string field, string value)
    {
        var root = victim.Original();
        foreach (var owner in Nodes(root).OfType<JsonObject>().Where(o => o.ContainsKey(field))) owner[field] = JsonNode.Parse(value);
        victim.Write(root);
        Assert.Matches("^SGC(6001|7[0-9]{3})$", victim.Outcome());
    }

    [Fact]
    public void A_manifest_of_another_build_of_the_same_source_is_refused()
    {
        using var other = new BuiltModel("digits", "x86-64-v2", "x86-64-v3");
        // Its own library is the older one's, and the hash says so.
        var manifest = ModelManifest.Read(other["digits.json"]);
        var library = ModelManifest.Hash(File.ReadAllBytes(victim.Built["libdigits.so"]));
        var files = manifest.Files.Where(f => f.Name == "libdigits.so").Select(f => f with { Sha256 = library });
        File.WriteAllText(victim.Built["digits.json"], (manifest with { Files = [.. files] }).Serialize());
        Assert.Equal("SGC7202", victim.Outcome());
    }

    [Fact]
    public void Random_changes_are_refused_or_harmless()
    {
        output.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        victim.Write(victim.Original());
        Assert.Equal("trains", victim.Outcome());
        var refused = 0;
        for (var i = 0; i < Count; i++)
        {
            var root = victim.Original();
            for (var changes = random.Next(1, 4); changes > 0; changes--) Mutate(root, random);
            var text = victim.Write(root);
            var outcome = victim.Outcome();
            Assert.True(outcome == "trains" || outcome.StartsWith("SGC", StringComparison.Ordinal), $"change {i}: {outcome}\n{text}");
            if (outcome != "trains") refused++;
            InspectIsCoded(victim.Built["digits.json"], text);
        }
        Assert.InRange(refused, Count / 2, Count);
    }

    private static void InspectIsCoded(string path, string text)
    {
        var error = Record.Exception(() =>
        {
            var manifest = ModelManifest.Read(path);
            foreach (var file in manifest.Files) manifest.Verify(Path.GetDirectoryName(path)!, file);
        });
        Assert.True(error is null or RuntimeException, $"{error}\n{text}");
    }

    private static void Mutate(JsonObject root, Random random)
    {
        JsonNode[] nodes = [.. Nodes(root).Where(n => n is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })];
        if (nodes.Length == 0) return;
        switch (nodes[random.Next(nodes.Length)])
        {
            case JsonObject members:
                var key = members.ElementAt(random.Next(members.Count)).Key;
                if (random.Next(8) == 0) members.Remove(key);
                else members[key] = Changed(members[key], random);
                break;
            case JsonArray list:
                var at = random.Next(list.Count);
                if (random.Next(3) == 0) list.RemoveAt(at);
                else if (random.Next(3) == 0) list.Add(list[at]?.DeepClone());
                else list[at] = Changed(list[at], random);
                break;
        }
    }

    private static readonly string[] s_values = """
        null 0 -1 1 64 2147483647 9223372036854775807 1e300 0.5 true false [] {} [null] [1] [[]]
        "" "/etc/passwd" "../x" ".." "a\\b" "\u0000" "libdigits.so" "x.so" "F32" "F64" "I8" "Bool" "State" "Output" "loss" "output" "images"
        "digits_train_native" "avx512f" "mmx9" "native" "x86-64-v4"
        """.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static JsonNode? Changed(JsonNode? node, Random random)
    {
        // What was changed before may be a fraction, or beyond 64 bits.
        if (node is JsonValue value && value.TryGetValue(out long number) && random.Next(3) == 0)
            return unchecked(number + random.Next(-64, 65));
        if (node?.GetValueKind() == JsonValueKind.String && random.Next(4) == 0) return node.GetValue<string>() + "x";
        return JsonNode.Parse(s_values[random.Next(s_values.Length)]);
    }

    private static IEnumerable<JsonNode> Nodes(JsonNode? node)
    {
        if (node is null) return [];
        IEnumerable<JsonNode?> below = node switch { JsonObject o => o.Select(p => p.Value), JsonArray a => a, _ => [] };
        return below.ToList().SelectMany(Nodes).Prepend(node);
    }

    /// <summary>A model whose manifest is altered, and what then comes of loading it.</summary>
    public sealed class Victim : IDisposable
    {
        private readonly string _text;
        private readonly Type _type;
        private readonly float _loss;

        public Victim()
        {
            _text = File.ReadAllText(Built["digits.json"]);
            _type = Built.LoadType();
            _loss = Train();
        }

        internal BuiltModel Built { get; } = new("digits");

        public JsonObject Original() => JsonNode.Parse(_text)!.AsObject();

        /// <summary>Writes an altered manifest as the compiler would: in its own form, with its hash. What it would never write stays as it
        /// is.</summary>
        public string Write(JsonObject root)
        {
            var text = Rehashed(root);
            File.WriteAllText(Built["digits.json"], text);
            return text;
        }

        private static string Rehashed(JsonObject root)
        {
            try
            {
                return JsonSerializer.Deserialize(root, ManifestJson.Default.ModelManifest)!.Serialize();
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException)
            {
                return root.ToJsonString();
            }
        }

        /// <summary>The error's code, or that the model trains; anything else is told as it is.</summary>
        public string Outcome()
        {
            try
            {
                return Train() == _loss ? "trains" : "another loss";
            }
            catch (RuntimeException error)
            {
                return error.Code;
            }
            catch (Exception error)
            {
                return error.ToString();
            }
        }

        private float Train()
        {
            using var model = Built.Create(_type);
            var state = 1u;
            var (images, labels) = BuiltModel.Batch(ref state);
            return BuiltModel.Method<TrainStep>(model, "TrainStep")(images, labels);
        }

        public void Dispose() => Built.Dispose();
    }
}
