using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Canonicalization;

/// <summary>Rules of elementwise ops. All are exact in floating point, the sign of zero included.</summary>
internal static class AlgebraRules
{
    /// <summary>c ∘ x → x ∘ c for a commutative op, so that other rules look to the right only.</summary>
    internal static Value? ConstantToRight(RewriteSite site) =>
        site.IsConstant(0) && !site.IsConstant(1) ? site.Emit(site.Operation.Op, site[1], site[0]) : null;

    /// <summary>x + 0 → x for integers, and where x is never -0 (-0 + 0 is 0); x + -0 → x.</summary>
    internal static Value? AddZero(RewriteSite site) =>
        site.Splat(1) is { } zero && zero == 0 && (site.Type.DType.IsInteger || zero.IsNegative || IsNeverNegativeZero(site[0]))
            ? site[0] : null;

    /// <summary>x + -y → x - y; -x + y → y - x.</summary>
    internal static Value? AddNegated(RewriteSite site) =>
        site.Defined(1, Negate.Instance) is { } right ? site.Emit(Subtract.Instance, site[0], right.Operands[0])
        : site.Defined(0, Negate.Instance) is { } left ? site.Emit(Subtract.Instance, site[1], left.Operands[0]) : null;

    /// <summary>(x + a) + b → x + (a + b) for integers, which wrap.</summary>
    internal static Value? AddIntegers(RewriteSite site)
    {
        if (!site.Type.DType.IsInteger || site.Splat(1) is not { } b) return null;
        if (site.Defined(0, Add.Instance) is not { } inner || RewriteSite.SplatOf(inner.Operands[1]) is not { } a) return null;
        return site.Emit(Add.Instance, inner.Operands[0], site.Constant(a + b));
    }

    /// <summary>x - 0 → x, but not x - -0, which is x + 0.</summary>
    internal static Value? SubtractZero(RewriteSite site) =>
        site.Splat(1) is { } zero && zero == 0 && !zero.IsNegative ? site[0] : null;

    /// <summary>x - -y → x + y.</summary>
    internal static Value? SubtractNegated(RewriteSite site) =>
        site.Defined(1, Negate.Instance) is { } right ? site.Emit(Add.Instance, site[0], right.Operands[0]) : null;

    /// <summary>x - x → 0 for integers; a float may be NaN or infinite.</summary>
    internal static Value? SubtractSelf(RewriteSite site) =>
        site.Type.DType.IsInteger && site[0] == site[1] ? site.Constant(0) : null;

    /// <summary>0 - x → -x for integers, -0 - x → -x for floats (0 - 0 is 0, not -0).</summary>
    internal static Value? SubtractFromZero(RewriteSite site) =>
        site.Splat(0) is { } zero && zero == 0 && (site.Type.DType.IsInteger || zero.IsNegative)
            ? site.Emit(Negate.Instance, site[1]) : null;

    /// <summary>x · 1 → x; x · -1 → -x; x · 0 → 0 for integers only, since NaN · 0 is NaN.</summary>
    internal static Value? MultiplyByConstant(RewriteSite site)
    {
        if (site.Splat(1) is not { } c) return null;
        if (c == 1) return site[0];
        if (c == -1) return site.Emit(Negate.Instance, site[0]);
        return c == 0 && site.Type.DType.IsInteger ? site[1] : null;
    }

    /// <summary>-x · -y → x · y; -x · c → x · -c.</summary>
    internal static Value? MultiplyNegated(RewriteSite site)
    {
        if (site.Defined(0, Negate.Instance) is not { } left) return null;
        if (site.Defined(1, Negate.Instance) is { } right) return site.Emit(Multiply.Instance, left.Operands[0], right.Operands[0]);
        return site.Splat(1) is { } c && site.Type.DType.IsFloating
            ? site.Emit(Multiply.Instance, left.Operands[0], site.Constant(-c)) : null;
    }

    /// <summary>x / 1 → x; x / -1 → -x; x / 2ᵏ → x · 2⁻ᵏ, which rounds alike.</summary>
    internal static Value? DivideByConstant(RewriteSite site)
    {
        if (site.Splat(1) is not { } c) return null;
        if (c == 1) return site[0];
        if (c == -1) return site.Emit(Negate.Instance, site[0]);
        return c.IsFloating && HasExactReciprocal((double)c) ? site.Emit(Multiply.Instance, site[0], site.Constant(1 / c)) : null;
    }

    /// <summary>-x / -y → x / y.</summary>
    internal static Value? DivideNegated(RewriteSite site) =>
        site.Type.DType.IsFloating && site.Defined(0, Negate.Instance) is { } left && site.Defined(1, Negate.Instance) is { } right
            ? site.Emit(Divide.Instance, left.Operands[0], right.Operands[0]) : null;

