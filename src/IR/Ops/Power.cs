using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Elementwise power, z = xʸ, with the special cases of C99.</summary>
/// <remarks>x, y: f[any] of one type. C1: same floating-point type and shape. The derivative by x is 0 where y is 0, whatever x is,
/// by y it is 0 where x is 0 and y is not negative; a constant y has shorter derivatives. Error: see docs/numerics.md.</remarks>
public sealed class Power : ElementwiseOp
{
    /// <summary>The op.</summary>
    public static readonly Power Instance = new();
    private Power() : base("power", arity: 2) { }

    /// <inheritdoc/>
    public override bool IsFunction => true;
    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call) => call.SameFloating();
    /// <inheritdoc/>
    protected override Partial PartialOf(int wrt, Operation operation, ReadOnlySpan<Value> x, Value y)
    {
        if (wrt == 0) return ByBase(x[0], x[1]);
        var zero = y.Constant(0);
        var isFlat = x[0].Equal(zero).And(x[1].GreaterOrEqual(zero));
        return isFlat.Select(zero, y * isFlat.Select(y.Constant(1), x[0]).Log());
    }
    /// <inheritdoc/>
    protected override Scalar Evaluate(Operation operation, ReadOnlySpan<Scalar> x) => Math.Pow((double)x[0], (double)x[1]);
    /// <inheritdoc/>
    public override ScalarExpr Lower(Operation operation, ReadOnlySpan<ScalarExpr> x) => ScalarExpr.Call(MathFunction.Pow, x[0], x[1]);

    private static Partial ByBase(Value x, Value exponent)
    {
        if (exponent.Definition is { Op: Constant } constant && Constant.LiteralOf(constant).Splat is { } splat)
        {
            var c = (double)splat;
            return c == 0 ? Partial.Zero : c == 1 ? Partial.One : c == 2 ? 2 * x : c * x.Pow(x.Constant(c - 1));
        }
        // x⁰ is constant, of NaN too, but 0 · x⁻¹ is NaN for 0 and NaN; there the power is x⁰ instead.
        var zero = x.Constant(0);
        return exponent * x.Pow(exponent.Equal(zero).Select(zero, exponent - 1));
    }
}

/// <summary>Fluent syntax of <c>power</c>.</summary>
public static class PowerSyntax
{
    // Above it the op has the smaller error; up to it there is no function to call, and integers have powers too.
    private const int MostMultiplied = 4;

    extension(Value x)
    {
        /// <summary>x to the power y, elementwise. Shapes broadcast as NumPy's do. Integers wrap; of a power below 0 they give 1 for 1, 1
        /// or -1 for -1, and else 0, as PyTorch's.</summary>
        /// <remarks>Cost of integers: three operations for each bit of the type.</remarks>
        /// <exception cref="GraphException">SGC1001: element types differ, or are bool. SGC1002: shapes do not broadcast.</exception>
        public Value Pow(Value y, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            ArgumentNullException.ThrowIfNull(y);
            return x.DType.IsInteger && y.DType == x.DType
                ? new SyntaxCall("Pow", x, new(file, line)).Own(y, nameof(y)).Compose(() => IntegerPower(x, y))
                : Broadcasting.Emit(Power.Instance, x, y, new(file, line));
        }

        /// <summary>x to the power of a number, elementwise: of integers to 1, 2 and so on, which wrap. Powers 1 to 4 are
        /// multiplications.</summary>
        /// <exception cref="GraphException">SGC1001: x is bool, or integers with a fraction. SGC1005: integers with a power below
        /// 1.</exception>
        public Value Pow(Scalar y, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () =>
            {
                if (y.IsWhole(out var n) && n >= 1 && (n <= MostMultiplied || !x.DType.IsFloating)) return Multiplied(x, n);
                var exponent = x.Constant(y);
                return x.DType.IsFloating ? x.Pow(exponent)
                    : throw new OpCall(Power.Instance, [x], AttributeMap.Empty, null, x.Builder.Pinned ?? default).Error(
                        DiagnosticCode.BadAttribute, $"{x.Type} to the power {y} is no integer; convert first, as with ConvertTo(F32)");
            });

        /// <summary>x·x, elementwise.</summary>
        /// <exception cref="GraphException">SGC1001: x is bool.</exception>
        public Value Square([CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            x.Compose(new(file, line), () => x * x);
    }

    // From the lowest bit of the exponent to the highest. By a negative one 1 is multiplied for each bit, and -1 too.
    private static Value IntegerPower(Value x, Value y)
    {
        var isSigned = x.DType.Kind == DTypeKind.Signed;
        var bits = x.DType.Bits - (isSigned ? 1 : 0);
        var (power, result) = (x, x.Constant(1));
        for (var i = 0; i < bits; i++)
        {
            result = y.And(y.Constant(1L << i)).NotEqual(0).Select(result * power, result);
            if (i + 1 < bits) power *= power;
        }
        return isSigned ? (y < 0).And(x.NotEqual(1)).And(x.NotEqual(-1)).Select(result.Constant(0), result) : result;
    }

    // From the highest bit of n to the lowest.
    private static Value Multiplied(Value x, long n)
    {
        if (n == 1) return x;
        var half = Multiplied(x, n / 2);
        return n % 2 == 0 ? half * half : half * half * x;
    }
}
