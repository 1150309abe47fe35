namespace GraphCompiler.Backend.Llvm;

/// <summary>fmod, exactly: quotients are subtracted in parts of as many bits as keep every product and difference exact.</summary>
internal static class RemainderFunction
{
    /// <summary>f32 in f64, where 29 bits of a quotient times the 24 of a divisor are exact.</summary>
    public static VectorExpr Fmod(VectorEmitter m, VectorExpr x, VectorExpr y)
    {
        var (size, divisor) = (x.Abs(), y.Abs());
        VectorExpr rest;
        if (m.IsDouble)
        {
            rest = Rest64(m, size, divisor);
        }
        else
        {
            var wide = m.Widened();
            rest = m.Narrow(Rest(wide, wide.Widen(size), wide.Widen(divisor), isNarrow: true));
        }
        // No number is left of a NaN, nor by it; a remainder's bits are positive.
        return (size < divisor).Select(size, divisor.EqualTo(divisor).Select(rest, divisor)).WithSignOf(x);
    }

    /// <summary>Scaled where the low half of a divisor would be subnormal, or the split of a factor overflow.</summary>
    private static VectorExpr Rest64(VectorEmitter m, VectorExpr size, VectorExpr divisor)
    {
        const double Up = 1.6069380442589903e60, Down = 6.223015277861142e-61; // 2^200, 2^-200
        var isTiny = divisor < 4.909093465297727e-91; // 2^-300
        var isHuge = divisor > 8.452712498170644e270; // 2^900
        size = isHuge.Select(size * Down, size);
        divisor = isHuge.Select(divisor * Down, divisor);
        // A tiny divisor's multiple by 2^700 first, whose remainder can be scaled up with the divisor.
        var first = isTiny.Select(divisor * 5.260135901548374e210, divisor);
        var rest = Rest(m, size, first, isNarrow: false);
        rest = m.Unless(isTiny, rest, () =>
            isTiny.Select(Rest(m, isTiny.Select(rest * Up, rest), isTiny.Select(divisor * Up, divisor), isNarrow: false) * Down, rest));
        return isHuge.Select(rest * Up, rest);
    }

    private static VectorExpr Rest(VectorEmitter m, VectorExpr size, VectorExpr divisor, bool isNarrow)
    {
        var rest = m.Repeat(size, r => !(r.Abs() < divisor) & r.EqualTo(r) & divisor.EqualTo(divisor),
            r => Step(m, r, divisor, isNarrow));
        return (rest < 0.0).Select(rest + divisor, rest);
    }

    /// <summary>r - q d with |result| &lt; d, or below 2^-23 (2^-52) |r|: q is r / d cut to 29 bits (rounded to 53), and whole.</summary>
    /// <remarks>The difference is a multiple of d's last place, and of q's times d's: 53 bits hold it.</remarks>
    private static VectorExpr Step(VectorEmitter m, VectorExpr r, VectorExpr divisor, bool isNarrow)
    {
        var quotient = r / divisor;
        if (isNarrow) return r - m.Truncate((quotient.Bits() & 0xFFFFFFFFFF000000ul).AsFloat()) * divisor;
        // Quotients stay within 2^900, so that no part of one overflows: a divisor below r / 2^900 has a multiple by 2^800.
        var isLarge = quotient.Abs() > 8.452712498170644e270;
        divisor = isLarge.Select(divisor * 6.668014432879854e240, divisor);
        quotient = m.Truncate(isLarge.Select(r / divisor, quotient));
        // Without FMA the rounded product might overflow; its half does not.
        return m.HasFma ? m.FmaExact(-quotient, divisor, r) : m.FmaExact(-quotient, divisor * 0.5, r * 0.5) * 2.0;
    }
}
