using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>Fills a parameter before training. The same seed and name give the same elements, whatever else a model holds.</summary>
public abstract partial record Initializer
{
    private const double TruncatedAt = 2;
    // Of a normal distribution that is cut there: √(1 - 4·φ(2) / (2·Φ(2) - 1)).
    private const double TruncatedDeviation = 0.87962566103423978;

    /// <summary>What a variance is divided by. Of a kernel [taps…, n, m], taps counted in: n, m, or their mean.</summary>
    public enum Fan
    {
        /// <summary>The inputs of a unit, taps · n, which keeps the variance of activations.</summary>
        In,
        /// <summary>The outputs of a unit, taps · m, which keeps the variance of gradients.</summary>
        Out,
        /// <summary>The mean of both.</summary>
        Average,
    }

    /// <summary>What elements of a variance are drawn from.</summary>
    public enum Distribution
    {
        /// <summary>A normal distribution.</summary>
        Normal,
        /// <summary>A normal distribution of which what is beyond two deviations is drawn anew; its deviation is made up for.</summary>
        TruncatedNormal,
        /// <summary>A uniform distribution.</summary>
        Uniform,
    }

    /// <summary>Zeros.</summary>
    public static Initializer Zeros { get; } = new Filled(0);
    /// <summary>Ones.</summary>
    public static Initializer Ones { get; } = new Filled(1);
    /// <summary>Normal with variance 2 / fan-in, for ReLU (He et al. 2015).</summary>
    public static Initializer HeNormal { get; } = new Scaled(2, Fan.In, Distribution.Normal);
    /// <summary>Uniform with variance 2 / fan-in, for ReLU (He et al. 2015).</summary>
    public static Initializer HeUniform { get; } = new Scaled(2, Fan.In, Distribution.Uniform);
    /// <summary>Normal with variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010).</summary>
    public static Initializer XavierNormal { get; } = new Scaled(1, Fan.Average, Distribution.Normal);
    /// <summary>Uniform with variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010).</summary>
    public static Initializer XavierUniform { get; } = new Scaled(1, Fan.Average, Distribution.Uniform);
    /// <summary>Normal with variance 1 / fan-in, for SELU and tanh (LeCun et al. 1998).</summary>
    public static Initializer LecunNormal { get; } = new Scaled(1, Fan.In, Distribution.Normal);
    /// <summary>Uniform with variance 1 / fan-in (LeCun et al. 1998).</summary>
    public static Initializer LecunUniform { get; } = new Scaled(1, Fan.In, Distribution.Uniform);
    /// <summary>One number everywhere.</summary>
    public static Initializer Constant(float value) => new Filled(value);

    /// <summary>One number everywhere, exact in f64.</summary>
    internal static Initializer Exactly(double value) => new Filled(value);

