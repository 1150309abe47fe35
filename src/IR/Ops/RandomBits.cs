using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Random words, uniform over all 32-bit values: a pure function of seed, stream, step and an element's position.</summary>
/// <remarks>step: i64[]. dtype, shape: u32 and the result's shape. seed: 64 bits. stream: 32 bits, another for each draw of a step.
/// word: 0 or 1; both words of an element are independent. C1: step is i64[]. C2: shape has at most 2^32 elements. C3: stream is 0 to
/// 2^32 - 1. C4: word is 0 or 1.
/// Element i is word of the Philox block of counter (i, c xor stream) and key k, where (k, c) are the words of the step's two halves after
/// a block with each half of the seed as key. For a seed that is a bijection of steps, so no counter and key occur twice within a stream;
/// steps and streams meet by chance alone. Nothing depends on threads or lanes.</remarks>
public sealed class RandomBits : OpaqueOp
{
    /// <summary>The op.</summary>
    public static readonly RandomBits Instance = new();
    private RandomBits() : base("random_bits", arity: 1) { }

    /// <summary>The attributes of a draw.</summary>
    public static AttributeMap Attributes(Shape shape, ulong seed, uint stream, int word = 0) => AttributeMap.Empty
        .With("shape", shape).With("seed", unchecked((long)seed)).With("stream", (long)stream).With("word", word);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        call.Require(call[0] == DType.I64.Scalar, call[0].DType == DType.I64 ? DiagnosticCode.ShapeMismatch : DiagnosticCode.DTypeMismatch,
            () => $"the step must be i64[], got {call[0]}");
        var shape = call.Sizes("shape");
        call.Require(shape.ElementCount <= 1L << 32, DiagnosticCode.TooLarge, () => $"{shape} has more than 2^32 elements");
        call.Element("seed", DType.I64);
        call.Element("stream", DType.U32);
        call.Require(call.Int("word") is 0 or 1, DiagnosticCode.BadAttribute, () => $"word = {call.Int("word")}; there are 0 and 1");
        return new TensorType(DType.U32, shape);
    }

    /// <inheritdoc/>
    public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands)
    {
        var (step, seed) = ((ulong)(long)operands[0][0], (ulong)(long)operation.Number("seed"));
        var stream = RandomStream.Of(step, seed, (uint)(long)operation.Number("stream"));
        var values = new Scalar[operation.Result.Shape.ElementCount];
        for (var i = 0L; i < values.Length; i++)
        {
            var (word0, word1) = stream.Words((uint)i);
            values[i] = operation.Int("word") == 0 ? word0 : word1;
        }
        return [Literal.Rounded(operation.Result.Type, values)];
    }

    /// <inheritdoc/>
    public override Value Decompose(Operation operation, ReadOnlySpan<Value> operands)
    {
        var (step, shape) = (operands[0], operation.Result.Shape);
        var seed = (ulong)(long)operation.Number("seed");
        Value Word(ulong value) => step.Builder.Constant(new Literal(DType.U32.Scalar, (long)(uint)value));
        var (low, high) = (step.ConvertTo(DType.U32), step.ShiftRightLogical(32).ConvertTo(DType.U32));
        var (seed0, seed1) = (Word(seed), Word(seed >> 32));
        var (half0, half1) = (low.Philox(high, seed0), low.Philox(high, seed0, word: 1));
        var (key, counter) = (half0.Philox(half1, seed1), half0.Philox(half1, seed1, word: 1));
        counter = counter.Xor(counter.Constant(operation.Number("stream")));
        return PositionOf(step.Builder, shape).Philox(counter, key, operation.Int("word"));
    }

    // Modulo 2^32, which every number of elements that passes the shape rule is within.
    private static Value PositionOf(FunctionBuilder builder, Shape shape)
    {
        if (shape.Rank == 0) return builder.Constant(new Literal(DType.U32.Scalar, 0L));
        Value? position = null;
        var strides = shape.Strides();
        for (var axis = 0; axis < shape.Rank; axis++)
        {
            if (shape[axis] == 1 && (axis > 0 || shape.Rank > 1)) continue;
            var index = builder.Emit(Iota.Instance, [], Iota.Attributes(new(DType.U32, shape), axis));
            var term = index * (long)(uint)strides[axis];
            position = position is null ? term : position + term;
        }
        return position ?? builder.Constant(new Literal(new TensorType(DType.U32, shape), 0L));
    }

    // A draw for each step.
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x)
    {
        int[] sizes = [1, .. operation.Result.Shape];
        Value[] draws = [.. Enumerable.Range(0, x.Size).Select(i =>
            x[0].Slice([i], [i + 1]).Reshape([]).Emit(this, operation.Location, operation.Attributes).Reshape(sizes))];
        return [draws[0].Concat(draws[1..], 0)];
    }

    /// <inheritdoc/>
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted) => [null];
    /// <inheritdoc/>
    public override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents) => [null];
}

/// <summary>Fluent syntax of <see cref="RandomBits"/>.</summary>
public static class RandomBitsSyntax
{
    extension(Value step)
    {
        /// <summary>Random words, u32, for the step that x counts: the same for equal seed, stream, step and position, whatever computes
        /// them.</summary>
        /// <param name="shape">Of the result, of at most 2^32 elements.</param>
        /// <param name="seed">Another sequence of steps for each.</param>
        /// <param name="stream">Another for each draw of a step: two of one stream are equal.</param>
        /// <param name="word">0 or 1: both words of an element are independent, and cost as much as one.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001, SGC1002: the step is not i64[]. SGC1005: no such word. SGC1012: too many
        /// elements.</exception>
        public Value RandomBits(Shape shape, ulong seed, uint stream, int word = 0,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(step);
            return step.Emit(Ops.RandomBits.Instance, new(file, line), Ops.RandomBits.Attributes(shape, seed, stream, word));
        }
    }
}
