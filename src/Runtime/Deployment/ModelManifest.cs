using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace GraphCompiler.Runtime.Deployment;

/// <summary>One buffer of a compiled model.</summary>
/// <param name="Name">Unique within its program.</param>
/// <param name="Role">Input, State or Output.</param>
/// <param name="Type">The type of the elements.</param>
/// <param name="Shape">Sizes, outermost first; empty for a scalar.</param>
public sealed record ManifestBuffer(string Name, BufferRole Role, ElementType Type, ImmutableArray<int> Shape)
{
    internal BufferLayout ToLayout() => BufferLayout.Dense(Name, Role, Type, Shape.AsSpan());
}

/// <summary>Native code of one entry.</summary>
/// <param name="Symbol">The exported function, of the signature in <see cref="KernelAbi"/>.</param>
/// <param name="ArenaBytes">Bytes of scratch memory.</param>
/// <param name="Parallel">Whether workers share the work.</param>
/// <param name="UpdatesStates">Whether a run writes any state.</param>
public sealed record ManifestEntry(string Symbol, long ArenaBytes, bool Parallel, bool UpdatesStates);

/// <summary>Native code of a model for one number of rows.</summary>
/// <param name="Training">The training step or function.</param>
/// <param name="Prediction">The prediction; null if the model declares none.</param>
public sealed record ManifestEntries(ManifestEntry Training, ManifestEntry? Prediction);

/// <summary>The buffers of a model for one number of rows.</summary>
/// <param name="Rows">Rows of a batch; 0 where the model is declared for one size alone.</param>
/// <param name="Training">Buffers of the training step or function, in order.</param>
/// <param name="Prediction">Buffers of the prediction, in order; empty if there is none.</param>
public sealed record ManifestSize(int Rows, ImmutableArray<ManifestBuffer> Training, ImmutableArray<ManifestBuffer> Prediction);

/// <summary>The model compiled for one processor level.</summary>
/// <param name="Target">The level's name, or native.</param>
/// <param name="CpuFeatures">The features that the code may use; all are needed.</param>
/// <param name="ObjectSha256">SHA-256 of the object, lower-case hexadecimal.</param>
/// <param name="Training">The training step or function, of several sizes for the first.</param>
/// <param name="Prediction">The prediction, likewise; null if the model declares none.</param>
public sealed record ManifestVariant(
    string Target, ImmutableArray<string> CpuFeatures, string ObjectSha256, ManifestEntry Training, ManifestEntry? Prediction)
{
    /// <summary>The code of <see cref="ModelManifest.OtherSizes"/>, in their order.</summary>
    public ImmutableArray<ManifestEntries> OtherSizes { get; init; } = [];

    /// <summary>The code of <see cref="ModelManifest.Sizes"/>, in their order.</summary>
    [JsonIgnore]
    public ImmutableArray<ManifestEntries> Sizes => [new(Training, Prediction), .. OtherSizes];
}

/// <summary>A file of the artefact.</summary>
/// <param name="Name">File name, in the manifest's folder.</param>
/// <param name="Sha256">Of its bytes, lower-case hexadecimal.</param>
public sealed record ManifestFile(string Name, string Sha256);

/// <summary>What a compiled model consists of and needs: the file NAME.json.</summary>
public sealed record ModelManifest
{
    /// <summary>The model's name.</summary>
    public required string Model { get; init; }
    /// <summary><see cref="KernelAbi.Version"/> of the compiler.</summary>
    public required int Abi { get; init; }
    /// <summary>Version of the compiler.</summary>
    public required string Compiler { get; init; }
    /// <summary>Processor architecture and system, as x64-linux.</summary>
    public required string Platform { get; init; }
    /// <summary>SHA-256 of the model's IR text; the facade carries it too.</summary>
    public required string SourceSha256 { get; init; }
    /// <summary>The most threads that the arena has room for.</summary>
    public required int MaxThreads { get; init; }
    /// <summary>Whether the first program is a function of any outputs, not a training step, whose first output is its loss.</summary>
    public required bool IsFunction { get; init; }
    /// <summary>Rows of the batches that <see cref="Training"/> and <see cref="Prediction"/> are for; 0 where the model is declared for one
    /// size alone.</summary>
    public int Rows { get; init; }
    /// <summary>Buffers of the training step or function, in order.</summary>
    public required ImmutableArray<ManifestBuffer> Training { get; init; }
    /// <summary>Buffers of the prediction, in order; empty if there is none.</summary>
    public required ImmutableArray<ManifestBuffer> Prediction { get; init; }
    /// <summary>The same for batches of other sizes, over the same states.</summary>
    public ImmutableArray<ManifestSize> OtherSizes { get; init; } = [];
    /// <summary>The states that users name: variables, and of the optimizer rates and averages. The others are its own.</summary>
    public required ImmutableArray<string> Parameters { get; init; }
    /// <summary>The parameters that are rates, set between steps: f64 scalars.</summary>
    public ImmutableArray<string> Rates { get; init; } = [];
    /// <summary>The states that files of weights have: those that are no optimizer's.</summary>
    public ImmutableArray<string> Weights { get; init; } = [];
    /// <summary>The states whose first elements the library holds, in its order; the others are zero at first.</summary>
    public ImmutableArray<string> Initial { get; init; } = [];
    /// <summary>Best first.</summary>
    public required ImmutableArray<ManifestVariant> Variants { get; init; }
    /// <summary>All files except the manifest.</summary>
    public required ImmutableArray<ManifestFile> Files { get; init; }
    /// <summary>SHA-256 of this file's text with this value empty.</summary>
    public string Sha256 { get; init; } = "";

