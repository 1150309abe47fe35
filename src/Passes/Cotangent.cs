using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>What flows back into a value: the cotangent that entered a region of elementwise operations, times the region's derivative so
/// far.</summary>
/// <remarks>The two factors are separate, so that the derivative depends on primal values alone: a forward kernel computes it and stores
/// one tensor, where the cotangent times one partial after another would store each partial for the backward kernel (preaccumulation:
/// Griewank and Walther, "Evaluating Derivatives", 2008, chapter 10). GELU stores one tensor instead of three. Where partial products of
/// the derivative may overflow or underflow, the cotangent is multiplied in, in the order of the chain rule.</remarks>
internal sealed class Cotangent
{
    private readonly Value _direction;
    private readonly Value? _derivative;
    private readonly DerivativeMagnitude _magnitude;
    private readonly Value? _where;
    private readonly bool _isMasked;
    private Value? _product;

    /// <summary>A cotangent that enters a region.</summary>
    public Cotangent(Value direction) : this(direction, null, DerivativeMagnitude.One, null, false) { }

    /// <param name="direction">What entered the region.</param>
    /// <param name="derivative">Of the region with respect to the value; null for 1.</param>
    /// <param name="magnitude">The derivative's.</param>
    /// <param name="where">Where anything flows at all; null for everywhere. Applied last: a derivative that is infinite or undefined where
    /// something else was chosen does not count.</param>
    /// <param name="isMasked">Whether the direction is zero elsewhere already.</param>
    private Cotangent(Value direction, Value? derivative, DerivativeMagnitude magnitude, Value? where, bool isMasked) =>
        (_direction, _derivative, _magnitude, _where, _isMasked) = (direction, derivative, magnitude, where, isMasked);

    /// <summary>Where derivatives are appended.</summary>
    public FunctionBuilder Builder => _direction.Builder;

    /// <summary>The cotangent as one value, located where the region's derivative is.</summary>
    public Value ToValue()
    {
        if ((_where ?? _derivative) is not { } last) return _direction;
        using var pin = _direction.Builder.At(last.Location);
        var product = Product();
        return _where is null || IsProductMasked ? product : _where.Select(product, product.Constant(0));
    }

    // Zero times an infinite derivative is NaN, not zero.
    private bool IsProductMasked => _isMasked && _derivative is null;

    // The cotangent where anything flows, undefined elsewhere. Emitted once: paths that continue from it share it.
    private Value Product() => _product ??= _derivative is null ? _direction : _direction * _derivative;

    /// <summary>What flows on through an elementwise operation; null for nothing.</summary>
    public Cotangent? Through(Partial partial)
    {
        if (partial.Sign > 0) return this;
        if (partial.Sign < 0)
            return _derivative is null ? With(-_direction, null, _magnitude) : With(_direction, -_derivative, _magnitude);
        if (partial.Factor is { } factor) return Times(factor);
        return partial.ToPredicate() is not { } predicate ? null
            : new(_direction, _derivative, _magnitude, _where is null ? predicate : _where.And(predicate), false);
    }

    /// <summary>The sum of the cotangents of two paths; paths from the same direction share one derivative.</summary>
    public Cotangent Plus(Cotangent other)
    {
        if (!Predicates.AreSame(_where, other._where))
            return new(ToValue() + other.ToValue(), null, DerivativeMagnitude.One, Predicates.Either(_where, other._where), true);
        if (_direction != other._direction || (_derivative is null && other._derivative is null))
            return new(Product() + other.Product(), null, DerivativeMagnitude.One, _where, IsProductMasked && other.IsProductMasked);
        return With(_direction, (_derivative ?? _direction.Constant(1)) + (other._derivative ?? _direction.Constant(1)),
            _magnitude.Plus(other._magnitude));
    }

    private Cotangent Times(Value factor)
    {
        var magnitude = DerivativeMagnitude.Of(factor);
        if (_derivative is null) return With(_direction, factor, magnitude);
        return _magnitude.Times(magnitude) is { } both ? With(_direction, _derivative * factor, both)
            : new(Product(), factor, magnitude, _where, false);
    }

    private Cotangent With(Value direction, Value? derivative, DerivativeMagnitude magnitude) =>
        new(direction, derivative, magnitude, _where, _isMasked);
}

/// <summary>Where something flows, as truth values; null is everywhere.</summary>
internal static class Predicates
{
    // Enough for the negation of a comparison within a conjunction; what is missed costs an operation, no more.
    private const int MostNesting = 4;

    /// <summary>Whether both are computed alike: each path makes its own.</summary>
    public static bool AreSame(Value? p, Value? q) => p == q || (p is not null && q is not null && AreSame(p, q, MostNesting));

    /// <summary>Where at least one holds.</summary>
    public static Value? Either(Value? p, Value? q) =>
        p is null || q is null || IsNot(p, q) || IsNot(q, p) ? null : AreSame(p, q) ? p : p.Or(q);

    private static bool AreSame(Value p, Value q, int nesting)
    {
        if (p == q) return true;
        if (nesting == 0 || p.Definition is not { } a || q.Definition is not { } b || a.Op != b.Op || !a.Attributes.Equals(b.Attributes))
            return false;
        var isCombined = a.Operands.All(o => o.DType == DType.Bool);
        return a.Operands.Length > 0
            && a.Operands.Zip(b.Operands).All(o => isCombined ? AreSame(o.First, o.Second, nesting - 1) : o.First == o.Second);
    }

    private static bool IsNot(Value p, Value q) => p.Definition is { Op: Not } not && AreSame(not.Operands[0], q);
}
