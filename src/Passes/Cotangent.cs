using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>What flows back into a value: a cotangent that entered a region of elementwise operations, times the region's derivative so far.</summary>
/// <remarks>Kept apart, the derivative is of primal values alone, so a forward kernel computes it and stores one tensor, where the cotangent
/// times one partial after another would keep each partial for the backward kernel (preaccumulation: Griewank and Walther, "Evaluating
/// Derivatives", 2008, chapter 10). GELU's costs one tensor in place of three.</remarks>
/// <param name="Direction">What entered the region.</param>
/// <param name="Derivative">Of the region with respect to the value; null for 1.</param>
/// <param name="Where">Where anything flows at all; null for everywhere. Applied last: a derivative that is infinite or undefined where
/// something else was chosen does not count.</param>
internal sealed record Cotangent(Value Direction, Value? Derivative = null, Value? Where = null)
{
    /// <summary>The cotangent as one value, located where the region's derivative is.</summary>
    public Value Value
    {
        get
        {
            if ((Where ?? Derivative) is not { } last) return Direction;
            using var pin = Direction.Builder.At(last.Location);
            var product = Derivative is null ? Direction : Direction * Derivative;
            return Where is null ? product : Where.Select(product, product.Constant(0));
        }
    }

    /// <summary>What flows on through an elementwise operation; null for nothing.</summary>
    public Cotangent? Through(Partial partial)
    {
        if (partial.Sign > 0) return this;
        if (partial.Sign < 0) return Derivative is null ? this with { Direction = -Direction } : this with { Derivative = -Derivative };
        if (partial.Factor is { } factor) return this with { Derivative = Derivative is null ? factor : Derivative * factor };
        return partial.Predicate is { } predicate ? this with { Where = Where is null ? predicate : Where.And(predicate) } : null;
    }

    /// <summary>The sum of what came on two paths; paths that began together share one derivative.</summary>
    public Cotangent Plus(Cotangent other)
    {
        if (Direction != other.Direction || Where != other.Where || Derivative is null && other.Derivative is null) return new(Value + other.Value);
        return this with { Derivative = (Derivative ?? Direction.Constant(1)) + (other.Derivative ?? Direction.Constant(1)) };
    }
}
