using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.Runtime;

namespace GraphCompiler.Frontend;

/// <content>How each kind of initializer makes its elements.</content>
public abstract partial record Initializer
{
    private sealed record Filled(double Value) : Initializer
    {
        private protected override void Fill(Span<float> elements, Shape shape, CounterRandom random) => elements.Fill((float)Value);

        internal override byte[] CreateBytes(TensorType type, ulong seed, string name) =>
            type.DType == DType.F64 ? new Literal(type, Value).ToBytes() : base.CreateBytes(type, seed, name);
    }

    private sealed record Ranged(float Low, float High) : Initializer
    {
        private protected override void Fill(Span<float> elements, Shape shape, CounterRandom random)
        {
            foreach (ref var element in elements) element = Low + (High - Low) * random.NextSingle();
        }
    }

    private sealed record Scaled(double Gain, Fan By, Distribution From) : Initializer
    {
        private protected override void Fill(Span<float> elements, Shape shape, CounterRandom random)
        {
            // Of a convolution's kernel [taps…, channels, filters] taps count as units do.
            var taps = shape.SkipLast(2).Aggregate(1.0, (product, n) => product * n);
            var fanIn = shape.Rank == 0 ? 1 : shape.Rank == 1 ? shape[0] : taps * shape[^2];
            var fanOut = shape.Rank < 2 ? 1 : taps * shape[^1];
            var deviation = Math.Sqrt(Gain / (By switch { Fan.In => fanIn, Fan.Out => fanOut, _ => (fanIn + fanOut) / 2 }));
            foreach (ref var element in elements)
                element = (float)(deviation * From switch
                {
                    Distribution.Normal => NextNormal(ref random),
                    Distribution.Uniform => Math.Sqrt(3) * (2 * random.NextSingle() - 1),
                    _ => NextTruncated(ref random) / TruncatedDeviation,
                });
        }
    }

    private sealed record Gaussian(float Mean, float Deviation, bool IsTruncated) : Initializer
    {
        private protected override void Fill(Span<float> elements, Shape shape, CounterRandom random)
        {
            foreach (ref var element in elements)
                element = (float)(Mean + Deviation * (IsTruncated ? NextTruncated(ref random) : NextNormal(ref random)));
        }
    }

    private sealed record OrthogonalMatrix(float Gain) : Initializer
    {
        internal override Diagnostic? Refusal(TensorType type, ulong seed, string name) => !type.DType.IsFloating
            ? new(DiagnosticCode.DTypeMismatch, $"{type} is not floating point, so it cannot be orthogonal", default, [])
            : ShapeRefusal(type.Shape);

        private protected override Diagnostic? ShapeRefusal(Shape shape) => shape.Rank >= 2 ? null
            : new(DiagnosticCode.RankMismatch, $"{shape} is no matrix, so it cannot be orthogonal", default, []);

        // Gram and Schmidt, twice over, which is enough (Giraud et al. 2005). The factor R has a positive diagonal, so that the result is
        // uniform among orthogonal matrices (Mezzadri 2007).
        private protected override void Fill(Span<float> elements, Shape shape, CounterRandom random)
        {
            var (columns, isWide) = (shape[^1], elements.Length / Math.Max(shape[^1], 1) < shape[^1]);
            var rows = elements.Length / Math.Max(columns, 1);
            var vectors = new double[Math.Min(rows, columns)][];
            for (var i = 0; i < vectors.Length; i++)
            {
                vectors[i] = new double[Math.Max(rows, columns)];
                foreach (ref var element in vectors[i].AsSpan()) element = NextNormal(ref random);
                for (var pass = 0; pass < 2; pass++)
                    for (var k = 0; k < i; k++) Add(vectors[i], -Dot(vectors[i], vectors[k]), vectors[k]);
                var norm = Math.Sqrt(Dot(vectors[i], vectors[i]));
                foreach (ref var element in vectors[i].AsSpan()) element /= norm;
            }
            for (var r = 0; r < rows; r++)
                for (var c = 0; c < columns; c++)
                    elements[r * columns + c] = (float)(Gain * (isWide ? vectors[r][c] : vectors[c][r]));
        }

        private static double Dot(double[] x, double[] y)
        {
            var sum = 0.0;
            for (var i = 0; i < x.Length; i++) sum += x[i] * y[i];
            return sum;
        }

        private static void Add(double[] sum, double factor, double[] other)
        {
            for (var i = 0; i < sum.Length; i++) sum[i] += factor * other[i];
        }
    }

    private sealed record Given(Literal Elements, bool FitsAnyShape) : Initializer
    {
        internal override Diagnostic? Refusal(TensorType type, ulong seed, string name) => ShapeRefusal(type.Shape)
            ?? (type.DType.IsFloating ? null
                : Elements.Values.Select(e => Literal.Refusal(type.DType, e)).FirstOrDefault(r => r is not null));

        internal override byte[] CreateBytes(TensorType type, ulong seed, string name) =>
            new Literal(type, [.. Elements.Values]).ToBytes();

        private protected override Diagnostic? ShapeRefusal(Shape shape) =>
            shape == Elements.Type.Shape || (FitsAnyShape && shape.ElementCount == Elements.Type.Shape.ElementCount) ? null
            : new(DiagnosticCode.ShapeMismatch, $"it has shape {shape}, and the array {Elements.Type.Shape}", default, []);

        private protected override void Fill(Span<float> elements, Shape shape, CounterRandom random)
        {
            for (var i = 0; i < elements.Length; i++) elements[i] = (float)(double)Elements[i];
        }
    }
}
