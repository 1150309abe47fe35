using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes;

/// <summary>All partial derivatives of one value by another: ∂y/∂x of shape y.shape ++ x.shape, in x's element type.</summary>
/// <remarks>A tangent or cotangent program is linear in its direction, so it is made for one direction and then batched over a basis of
/// them: the graph grows by one such program, whatever the number of directions. Forward mode takes x's elements as directions, reverse
/// mode y's.</remarks>
public static class Jacobian
{
    /// <summary>Appends the Jacobian in the mode that needs fewer directions; in forward mode where both need as many.</summary>
    /// <exception cref="GraphException">SGC1010: one of them is not floating point. SGC1008: one is of another builder. SGC1012: the
    /// Jacobian is larger than tensors can be.</exception>
    public static Value Append(FunctionBuilder builder, Value result, Value wrt)
    {
        Check(builder, result, wrt);
        var isWide = wrt.Shape.ElementCount > result.Shape.ElementCount;
        return isWide ? AppendReverse(builder, result, wrt) : AppendForward(builder, result, wrt);
    }

    /// <summary>Appends the Jacobian in forward mode: a tangent for each element of <paramref name="wrt"/>.</summary>
    /// <exception cref="GraphException">As <see cref="Append"/>.</exception>
    public static Value AppendForward(FunctionBuilder builder, Value result, Value wrt)
    {
        Check(builder, result, wrt);
        using var pin = builder.At(result.Location);
        var tangents = InAllDirections(builder, [result, wrt], wrt.Type, (scratch, values, direction) =>
            Jvp.Append(scratch, [values[0]], [values[1]], [direction])[0]);
        if (tangents is null) return Zeros(result, wrt);
        // The basis is the leading axis, and x's axes are the last ones.
        var last = tangents.Transpose([.. Enumerable.Range(1, result.Rank), 0]);
        return Reshaped(last, result, wrt).ConvertTo(wrt.DType);
    }

    /// <summary>Appends the Jacobian in reverse mode: a cotangent for each element of <paramref name="result"/>.</summary>
    /// <exception cref="GraphException">As <see cref="Append"/>.</exception>
    public static Value AppendReverse(FunctionBuilder builder, Value result, Value wrt)
    {
        Check(builder, result, wrt);
        using var pin = builder.At(result.Location);
        var gradients = InAllDirections(builder, [result, wrt], result.Type, (scratch, values, direction) =>
            Adjoint.Append(scratch, values[0], [values[1]], direction)[0]);
        return gradients is null ? Zeros(result, wrt) : Reshaped(gradients, result, wrt);
    }

    private static void Check(FunctionBuilder builder, Value result, Value wrt)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(wrt);
        Differentiation.CheckFloating(builder, wrt);
        Differentiation.CheckFloating(builder, result);
    }

    // The directional derivative for every direction of a basis, along a leading axis; null where it is zero. It is taken in a copy of
    // the graph, of which only what it needs is appended.
    private static Value? InAllDirections(FunctionBuilder builder, Value[] values, TensorType direction,
        Func<FunctionBuilder, Value[], Value, Value?> derivative)
    {
        if (values.Any(v => v.Shape.ElementCount == 0)) return null;
        var scratch = new FunctionBuilder(builder.Name);
        var copies = new Dictionary<Value, Value>();
        foreach (var parameter in builder.Parameters)
            copies[parameter] = scratch.Parameter(parameter.Name!, parameter.Type, parameter.Location);
        foreach (var operation in builder.Operations) scratch.Clone(operation, copies);
        var primal = scratch.Operations.Count;
        var seed = scratch.ParameterLike("direction", direction, Location.Unknown);
        if (derivative(scratch, [.. values.Select(v => copies[v])], seed) is not { } result) return null;
        var basis = Basis(builder, direction);
        var batching = new Batching(builder, basis.Shape[0], copies.ToDictionary(c => c.Value, c => c.Key));
        batching.Bind(seed, basis);
        batching.Append(Reaching(result, [.. scratch.Operations.Skip(primal)]));
        return batching.Result(result);
    }

    private static IEnumerable<Operation> Reaching(Value result, Operation[] operations)
    {
        var live = new HashSet<Value> { result };
        for (var i = operations.Length - 1; i >= 0; i--)
            if (operations[i].Results.Any(live.Contains)) live.UnionWith(operations[i].Operands);
        return operations.Where(o => o.Results.Any(live.Contains));
    }

    // One direction for each element: 1 there, and 0 elsewhere.
    private static Value Basis(FunctionBuilder builder, TensorType type)
    {
        var count = type.Shape.ElementCount;
        var shape = Shape.Of([count, .. type.Shape]);
        if (count == 1) return builder.Constant(new Literal(type.With(shape), 1));
        var square = new TensorType(DType.I32, Shape.Of(count, count));
        var (row, column) = (builder.Emit(Iota.Instance, [], Iota.Attributes(square, 0)),
            builder.Emit(Iota.Instance, [], Iota.Attributes(square, 1)));
        return row.Equal(column).ConvertTo(type.DType).Emit(Reshape.Instance, default, Reshape.Attributes(shape));
    }

    private static Value Reshaped(Value value, Value result, Value wrt) =>
        value.Emit(Reshape.Instance, value.Location, Reshape.Attributes(new Shape([.. result.Shape, .. wrt.Shape])));

    private static Value Zeros(Value result, Value wrt) => wrt.Constant(0, new Shape([.. result.Shape, .. wrt.Shape]));
}
