using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>NumPy's broadcasting: shapes are aligned at the last axis, and a size of 1 stretches.</summary>
public static class Broadcasting
{
    /// <summary>Applies a binary elementwise op, broadcasting the operands to their common shape.</summary>
    /// <exception cref="GraphException">SGC1002: the shapes do not broadcast.</exception>
    public static Value Emit(Op op, Value x, Value y, Location location, AttributeMap? attributes = null)
    {
        using var pin = x.Builder.At(location);
        if (x.Shape != y.Shape)
        {
            var common = Common(op, x, y, location);
            x = To(x, common);
            y = To(y, common);
        }
        return x.Emit(op, location, attributes ?? AttributeMap.Empty, y);
    }

    /// <summary>Broadcasts <paramref name="x"/> to <paramref name="shape"/>, aligned at the last axis.</summary>
    /// <exception cref="GraphException">SGC1002: the shape does not broadcast to it.</exception>
    public static Value To(Value x, Shape shape, Location location = default)
    {
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

    private static Shape Common(Op op, Value x, Value y, Location location)
    {
        var rank = Math.Max(x.Rank, y.Rank);
        var sizes = new int[rank];
        for (var i = 1; i <= rank; i++)
        {
            var a = i <= x.Rank ? x.Shape[^i] : 1;
            var b = i <= y.Rank ? y.Shape[^i] : 1;
            if (a != b && a != 1 && b != 1)
                throw new OpCall(op, [x, y], AttributeMap.Empty, null, x.Builder.Pinned ?? location)
                    .Error(DiagnosticCode.ShapeMismatch, $"{x.Type} and {y.Type} do not broadcast: sizes {a} and {b} at axis {-i}");
            sizes[^i] = a == 1 ? b : a;
        }
        return new Shape(sizes);
    }
}
