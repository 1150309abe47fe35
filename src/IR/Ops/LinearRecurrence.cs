using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;

namespace GraphCompiler.IR.Ops;

/// <summary>Along one axis y = a·y' + b, y' being the y before it, and 0 before the first: a filter, a discounted sum, a state space
/// model.</summary>
/// <remarks>a, b: f[any] of one type. axis: which. reverse: 1 where it runs from the last element to the first, else 0. C1: same
/// floating-point type and shape. C2: axis is an axis. C3: reverse is 0 or 1. Types narrower than f64 are computed in f64 and rounded once.
/// One worker computes an element after another, so what runs side by side is other axes.</remarks>
public sealed class LinearRecurrence : OpaqueOp, IKernelOp
{
    /// <summary>The op.</summary>
    public static readonly LinearRecurrence Instance = new();
    private LinearRecurrence() : base("linear_recurrence", arity: 2) { }

    /// <summary>The attributes: the axis, and whether it runs from the end.</summary>
    public static AttributeMap Attributes(int axis, bool reverse) =>
        AttributeMap.Empty.With("axis", axis).With("reverse", reverse ? 1 : 0);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var (type, axis) = (call.SameFloating(), call.Int("axis"));
        call.Require(axis >= 0 && axis < type.Rank, DiagnosticCode.BadAxis, () => $"{type} has no axis {axis}");
        call.Require(call.Int("reverse") is 0 or 1, DiagnosticCode.BadAttribute, () => $"reverse = {call.Int("reverse")}; it is 0 or 1");
        return type;
    }

    /// <inheritdoc/>
    public override Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands)
    {
        var (a, b, axis) = (operands[0], operands[1], Cumulative.Axis(operation));
        var (values, n) = (new Scalar[a.Type.Shape.ElementCount], a.Type.Shape[axis]);
        var stride = a.Type.Shape.Strides()[axis];
        for (var first = 0L; first < values.Length; first++)
        {
            if (first / stride % n != 0) continue;
            Scalar y = 0.0;
            for (var k = 0; k < n; k++)
            {
                var at = first + (Cumulative.IsReverse(operation) ? n - 1 - k : k) * stride;
                values[at] = y = a[at] * y + b[at];
            }
        }
        return [Literal.Rounded(a.Type, values)];
    }

    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) =>
        x.Emit(this, Attributes(Cumulative.Axis(operation) + 1, Cumulative.IsReverse(operation)));

    // λₖ = cₖ + aₖ₊₁·λₖ₊₁ is the cotangent of yₖ and of bₖ, and aₖ's is λₖ·yₖ₋₁.
    /// <inheritdoc/>
    public override Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted)
    {
        if (cotangents[0] is not { } cotangent) return [null, null];
        var sums = Emit(Cumulative.Moved(operation, operation.Operands[0], forward: false), cotangent, Cumulative.Axis(operation),
            !Cumulative.IsReverse(operation), operation.Location);
        return [wanted[0] ? sums * Cumulative.Moved(operation, operation.Result, forward: true) : null, wanted[1] ? sums : null];
    }

    /// <inheritdoc/>
    public override Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents)
    {
        var byA = tangents[0] is { } a ? a * Cumulative.Moved(operation, operation.Result, forward: true) : null;
        var moved = byA is null ? tangents[1] : tangents[1] is { } b ? byA + b : byA;
        return [moved is null ? null : Emit(operation.Operands[0], moved, Cumulative.Axis(operation), Cumulative.IsReverse(operation),
            operation.Location)];
    }

    /// <inheritdoc/>
    public Kernel Lower(Operation operation, TargetTraits target)
    {
        ArgumentNullException.ThrowIfNull(operation);
        ArgumentNullException.ThrowIfNull(target);
        var (a, b) = (LoopBuffer.Argument("a", operation.Operands[0].Type), LoopBuffer.Argument("b", operation.Operands[1].Type));
        var y = LoopBuffer.Argument("r0", operation.Result.Type, isWritten: true);
        var wide = CumulativeKernel.Wide(operation.Result.DType);
        var lanes = new ScanLanes(operation.Result.Shape, Cumulative.Axis(operation), target.Lanes(wide) * 4);
        var body = lanes.Each((position, n) =>
        {
            var (state, k) = (new Local("y", wide), new LoopVariable("k", n));
            var at = position(Cumulative.IsReverse(operation) ? ScalarExpr.Index(n - 1) - k.Value : k.Value);
            return
            [
                new LetStatement(state, ScalarExpr.Constant(wide, 0)),
                new ForStatement(k, n, LoopKind.Serial, 1,
                [
                    new AssignStatement(state, 0, new LoadExpr(a, at).ConvertTo(wide) * new LocalExpr(state)
                        + new LoadExpr(b, at).ConvertTo(wide)),
                    new StoreStatement(y, at, new LocalExpr(state).ConvertTo(y.DType)),
                ]),
            ];
        });
        return new(Name, [a, b, y], [], [.. body], operation.Location.IsKnown ? [operation.Location] : [], 3.0 * y.Elements);
    }

    /// <summary>Appends a recurrence.</summary>
    internal static Value Emit(Value a, Value b, int axis, bool reverse, Location location) =>
        a.Emit(Instance, location, Attributes(axis, reverse), b);
}

/// <summary>Fluent syntax of <see cref="LinearRecurrence"/>.</summary>
public static class LinearRecurrenceSyntax
{
    extension(Value b)
    {
        /// <summary>Along an axis y = a·y' + b, y' being the y before it, and 0 before the first. With a number below 1 as a it is a
        /// discounted sum.</summary>
        /// <param name="a">Of b's type, or of a shape that broadcasts to b's.</param>
        /// <param name="axis">Negative ones count from the end.</param>
        /// <param name="reverse">Whether it runs from the last element to the first.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: not floating point of one type. SGC1002: a does not broadcast to b. SGC1004: no such
        /// axis.</exception>
        public Value Recurrence(Value a, int axis = -1, bool reverse = false,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(b);
            var call = new SyntaxCall("Recurrence", b, new(file, line)).Own(a, nameof(a));
            return call.Compose(() =>
            {
                // Otherwise the op refuses them.
                var factors = a.DType == b.DType ? Broadcasting.To(a, b.Shape, call.Location) : a;
                return LinearRecurrence.Emit(factors, b, axis < 0 ? axis + b.Rank : axis, reverse, default);
            });
        }
    }
}
