using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>What flows back into a value: a cotangent that entered a region of elementwise operations, times the region's derivative so far.</summary>
/// <remarks>Kept apart, the derivative is of primal values alone, so a forward kernel computes it and stores one tensor, where the cotangent
/// times one partial after another would keep each partial for the backward kernel (preaccumulation: Griewank and Walther, "Evaluating
/// Derivatives", 2008, chapter 10). GELU's costs one tensor in place of three.</remarks>
/// <param name="Direction">What entered the region.</param>
/// <param name="Derivative">Of the region with respect to the value; null for 1.</param>
internal sealed record Cotangent(Value Direction, Value? Derivative = null)
{
    /// <summary>The cotangent as one value, located where the region's derivative is.</summary>
    public Value Value
    {
        get
        {
            if (Derivative is null) return Direction;
            using var pin = Direction.Builder.At(Derivative.Location);
            return Direction * Derivative;
        }
    }

    /// <summary>What flows on through an elementwise operation; null for nothing.</summary>
    public Cotangent? Through(Partial partial)
    {
        if (partial.Sign > 0) return this;
        if (partial.Sign < 0 && Derivative is not null) return this with { Derivative = -Derivative };
        if (partial.Factor is { } factor) return this with { Derivative = Derivative is null ? factor : Derivative * factor };
        return partial.Times(Value) is { } value ? new(value) : null;
    }

    /// <summary>The sum of what came on two paths; paths that began together share one derivative.</summary>
    public Cotangent Plus(Cotangent other)
    {
        if (Direction != other.Direction || Derivative is null && other.Derivative is null) return new(Value + other.Value);
        return this with { Derivative = (Derivative ?? Direction.Constant(1)) + (other.Derivative ?? Direction.Constant(1)) };
    }
}