    /// <summary>The running system in the manifest's words.</summary>
    public static string HostPlatform =>
        $"{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}-"
        + (OperatingSystem.IsLinux() ? "linux" : OperatingSystem.IsMacOS() ? "macos" : "windows");

    /// <summary>The file that has the code.</summary>
    [JsonIgnore]
    public string Library => $"lib{Model}.so";

    /// <summary>All sizes of batches, the first included.</summary>
    [JsonIgnore]
    public ImmutableArray<ManifestSize> Sizes => [new(Rows, Training, Prediction), .. OtherSizes];

    /// <summary>What a checkpoint of the model's states begins with: SHA-256 of their names, types and shapes.</summary>
    [JsonIgnore]
    public string StatesSha256 => Convert.ToHexStringLower(VariableStore.HashOf(
        Training.Where(b => b.Role == BufferRole.State).Select(b => new VariableInfo(b.Name, b.Type, b.Shape, VariableRole.State))));

    /// <summary>The text that the library carries of the manifest it was linked with: all except the hashes of files.</summary>
    [JsonIgnore]
    public string Contents => Text(this with { Files = [], Sha256 = "" });

    /// <summary>The text of NAME.json, its own hash filled in.</summary>
    public string Serialize() => Text(this with { Sha256 = Hash(Encoding.UTF8.GetBytes(Text(this with { Sha256 = "" }))) });

    /// <summary>Reads and checks a manifest.</summary>
    /// <param name="path">NAME.json.</param>
    /// <exception cref="RuntimeException">SGC6001: no such file, or it cannot be read. SGC7201: not a manifest, truncated, altered, or one
    /// that contradicts itself. SGC7203: of another ABI.</exception>
    public static ModelManifest Read(string path)
    {
        if (!File.Exists(path))
            throw new RuntimeException(RuntimeCode.FileMissing,
                $"there is no manifest '{path}'; copy it beside the program with the model's other files");
        var text = Encoding.UTF8.GetString(ReadBytes(path));
        var manifest = Parse(path, text);
        if (manifest.Abi != KernelAbi.Version)
            throw new RuntimeException(RuntimeCode.AbiMismatch, $"'{path}' was built for runtime ABI {manifest.Abi}, and this runtime has"
                + $" {KernelAbi.Version}; build the model again with this version");
        if (ManifestCheck.Refusal(manifest) is { } refusal)
            throw new RuntimeException(RuntimeCode.BadManifest,
                $"the manifest '{path}' contradicts itself: {refusal}; build the model again");
        if (manifest.Serialize() != text)
            throw new RuntimeException(RuntimeCode.BadManifest,
                $"the manifest '{path}' was altered after it was built; build the model again");
        return manifest;
    }

    private static ModelManifest Parse(string path, string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, ManifestJson.Default.ModelManifest) ?? throw new JsonException("it is null");
        }
        catch (JsonException error)
        {
            throw new RuntimeException(RuntimeCode.BadManifest, $"'{path}' is not a manifest, or is truncated: {error.Message}", error);
        }
    }

    internal static byte[] ReadBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new RuntimeException(RuntimeCode.FileMissing, $"'{path}' cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Refuses a file whose bytes are not those of the build.</summary>
    /// <exception cref="RuntimeException">SGC6001: missing, or it cannot be read. SGC7202: altered.</exception>
    public void Verify(string folder, ManifestFile file)
    {
        var path = Path.Combine(folder, file.Name);
        if (!File.Exists(path))
            throw new RuntimeException(RuntimeCode.FileMissing, $"model '{Model}' needs '{path}', which is missing");
        var found = Hash(ReadBytes(path));
        if (found != file.Sha256)
            throw new RuntimeException(RuntimeCode.AlteredArtefact,
                $"'{path}' was altered or truncated: its SHA-256 is {found}, the manifest says {file.Sha256}; build the model again");
    }

    /// <summary>SHA-256 in lower-case hexadecimal.</summary>
    public static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static string Text(ModelManifest manifest) => JsonSerializer.Serialize(manifest, ManifestJson.Default.ModelManifest);
}

[JsonSourceGenerationOptions(WriteIndented = true, UseStringEnumConverter = true, NewLine = "\n",
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ModelManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext;
