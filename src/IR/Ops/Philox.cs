using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise random function Philox2x32-10 of a counter of two words and a key: word 0 or 1 of the block.</summary>
/// <remarks>counter0, counter1, key: u32 of one shape. word: 0 or 1. C1: u32. C2: same shape. C3: word is 0 or 1.
/// Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011. For a key it is a bijection of counters.
/// Two words, not four: a lane computes its own element, which needs one word, or two for the normal distribution. Of Philox4x32's words,
/// at twice the multiplications, two or three would be dropped. Both words of one counter share their rounds.</remarks>
public sealed class Philox : ElementwiseOp
{
    // The multiplier, and the key's increment (golden ratio times 2^32), of the paper's section 3.3.
    private const uint Multiplier = 0xD256D193, Increment = 0x9E3779B9;
    private const int Rounds = 10;

    /// <summary>The op.</summary>
    public static readonly Philox Instance = new();
    private Philox() : base("philox", arity: 3) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;

    /// <summary>The attributes of one word.</summary>
    public static AttributeMap Attributes(int word) => AttributeMap.Empty.With("word", word);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        call.Require(call[0].DType == DType.U32, DiagnosticCode.DTypeMismatch, () => $"needs u32, got {call[0]}");
        call.Require(call.Int("word") is 0 or 1, DiagnosticCode.BadAttribute,
            () => $"word = {call.Int("word")}; a block has words 0 and 1");
        return call.Same();
    }
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y) => Partial.Zero;

    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x)
    {
        var block = Block((uint)(long)x[0], (uint)(long)x[1], (uint)(long)x[2]);
        return operation.Int("word") == 0 ? block.Word0 : block.Word1;
    }

    /// <summary>The reference meaning: both words.</summary>
    internal static (uint Word0, uint Word1) Block(uint counter0, uint counter1, uint key)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var product = (ulong)Multiplier * counter0;
            (counter0, counter1) = ((uint)(product >> 32) ^ key ^ counter1, (uint)product);
            key = unchecked(key + Increment);
        }
        return (counter0, counter1);
    }

    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x)
    {
        var (word0, word1) = Block(x[0], x[1], x[2]);
        return operation.Int("word") == 0 ? word0 : word1;
    }

    /// <summary>Both words, computed by a kernel.</summary>
    internal static (ScalarExpr Word0, ScalarExpr Word1) Block(ScalarExpr counter0, ScalarExpr counter1, ScalarExpr key)
    {
        var multiplier = ScalarExpr.Constant(DType.U32, Multiplier);
        for (var round = 0U; round < Rounds; round++)
        {
            // The keys are the same for all lanes mostly, and are then computed outside of the loop.
            var keyOfRound = key + ScalarExpr.Constant(DType.U32, unchecked(round * Increment));
            var high = ScalarExpr.Binary(BinaryKind.MultiplyHigh, counter0, multiplier);
            (counter0, counter1) = (ScalarExpr.Binary(BinaryKind.Xor, high, ScalarExpr.Binary(BinaryKind.Xor, counter1, keyOfRound)),
                counter0 * multiplier);
        }
        return (counter0, counter1);
    }
}

/// <summary>Fluent syntax of <see cref="Philox"/>.</summary>
public static class PhiloxSyntax
{
    extension(Value counter0)
    {
        /// <summary>One word of a Philox2x32-10 block, elementwise. Shapes broadcast as NumPy's do.</summary>
        /// <param name="counter1">The counter's second word.</param>
        /// <param name="key">Each value gives another sequence of blocks.</param>
        /// <param name="word">Which word: 0 or 1.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: not u32. SGC1002: shapes do not broadcast. SGC1005: no such word.</exception>
        public Value Philox(Value counter1, Value key, int word = 0, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(counter0);
            ArgumentNullException.ThrowIfNull(counter1);
            ArgumentNullException.ThrowIfNull(key);
            return Broadcasting.Emit(Ops.Philox.Instance, [counter0, counter1, key], new(file, line), Ops.Philox.Attributes(word),
                isRefused: counter0.DType != counter1.DType || counter0.DType != key.DType);
        }
    }
}