    /// <summary>Variance <paramref name="gain"/> / fan: with gain 2 and fan-in for ReLU (He et al. 2015), with gain 1 and the average of both
    /// fans (Glorot and Bengio 2010), with gain 1 and fan-in (LeCun et al. 1998).</summary>
    /// <param name="gain">Of the variance, above 0.</param>
    /// <param name="fan">What it is divided by.</param>
    /// <param name="distribution">What elements are drawn from.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    /// <exception cref="GraphException">SGC1011: a gain that is not finite and above 0, no such fan or distribution.</exception>
    public static Initializer VarianceScaling(double gain = 1, Fan fan = Fan.In, Distribution distribution = Distribution.TruncatedNormal,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        gain > 0 && double.IsFinite(gain) && Enum.IsDefined(fan) && Enum.IsDefined(distribution)
            ? new Scaled(gain, fan, distribution)
            : throw new GraphException(DiagnosticCode.BadArgument,
                $"VarianceScaling: no variance of gain {gain} by fan {fan}, {distribution}", new Location(file, line));

    /// <summary>Uniform from <paramref name="low"/> to below <paramref name="high"/>.</summary>
    /// <exception cref="GraphException">SGC1011: not finite, or low is above high.</exception>
    public static Initializer Uniform(float low, float high, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        float.IsFinite(high - low) && low <= high
            ? new Ranged(low, high)
            : throw new GraphException(DiagnosticCode.BadArgument, $"Uniform: no range from {low} to {high}", new Location(file, line));

    /// <summary>Normal with this mean and standard deviation.</summary>
    /// <exception cref="GraphException">SGC1011: not finite, or a negative deviation.</exception>
    public static Initializer Normal(float mean = 0, float deviation = 1,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        new Gaussian(mean, CheckedDeviation(nameof(Normal), mean, deviation, new(file, line)), IsTruncated: false);

    /// <summary>Normal with this mean and standard deviation, of which only what lies within two deviations of the mean is
    /// taken.</summary>
    /// <exception cref="GraphException">SGC1011: not finite, or a negative deviation.</exception>
    public static Initializer TruncatedNormal(float mean = 0, float deviation = 1,
        [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        new Gaussian(mean, CheckedDeviation(nameof(TruncatedNormal), mean, deviation, new(file, line)), IsTruncated: true);

    /// <summary>A random matrix with orthonormal columns, or rows where it is wider than high, times a gain (Saxe et al. 2014). All axes
    /// but the last are the rows' of the matrix. Cost: elements · the smaller side.</summary>
    /// <exception cref="GraphException">SGC1011: a gain that is not finite and above 0. Of a variable that is not floating point or has
    /// fewer than two axes: SGC1001, SGC1003.</exception>
    public static Initializer Orthogonal(float gain = 1, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        float.IsFinite(gain) && gain > 0 ? new OrthogonalMatrix(gain)
            : throw new GraphException(DiagnosticCode.BadArgument, $"Orthogonal: the gain must be above 0, got {gain}", new(file, line));

    /// <summary>These elements in row-major order, for a variable of as many; rounded to its type once.</summary>
    /// <exception cref="GraphException">SGC1001: no element type is T. Of a variable of another number of elements: SGC1002.</exception>
    public static Initializer FromArray<T>(T[] elements) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(elements);
        return new Given(Literal.Of<T>(new Shape(elements.Length), elements), FitsAnyShape: true);
    }

    /// <summary>The elements of a matrix, for a variable of its shape; rounded to its type once.</summary>
    /// <exception cref="GraphException">SGC1001: no element type is T. Of a variable of another shape: SGC1002.</exception>
    public static Initializer FromArray<T>(T[,] elements) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(elements);
        return new Given(Literal.Of(elements), FitsAnyShape: false);
    }

    /// <summary>The elements of a parameter of this shape, row-major.</summary>
    /// <exception cref="GraphException">SGC1012: more than an array or memory holds. SGC1002, SGC1003: the initializer is for another
    /// shape.</exception>
    public float[] Create(Shape shape, ulong seed, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (ShapeRefusal(shape) is { } refusal) throw new GraphException(refusal);
        var elements = new float[shape.ArrayLength(sizeof(float))];
        Fill(elements, shape, new CounterRandom(seed, StreamOf(name)));
        return elements;
    }

    /// <summary>The same elements as they are in memory, each rounded once to the type.</summary>
    internal virtual byte[] CreateBytes(TensorType type, ulong seed, string name)
    {
        var elements = Create(type.Shape, seed, name);
        return type.DType == DType.F32
            ? MemoryMarshal.AsBytes(elements.AsSpan()).ToArray()
            : new Literal(type, [.. elements.Select(e => (Scalar)e)]).ToBytes();
    }

    /// <summary>Why a variable of this type cannot have these elements, or null if it can.</summary>
    internal virtual Diagnostic? Refusal(TensorType type, ulong seed, string name) => ShapeRefusal(type.Shape)
        // Integers are filled with one number, so the first element tells for all.
        ?? (type.DType.IsFloating ? null : Literal.Refusal(type.DType, Create(Shape.Scalar, seed, name)[0]));

    private protected virtual Diagnostic? ShapeRefusal(Shape shape) => null;

    private protected abstract void Fill(Span<float> elements, Shape shape, CounterRandom random);

    // FNV-1a: stable across processes and platforms, unlike string.GetHashCode.
    private static ulong StreamOf(string name)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in name) hash = (hash ^ c) * 1099511628211UL;
        return hash;
    }

    private static float CheckedDeviation(string what, float mean, float deviation, Location location) =>
        float.IsFinite(mean) && float.IsFinite(deviation) && deviation >= 0 ? deviation : throw new GraphException(
            DiagnosticCode.BadArgument, $"{what}: no normal distribution of mean {mean} and deviation {deviation}", location);

    // Box and Muller 1958; 1 - u keeps the logarithm's argument above 0.
    private static double NextNormal(ref CounterRandom random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextSingle())) * Math.Cos(2 * Math.PI * random.NextSingle());

    private static double NextTruncated(ref CounterRandom random)
    {
        double normal;
        do normal = NextNormal(ref random);
        while (Math.Abs(normal) > TruncatedAt);
        return normal;
    }
}
