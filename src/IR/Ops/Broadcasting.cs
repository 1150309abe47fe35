using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>NumPy's broadcasting: shapes are aligned at the last axis, and a size of 1 stretches.</summary>
public static class Broadcasting
{
    /// <summary>Applies a binary elementwise op, broadcasting the operands to their common shape.</summary>
    /// <exception cref="GraphException">SGC1002: the shapes do not broadcast.</exception>
    public static Value Emit(Op op, Value x, Value y, Location location, AttributeMap? attributes = null)
    {
        ArgumentNullException.ThrowIfNull(op);
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        return Emit(op, [x, y], location, attributes, isRefused: x.DType != y.DType);
    }

    /// <summary>Applies an elementwise op, broadcasting the operands to their common shape.</summary>
    /// <param name="op">The op.</param>
    /// <param name="operands">At least one.</param>
    /// <param name="location">Where the call was written.</param>
    /// <param name="attributes">The op's attributes, if it has any.</param>
    /// <param name="isRefused">Whether the op refuses the element types: the operands then go to it as they are, so that
    /// nothing is appended before its error.</param>
    internal static Value Emit(Op op, Value[] operands, Location location, AttributeMap? attributes, bool isRefused)
    {
        var builder = operands[0].Builder;
        return builder.Compose(location, () =>
        {
            if (!isRefused && operands.All(o => o.Builder == builder))
            {
                var common = Common(op, operands, [.. operands.Select(o => o.Shape)]);
                operands = [.. operands.Select(o => To(o, common, location))];
            }
            return builder.Emit(op, operands, attributes, location);
        });
    }

    /// <summary>Broadcasts <paramref name="x"/> to <paramref name="shape"/>, aligned at the last axis.</summary>
    /// <exception cref="GraphException">SGC1002: the shape does not broadcast to it.</exception>
    public static Value To(Value x, Shape shape, Location location = default)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.Shape == shape) return x;
        var offset = shape.Rank - x.Rank;
        var fits = offset >= 0 && Enumerable.Range(0, x.Rank).All(i => x.Shape[i] == shape[i + offset] || x.Shape[i] == 1);
        if (!fits)
            throw new GraphException(DiagnosticCode.ShapeMismatch, $"{x} : {x.Type} does not broadcast to {shape}", location);
        var kept = Enumerable.Range(0, x.Rank).Where(i => x.Shape[i] == shape[i + offset]).ToArray();
        var squeezed = new Shape(kept.Select(i => x.Shape[i]).ToArray());
        if (squeezed != x.Shape) x = x.Emit(Reshape.Instance, location, Reshape.Attributes(squeezed));
        return x.Emit(Broadcast.Instance, location, Broadcast.Attributes(shape, kept.Select(i => i + offset)));
    }

    /// <summary>The shape that all <paramref name="shapes"/>, which are the operands' or parts of them, broadcast to.</summary>
    /// <exception cref="GraphException">SGC1002: there is none.</exception>
    internal static Shape Common(Op op, Value[] operands, Shape[] shapes)
    {
        var sizes = new int[shapes.Max(s => s.Rank)];
        for (var i = 1; i <= sizes.Length; i++)
        {
            var common = 1;
            foreach (var shape in shapes)
            {
                var size = i <= shape.Rank ? shape[^i] : 1;
                if (size != common && size != 1 && common != 1)
                    throw new OpCall(op, [.. operands], AttributeMap.Empty, null, operands[0].Builder.Pinned ?? default)
                        .Error(DiagnosticCode.ShapeMismatch,
                            $"{string.Join(" and ", operands.Select(o => o.Type))} do not broadcast: "
                            + $"sizes {common} and {size} at axis {-i}");
                if (common == 1) common = size;
            }
            sizes[^i] = common;
        }
        return new Shape(sizes);
    }
}