    /// <summary>-(-x) → x.</summary>
    internal static Value? NegateNegated(RewriteSite site) => site.Defined(0, Negate.Instance)?.Operands[0];

    /// <summary>-(x · c) → x · -c, if nothing else reads the product.</summary>
    internal static Value? NegateScaled(RewriteSite site) =>
        site.Type.DType.IsFloating && site.IsOnlyUse(0, Multiply.Instance) && site.Defined(0, Multiply.Instance) is { } product
            && RewriteSite.SplatOf(product.Operands[1]) is { } c
            ? site.Emit(Multiply.Instance, product.Operands[0], site.Constant(-c)) : null;

    /// <summary>|-x| → |x|, but not for unsigned x, where |-x| is -x; ||x|| → |x|.</summary>
    internal static Value? AbsOfSigned(RewriteSite site) =>
        site.Defined(0, Abs.Instance) is not null ? site[0]
        : site.Type.DType.Kind != DTypeKind.Unsigned && site.Defined(0, Negate.Instance) is { } negated
            ? site.Emit(Abs.Instance, negated.Operands[0]) : null;

    /// <summary>x ∘ x → x for max, min, and, or.</summary>
    internal static Value? EqualOperands(RewriteSite site) => site[0] == site[1] ? site[0] : null;

    /// <summary>x and true → x; x and false → false.</summary>
    internal static Value? AndConstant(RewriteSite site) => site.Type.DType == DType.Bool ? WithUnit(site, 1) : null;

    /// <summary>x or false → x; x or true → true.</summary>
    internal static Value? OrConstant(RewriteSite site) => site.Type.DType == DType.Bool ? WithUnit(site, 0) : null;

    /// <summary>not not x → x.</summary>
    internal static Value? NotNot(RewriteSite site) => site.Defined(0, Not.Instance)?.Operands[0];

    /// <summary>select(true, x, y) → x; select(false, x, y) → y; select(p, x, x) → x.</summary>
    internal static Value? SelectKnown(RewriteSite site) =>
        site[1] == site[2] ? site[1] : site.Splat(0) is { } predicate ? site[predicate != 0 ? 1 : 2] : null;

    /// <summary>select(not p, x, y) → select(p, y, x).</summary>
    internal static Value? SelectNot(RewriteSite site) =>
        site.Defined(0, Not.Instance) is { } not ? site.Emit(Select.Instance, not.Operands[0], site[2], site[1]) : null;

    /// <summary>A conversion to the type it has → x.</summary>
    internal static Value? ConvertToSame(RewriteSite site) => site[0].Type == site.Type ? site[0] : null;

    /// <summary>A → B → C is A → C where B holds every A.</summary>
    internal static Value? ConvertTwice(RewriteSite site)
    {
        if (site.Defined(0, IR.Ops.Convert.Instance) is not { } first || !Holds(first.Result.DType, first.Operands[0].DType)) return null;
        var source = first.Operands[0];
        return source.Type == site.Type ? source : site.EmitWith(IR.Ops.Convert.Instance, site.Operation.Attributes, source);
    }

    /// <summary>The operand.</summary>
    internal static Value? Forward(RewriteSite site) => site[0];

    private static Value? WithUnit(RewriteSite site, Scalar unit)
    {
        for (var i = 0; i < 2; i++)
            if (site.Splat(i) is { } known) return site[known == unit ? 1 - i : i];
        return null;
    }

    private static bool IsNeverNegativeZero(Value x) =>
        x.Definition is { } d && (d.Op is Exponential or Abs or Logistic || (d.Op is Multiply && d.Operands[0] == d.Operands[1]));

    // Powers of two whose reciprocal is a normal number of every floating-point type (f16: 2^-14 to 2^14).
    private static bool HasExactReciprocal(double c)
    {
        var exponent = Math.ILogB(c);
        return double.IsFinite(c) && c != 0 && Math.Abs(exponent) <= 14 && Math.Abs(c) == Math.ScaleB(1, exponent);
    }

    private static bool Holds(DType wide, DType narrow)
    {
        if (wide == narrow || narrow == DType.Bool) return true;
        if (wide == DType.Bool) return false;
        if (wide.IsFloating)
            return narrow.IsFloating ? wide.Bits > narrow.Bits
                : narrow.Bits - (narrow.Kind == DTypeKind.Signed ? 1 : 0) <= Significand(wide);
        if (narrow.IsFloating) return false;
        return wide.Bits > narrow.Bits && (wide.Kind == DTypeKind.Signed || narrow.Kind == DTypeKind.Unsigned);
    }

    // Bits of precision, the implicit one included.
    private static int Significand(DType type) => type == DType.F64 ? 53 : type == DType.F32 ? 24 : type == DType.F16 ? 11 : 8;
}
