using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>What the cumulative ops share: of each element what the elements up to it along one axis are combined to.</summary>
/// <remarks>axis: which. reverse: 1 where it runs from the last element to the first, else 0. exclusive: 1 where an element itself does not
/// count, else 0; the first is then the identity.</remarks>
internal static class Cumulative
{
    public static AttributeMap Attributes(int axis, bool reverse, bool exclusive) =>
        AttributeMap.Empty.With("axis", axis).With("reverse", reverse ? 1 : 0).With("exclusive", exclusive ? 1 : 0);

    public static int Axis(Operation operation) => operation.Int("axis");
    public static bool IsReverse(Operation operation) => operation.Int("reverse") == 1;
    public static bool IsExclusive(Operation operation) => operation.Int("exclusive") == 1;

    public static TensorType Infer(OpCall call)
    {
        call.Numeric();
        var axis = call.Int("axis");
        call.Require(axis >= 0 && axis < call[0].Rank, DiagnosticCode.BadAxis, () => $"{call[0]} has no axis {axis}");
        foreach (var name in (string[])["reverse", "exclusive"])
            call.Require(call.Int(name) is 0 or 1, DiagnosticCode.BadAttribute, () => $"{name} = {call.Int(name)}; it is 0 or 1");
        return call[0];
    }

    public static Literal Evaluate(Operation operation, Literal x, Scalar identity, Func<Scalar, Scalar, Scalar> combine)
    {
        var (type, axis) = (x.Type, Axis(operation));
        var (values, n) = (new Scalar[type.Shape.ElementCount], type.Shape[axis]);
        var stride = type.Shape.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
        for (var first = 0L; first < values.Length; first++)
        {
            if (first / stride % n != 0) continue;
            var sum = identity;
            for (var k = 0; k < n; k++)
            {
                var at = first + (IsReverse(operation) ? n - 1 - k : k) * stride;
                var next = combine(sum, x[at]);
                (values[at], sum) = (IsExclusive(operation) ? sum : next, next);
            }
        }
        return Literal.Rounded(type, values);
    }

    public static Value[] Batch(Operation operation, BatchedOperands x) =>
        x.Emit(operation.Op, operation.Attributes.With("axis", Axis(operation) + 1));

    /// <summary>The same op on another value, from the other end where that is asked for.</summary>
    public static Value Again(Operation operation, Value x, bool isOpposite = false) => x.Emit(operation.Op, operation.Location,
        Attributes(Axis(operation), IsReverse(operation) != isOpposite, IsExclusive(operation)));

    /// <summary>The op without its exclusion, and what it would be of each element itself.</summary>
    public static Value Inclusive(Operation operation) => !IsExclusive(operation) ? operation.Result
        : operation.Operands[0].Emit(operation.Op, operation.Location, Attributes(Axis(operation), IsReverse(operation), false));

    /// <summary>Of each element what is before it in the op's direction, or behind it; 0 where nothing is.</summary>
    public static Value Moved(Operation operation, Value x, bool forward, Scalar value = default)
    {
        var (axis, n) = (Axis(operation), x.Shape[Axis(operation)]);
        if (n == 0) return x;
        int[] start = new int[x.Rank], limit = [.. x.Shape], low = new int[x.Rank], high = new int[x.Rank];
        if (forward != IsReverse(operation)) (limit[axis], low[axis]) = (n - 1, 1);
        else (start[axis], high[axis]) = (1, 1);
        return x.Emit(Slice.Instance, operation.Location, Slice.Attributes(start, limit))
            .Emit(Pad.Instance, operation.Location, Pad.Attributes(value, low, high, new int[x.Rank]));
    }

    /// <summary>Appends a cumulative op; SGC1004 where there is no such axis.</summary>
    public static Value Emit(Op op, Value x, int axis, bool reverse, bool exclusive, Location location)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Emit(op, location, Attributes(axis < 0 ? axis + x.Rank : axis, reverse, exclusive));
    }
}
