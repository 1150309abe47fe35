using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend;

/// <summary>Random numbers of a model, new ones in each run: functions of the model's seed, the call and the count of runs, which is the
/// variable "random/step". The same for any number of threads and on every processor.</summary>
/// <remarks>No derivative flows into a draw; where its parameters are values, scale and shift it: <c>mean + deviation * g.Normal(type)</c>
/// has derivatives with respect to both. bf16 and f16 are computed in f32 and rounded.</remarks>
public static class RandomSyntax
{
    extension(GraphBuilder graph)
    {
        /// <summary>Uniform over [low, high): multiples of (high - low)·2^-24, of 2^-53 in f64, rounded.</summary>
        /// <exception cref="GraphException">SGC1001: not floating point. SGC1011: not finite, or low is not below high in the
        /// type.</exception>
        public Value Uniform(TensorType type, double low = 0, double high = 1,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Draw(graph, type, "Uniform", new(file, line), (draw, compute) =>
            {
                if (!(IsNumber(type.DType, low) && IsNumber(type.DType, high) && IsNumber(compute, high - low)
                    && type.DType.Round(low) < type.DType.Round(high)))
                    throw Bad(graph, $"Uniform: no range from {low} to below {high} in {type.DType}", new(file, line));
                var unit = draw.Unit(compute);
                var scaled = high - low == 1 ? unit : unit * (high - low);
                var value = (low == 0 ? scaled : scaled + low).ConvertTo(type.DType);
                // What is rounded may reach the end that is not of the range.
                return low == 0 && high == 1 && type.DType == compute ? value : value.Clip(type.DType.Round(low), Below(type.DType, high));
            });

        /// <summary>Normal: Box and Muller (1958), from 32 bits for the radius, so that no number is beyond 6.7 deviations (8.6 in
        /// f64).</summary>
        /// <exception cref="GraphException">SGC1001: not floating point. SGC1011: not finite, or the deviation is negative.</exception>
        public Value Normal(TensorType type, double mean = 0, double deviation = 1,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Draw(graph, type, "Normal", new(file, line), (draw, compute) =>
            {
                CheckNormal(graph, type, "Normal", mean, deviation, new(file, line));
                var normal = draw.Normal(compute, () => graph.Random.Draw(type.Shape, new(file, line)));
                return Scaled(normal, mean, deviation).ConvertTo(type.DType);
            });

        /// <summary>Normal, of which no number is farther than two deviations from the mean: by the inverse of its distribution.</summary>
        /// <exception cref="GraphException">SGC1001: not floating point. SGC1011: not finite, or the deviation is negative.</exception>
        public Value TruncatedNormal(TensorType type, double mean = 0, double deviation = 1,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Draw(graph, type, "TruncatedNormal", new(file, line), (draw, compute) =>
            {
                CheckNormal(graph, type, "TruncatedNormal", mean, deviation, new(file, line));
                var normal = InverseErf(draw.Signed(compute) * WithinTwoDeviations) * Math.Sqrt(2);
                return Scaled(normal.Clip(-2, 2), mean, deviation).ConvertTo(type.DType);
            });

        /// <summary>True with a probability, rounded to a multiple of 2^-32; else false.</summary>
        /// <exception cref="GraphException">SGC1011: the probability is not in 0..1. SGC1012: too many elements.</exception>
        public Value Bernoulli(Shape shape, double probability, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(graph);
            var location = graph.Pinned ?? new Location(file, line);
            if (!(probability >= 0 && probability <= 1))
                throw Bad(graph, $"Bernoulli: {probability} is not a probability, which is 0 to 1", location);
            var limit = Math.Round(Math.ScaleB(probability, 32));
            return graph.Compose(location, () =>
            {
                if (limit > uint.MaxValue) return graph.Constant(new Literal(new TensorType(DType.Bool, shape), 1L));
                var word = graph.Random.Draw(shape, location).Word(0);
                return word.Less(word.Constant((long)limit));
            });
        }
    }

    /// <summary>The model of a value that is drawn for.</summary>
    internal static GraphBuilder GraphOf(Value x, string what, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Builder as GraphBuilder ?? throw new GraphException(DiagnosticCode.ForeignValue,
            $"{what}: {x} is not of a GraphBuilder, so it can have no variables", x.Builder.Pinned ?? location);
    }

    // Of the normal distribution: erf(2 / √2).
    private const double WithinTwoDeviations = 0.95449973610364158;

    /// <summary>Declares what is computed from one draw, in a floating-point type of at least 32 bits.</summary>
    internal static Value Draw(GraphBuilder graph, TensorType type, string what, Location location, Func<RandomDraw, DType, Value> declare)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(type);
        location = graph.Pinned ?? location;
        if (!type.DType.IsFloating)
            throw new GraphException(DiagnosticCode.DTypeMismatch, $"{what}: needs floating point, got {type}", location);
        return graph.Compose(location,
            () => declare(graph.Random.Draw(type.Shape, location), type.DType == DType.F64 ? DType.F64 : DType.F32));
    }

    private static void CheckNormal(GraphBuilder graph, TensorType type, string what, double mean, double deviation, Location location)
    {
        if (!IsNumber(type.DType, mean) || !IsNumber(type.DType, deviation) || deviation < 0)
            throw Bad(graph, $"{what}: no distribution of {type.DType} with mean {mean} and deviation {deviation}", location);
    }

    private static bool IsNumber(DType type, double value) => double.IsFinite((double)type.Round(value));

    private static GraphException Bad(GraphBuilder graph, string message, Location location) =>
        new(DiagnosticCode.BadArgument, message, graph.Pinned ?? location);

    private static Value Scaled(Value x, double mean, double deviation)
    {
        var scaled = deviation == 1 ? x : x * deviation;
        return mean == 0 ? scaled : scaled + mean;
    }

    /// <summary>The largest element that is less than a number.</summary>
    internal static Scalar Below(DType type, double bound)
    {
        var rounded = (double)type.Round(bound);
        if (rounded < bound) return rounded;
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        type.Write(rounded == 0 ? -0.0 : rounded, bytes);
        var bits = BitConverter.ToInt64(bytes);
        // The order of bits is that of magnitudes; below zero it is the smallest subnormal number.
        BitConverter.TryWriteBytes(bytes, rounded > 0 ? bits - 1 : bits + 1);
        return type.Read(bytes[..type.Bytes]);
    }

    // Giles, "Approximating the erfinv function" (GPU Computing Gems, 2011): single precision, for w < 5. In f64 a step of Halley's
    // follows, which triples the digits.
    private static Value InverseErf(Value x)
    {
        ReadOnlySpan<double> coefficients = [2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
            -0.00125372503, -0.00417768164, 0.246640727, 1.50140941];
        var w = -((1 - x) * (1 + x)).Log() - 2.5;
        var polynomial = w.Constant(coefficients[0]);
        foreach (var coefficient in coefficients[1..]) polynomial = polynomial * w + coefficient;
        var y = polynomial * x;
        if (x.DType != DType.F64) return y;
        var newton = (y.Erf() - x) * (y * y).Exp() * (Math.Sqrt(Math.PI) / 2);
        return y - newton / (1 + y * newton);
    }
}
