using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <summary>Fills a parameter before training. The same seed and name give the same elements, whatever else a model holds.</summary>
public abstract record Initializer
{
    /// <summary>Zeros.</summary>
    public static Initializer Zeros { get; } = new Filled(0);
    /// <summary>Normal with variance 2 / fan-in, for ReLU (He et al. 2015).</summary>
    public static Initializer HeNormal { get; } = new Scaled(2, UseFanOut: false, IsNormal: true);
    /// <summary>Uniform with variance 2 / fan-in, for ReLU (He et al. 2015).</summary>
    public static Initializer HeUniform { get; } = new Scaled(2, UseFanOut: false, IsNormal: false);
    /// <summary>Normal with variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010).</summary>
    public static Initializer XavierNormal { get; } = new Scaled(2, UseFanOut: true, IsNormal: true);
    /// <summary>Uniform with variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010).</summary>
    public static Initializer XavierUniform { get; } = new Scaled(2, UseFanOut: true, IsNormal: false);
    /// <summary>One number everywhere.</summary>
    public static Initializer Constant(float value) => new Filled(value);

    /// <summary>Uniform from <paramref name="low"/> to below <paramref name="high"/>.</summary>
    /// <exception cref="GraphException">SGC1011: not finite, or low is above high.</exception>
    public static Initializer Uniform(float low, float high, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        float.IsFinite(low) && float.IsFinite(high) && low <= high
            ? new Ranged(low, high)
            : throw new GraphException(DiagnosticCode.BadArgument, $"Uniform: no range from {low} to {high}", new Location(file, line));

    /// <summary>The elements of a parameter of this shape, row-major.</summary>
    /// <exception cref="GraphException">SGC1012: more than an array or memory holds.</exception>
    public float[] Create(Shape shape, ulong seed, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var elements = new float[shape.ArrayLength(sizeof(float))];
        Fill(elements, shape, new CounterRandom(seed, StreamOf(name)));
        return elements;
    }

    private protected abstract void Fill(Span<float> elements, Shape shape, CounterRandom random);

    // FNV-1a: stable across processes and platforms, unlike string.GetHashCode.
    private static ulong StreamOf(string name)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in name) hash = (hash ^ c) * 1099511628211UL;
        return hash;
    }

    private sealed record Filled(float Value) : Initializer
    {
        private protected override void Fill(Span<float> elements, Shape shape, CounterRandom random) => elements.Fill(Value);
    }

    private sealed record Ranged(float Low, float High) : Initializer
    {
        private protected override void Fill(Span<float> elements, Shape shape, CounterRandom random)
        {
            foreach (ref var element in elements) element = Low + (High - Low) * random.NextSingle();
        }
    }

    private sealed record Scaled(double Gain, bool UseFanOut, bool IsNormal) : Initializer
    {
        private protected override void Fill(Span<float> elements, Shape shape, CounterRandom random)
        {
            var fanIn = shape.Rank == 0 ? 1 : shape[0];
            var fanOut = shape.Rank < 2 ? 1 : shape[^1];
            var deviation = Math.Sqrt(Gain / (UseFanOut ? fanIn + fanOut : fanIn));
            for (var i = 0; i < elements.Length; i++)
                elements[i] = (float)(deviation * (IsNormal ? Normal(ref random) : Math.Sqrt(3) * (2 * random.NextSingle() - 1)));
        }

        // Box and Muller 1958; 1 - u keeps the logarithm's argument above 0.
        private static double Normal(ref CounterRandom random) =>
            Math.Sqrt(-2 * Math.Log(1 - random.NextSingle())) * Math.Cos(2 * Math.PI * random.NextSingle());
    }
}
