using System.Collections.Immutable;
using GraphCompiler.Runtime;
using GraphCompiler.Training.Data;
using SkiaSharp;

namespace GraphCompiler.Training.Formats;

/// <summary>A folder of pictures, a folder within it for each class, decoded by SkiaSharp.</summary>
public sealed class ImageFolder
{
    private static readonly HashSet<string> s_endings = new(StringComparer.OrdinalIgnoreCase) { ".png", ".jpg", ".jpeg", ".webp", ".bmp" };

    private readonly ImmutableArray<(string Path, int Class)> _files;

    /// <summary>Lists a folder; no picture is read.</summary>
    /// <param name="path">Its folders are the classes, in the order of their names; files that end with .png, .jpg, .jpeg, .webp or .bmp
    /// are the examples, in the order of theirs.</param>
    /// <exception cref="RuntimeException">SGC6001: it cannot be read. SGC6004: there are no classes, or no pictures.</exception>
    public ImageFolder(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string[] folders = VariableStore.Attempt($"'{path}' cannot be read",
            () => Directory.GetDirectories(path).Order(StringComparer.Ordinal).ToArray());
        Classes = [.. folders.Select(f => Path.GetFileName(f)!)];
        _files = VariableStore.Attempt($"'{path}' cannot be read", () => folders.SelectMany((folder, i) => Directory.GetFiles(folder)
            .Where(f => s_endings.Contains(Path.GetExtension(f))).Order(StringComparer.Ordinal).Select(f => (f, i))).ToImmutableArray());
        if (_files.IsEmpty)
            throw new RuntimeException(RuntimeCode.InconsistentData, $"'{path}' has no pictures in {folders.Length} classes");
    }

    /// <summary>The classes, in the order of their numbers.</summary>
    public ImmutableArray<string> Classes { get; }

    /// <summary>Pictures of all classes.</summary>
    public int Count => _files.Length;

    /// <summary>The pictures as examples, read when they are asked for: f32[height, width, 3] from 0 to 1, and the number of the
    /// class.</summary>
    /// <param name="width">To which each is resized.</param>
    /// <param name="height">To which each is resized.</param>
    /// <param name="images">The name of the step's input of pictures.</param>
    /// <param name="labels">The name of the step's input of classes, i32.</param>
    /// <exception cref="RuntimeException">SGC5011: no size, or names that are missing or equal. When a picture is read: SGC6001: it cannot
    /// be; SGC6002: it is none.</exception>
    public Examples Open(int width, int height, string images = "images", string labels = "labels")
    {
        const int Channels = 3, Most = 1 << 14;
        if (width is < 1 or > Most || height is < 1 or > Most)
            throw new RuntimeException(RuntimeCode.BadArgument, $"pictures of {width}×{height} pixels; from 1 to {Most} each");
        return Examples.From(() => _files, c => c
            .Add<float>(images, checked(width * height * Channels), (file, to) => Read(file.Path, width, height, to))
            .Add(labels, file => file.Class));
    }

    private static void Read(string path, int width, int height, Span<float> to)
    {
        var bytes = VariableStore.Attempt($"'{path}' cannot be read", () => File.ReadAllBytes(path));
        using var data = SKData.CreateCopy(bytes);
        using var codec = SKCodec.Create(data) ?? throw new RuntimeException(RuntimeCode.WrongFormat, $"'{path}' is no picture");
        using var decoded = SKBitmap.Decode(codec) ?? throw new RuntimeException(RuntimeCode.WrongFormat, $"'{path}' is damaged");
        var size = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        using var sized = decoded.Resize(size, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear))
            ?? throw new RuntimeException(RuntimeCode.WrongFormat, $"'{path}' cannot be resized to {width}×{height}");
        var pixels = sized.GetPixelSpan();
        for (var i = 0; i < width * height; i++)
            for (var c = 0; c < 3; c++) to[3 * i + c] = pixels[4 * i + c] / 255f;
    }
}
