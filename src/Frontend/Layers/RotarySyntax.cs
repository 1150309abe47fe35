using System.Runtime.CompilerServices;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend.Layers;

/// <summary>Rotary positions.</summary>
public static class RotarySyntax
{
    extension(Value x)
    {
        /// <summary>Turns pairs of elements of queries or keys x[batch, length, heads, width] by angles that grow with the position, so
        /// that a query and a key meet by their distance alone (Su et al. 2021). Elements i of the first half and of the second half are a
        /// pair: (a·cos - b·sin, b·cos + a·sin), the angle being position · base^(-2i / width). That is the convention of GPT-NeoX and
        /// Llama ("rotate half"); the paper pairs neighbours, and weights trained for it need their columns permuted.</summary>
        /// <param name="positions">i32 or i64, [length], or [batch, length]; 0, 1, 2 and so on when null.</param>
        /// <param name="frequencyBase">Above 1.</param>
        /// <param name="width">How many elements of a head are turned, the first ones: even, at least 2. All of them when null.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <remarks>Angles are computed in f64, so they are exact to x's type at any position; bf16 and f16 are computed in f32 and rounded
        /// once.</remarks>
        /// <exception cref="GraphException">SGC1001: x is not floating point, or positions are not i32 or i64. SGC1002: an odd number of
        /// elements is to be turned, or positions do not fit. SGC1003: x is not [batch, length, heads, width]. SGC1008: positions of
        /// another builder. SGC1011: an argument is out of range.</exception>
        public Value Rotary(Value? positions = null, double frequencyBase = 10_000, int? width = null,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            var location = x.Builder.Pinned ?? new Location(file, line);
            CheckRotary(x, positions, frequencyBase, width, location);
            return x.Compose(location, () => Turned(x, positions, frequencyBase, width ?? x.Shape[3]));
        }
    }

    private static void CheckRotary(Value x, Value? positions, double frequencyBase, int? width, Location location)
    {
        GraphException Error(DiagnosticCode code, string message) => new(code, $"Rotary: {message}", location);
        if (x.Rank != 4)
            throw Error(DiagnosticCode.RankMismatch, $"needs [batch, length, heads, width], got {x} : {x.Type}; reshape it");
        if (!x.DType.IsFloating) throw Error(DiagnosticCode.DTypeMismatch, $"needs floating point, got {x} : {x.Type}");
        if (!(frequencyBase > 1 && double.IsFinite(frequencyBase)))
            throw Error(DiagnosticCode.BadArgument, $"the base of the frequencies must be above 1, got {frequencyBase}");
        if (width is { } w && (w < 2 || w % 2 != 0 || w > x.Shape[3]))
            throw Error(DiagnosticCode.BadArgument, $"width must be even, and 2 to {x.Shape[3]}, got {w}");
        if (width is null && (x.Shape[3] == 0 || x.Shape[3] % 2 != 0))
            throw Error(DiagnosticCode.ShapeMismatch,
                $"turns pairs of elements, and {x} : {x.Type} has {x.Shape[3]} for each head; give the even width that is to be turned");
        if (positions is null) return;
        if (positions.Builder != x.Builder)
            throw Error(DiagnosticCode.ForeignValue, $"{positions} belongs to \"{positions.Builder.Name}\", not to \"{x.Builder.Name}\"");
        if (positions.DType != DType.I32 && positions.DType != DType.I64)
            throw Error(DiagnosticCode.DTypeMismatch, $"positions are i32 or i64, got {positions} : {positions.Type}");
        if (positions.Shape != new Shape(x.Shape[1]) && positions.Shape != new Shape(x.Shape[0], x.Shape[1]))
            throw Error(DiagnosticCode.ShapeMismatch,
                $"positions must be [{x.Shape[1]}] or [{x.Shape[0]},{x.Shape[1]}], got {positions} : {positions.Type}");
    }

    // One multiplication and one multiply-add of x and of x with its halves exchanged, which is a view: the signs are the sine's.
    private static Value Turned(Value x, Value? positions, double frequencyBase, int width)
    {
        var type = x.DType.Bits < 32 ? DType.F32 : x.DType;
        var (cos, sin) = Angles(x, positions, frequencyBase, width);
        Value Along(Value half, Value other) => half.ConvertTo(type).Concat(other.ConvertTo(type), -1);
        Value Part(int start, int limit) => x.Slice([0, 0, 0, start], [.. x.Shape.SkipLast(1), limit]);
        var (whole, exchanged) = (width == x.Shape[3] ? x : Part(0, width), Part(width / 2, width).Concat(Part(0, width / 2), -1));
        var turned = (whole.ConvertTo(type) * Along(cos, cos) + exchanged.ConvertTo(type) * Along(-sin, sin)).ConvertTo(x.DType);
        return width == x.Shape[3] ? turned : turned.Concat(Part(width, x.Shape[3]), -1);
    }

    // [batch or 1, length, 1, width / 2], f64.
    private static (Value Cos, Value Sin) Angles(Value x, Value? positions, double frequencyBase, int width)
    {
        positions ??= x.Builder.Emit(Iota.Instance, [], Iota.Attributes(DType.I32[x.Shape[1]], 0));
        var frequencies = x.Builder.Constant(new Literal(DType.F64[width / 2],
            [.. Enumerable.Range(0, width / 2).Select(i => Math.Pow(frequencyBase, -2.0 * i / width))]));
        var batch = positions.Rank == 2 ? positions.Shape[0] : 1;
        var angles = positions.ConvertTo(DType.F64).Reshape([batch, x.Shape[1], 1, 1]) * frequencies;
        return (angles.Cos(), angles.Sin());
    }
}
