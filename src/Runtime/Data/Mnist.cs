namespace GraphCompiler.Runtime.Data;

/// <summary>Labelled images in memory.</summary>
/// <param name="Images">[count, rows, columns], row-major, each pixel in [0, 1].</param>
/// <param name="Labels">[count], each in [0, 9].</param>
/// <param name="Rows">Pixels from top to bottom, 28 for MNIST.</param>
/// <param name="Columns">Pixels from left to right, 28 for MNIST.</param>
public sealed record MnistSet(float[] Images, int[] Labels, int Rows, int Columns)
{
    /// <summary>Number of images and of labels.</summary>
    public int Count => Labels.Length;

    /// <summary>Pixels of one image.</summary>
    public int Pixels => Rows * Columns;
}

/// <summary>Loads the MNIST digits, or a set in the same files such as Fashion-MNIST.</summary>
public static class Mnist
{
    private const int Classes = 10;

    /// <summary>Loads <c>train-images-idx3-ubyte</c> and <c>train-labels-idx1-ubyte</c>, with or without <c>.gz</c>.</summary>
    /// <param name="folder">Where the files are.</param>
    /// <exception cref="RuntimeException">SGC6001 missing, SGC6002 wrong format, SGC6003 truncated, SGC6004 counts
    /// that differ or a label above 9.</exception>
    public static MnistSet LoadTrain(string folder) => Load(folder, "train");

    /// <summary>Loads <c>t10k-images-idx3-ubyte</c> and <c>t10k-labels-idx1-ubyte</c>, with or without <c>.gz</c>.</summary>
    /// <param name="folder">Where the files are.</param>
    /// <exception cref="RuntimeException">As <see cref="LoadTrain"/>.</exception>
    public static MnistSet LoadTest(string folder) => Load(folder, "t10k");

    private static MnistSet Load(string folder, string part)
    {
        ArgumentNullException.ThrowIfNull(folder);
        using var images = IdxFile.Open(Find(folder, $"{part}-images-idx3-ubyte"), IdxFile.ImagesMagic);
        using var labels = IdxFile.Open(Find(folder, $"{part}-labels-idx1-ubyte"), IdxFile.LabelsMagic);
        if (images.Dimensions[0] != labels.Dimensions[0])
            throw new RuntimeException(RuntimeCode.InconsistentData,
                $"{images.Path} has {images.Dimensions[0]} images, and {labels.Path} has {labels.Dimensions[0]} labels");
        return new MnistSet(ReadPixels(images), ReadLabels(labels), images.Dimensions[1], images.Dimensions[2]);
    }

    private static string Find(string folder, string name)
    {
        var plain = Path.Combine(folder, name);
        if (File.Exists(plain)) return plain;
        var compressed = plain + ".gz";
        return File.Exists(compressed)
            ? compressed
            : throw new RuntimeException(RuntimeCode.FileMissing,
                $"neither {name} nor {name}.gz exists in {folder}");
    }

    private static float[] ReadPixels(IdxFile file)
    {
        var bytes = file.ReadToEnd();
        var pixels = new float[bytes.Length];
        for (var i = 0; i < bytes.Length; i++)
            pixels[i] = bytes[i] / 255f;
        return pixels;
    }

    private static int[] ReadLabels(IdxFile file)
    {
        var bytes = file.ReadToEnd();
        var labels = new int[bytes.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] >= Classes)
                throw new RuntimeException(RuntimeCode.InconsistentData,
                    $"{file.Path}: label {i} is {bytes[i]}; labels are 0 to {Classes - 1}");
            labels[i] = bytes[i];
        }
        return labels;
    }
}
