using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Movements of elements that are made of others: no kernel of their own, and fused with what is around them.</summary>
public static class MovementSyntax
{
    extension(Value x)
    {
        /// <summary>Parts of equal size along an axis.</summary>
        /// <param name="parts">Their number, which divides the axis.</param>
        /// <param name="axis">Negative ones count from the end.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1004: no such axis. SGC1005: the number does not divide its size.</exception>
        public Value[] Split(int parts, int axis = 0, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("Split", x, new(file, line));
            var size = x.Shape[call.Axis(axis)];
            call.Require(parts > 0 && size % parts == 0, DiagnosticCode.BadAttribute,
                () => $"{parts} does not divide axis {axis} of {x.Type}");
            return x.Split([.. Enumerable.Repeat(size / parts, parts)], axis, file, line);
        }

        /// <summary>Parts of given sizes along an axis.</summary>
        /// <param name="sizes">They add up to the axis.</param>
        /// <param name="axis">Negative ones count from the end.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1004: no such axis. SGC1005: a size is negative, or they do not add up to the
        /// axis.</exception>
        public Value[] Split(int[] sizes, int axis = 0, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(sizes);
            var call = new SyntaxCall("Split", x, new(file, line));
            var at = call.Axis(axis);
            call.Require(sizes.All(s => s >= 0) && sizes.Sum(s => (long)s) == x.Shape[at], DiagnosticCode.BadAttribute,
                () => $"sizes [{string.Join(",", sizes)}] are not those of parts of axis {axis} of {x.Type}");
            using var pin = x.Builder.At(call.Location);
            var (parts, start) = (new Value[sizes.Length], 0);
            for (var i = 0; i < parts.Length; i++)
            {
                parts[i] = Part(x, at, start, start + sizes[i]);
                start += sizes[i];
            }
            return parts;
        }

        /// <summary>x repeated along each axis: all of it, so many times one after another.</summary>
        /// <param name="repeats">A number for each axis, at least 0.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1003: another number of axes. SGC1005: a negative number. SGC1012: too large.</exception>
        public Value Tile(int[] repeats, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("Tile", x, new(file, line)).ForEachAxis(repeats, nameof(repeats));
            call.Require(repeats.All(r => r >= 0), DiagnosticCode.BadAttribute,
                () => $"a negative number in [{string.Join(",", repeats)}]");
            return call.Compose(() =>
            {
                var sizes = Shape.Of([.. x.Shape.Zip(repeats, (s, r) => (long)s * r)]);
                var pairs = new Shape([.. repeats.Zip(x.Shape, (r, s) => (int[])[r, s]).SelectMany(p => p)]);
                return x.Emit(Broadcast.Instance, default, Broadcast.Attributes(pairs, Enumerable.Range(0, x.Rank).Select(a => 2 * a + 1)))
                    .Emit(Reshape.Instance, default, Reshape.Attributes(sizes));
            });
        }

        /// <summary>x moved along an axis by <paramref name="shift"/> places; what leaves at one end enters at the other.</summary>
        /// <exception cref="GraphException">SGC1004: no such axis.</exception>
        public Value Roll(int shift, int axis, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("Roll", x, new(file, line));
            var at = call.Axis(axis);
            var size = x.Shape[at];
            var moved = size == 0 ? 0 : (int)(((long)shift % size + size) % size);
            return moved == 0 ? x : call.Compose(() => Part(x, at, size - moved, size).Concat(Part(x, at, 0, size - moved), at));
        }

        /// <summary>The lower triangle of the matrices of the last two axes, 0 elsewhere: elements whose column is up to their row and
        /// <paramref name="diagonal"/>.</summary>
        /// <exception cref="GraphException">SGC1003: fewer than two axes.</exception>
        public Value Tril(int diagonal = 0, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Triangle(new SyntaxCall("Tril", x, new(file, line)), (row, column) => column <= row + (Scalar)diagonal);

        /// <summary>The upper triangle of the matrices of the last two axes, 0 elsewhere: elements whose column is from their row and
        /// <paramref name="diagonal"/> on.</summary>
        /// <exception cref="GraphException">SGC1003: fewer than two axes.</exception>
        public Value Triu(int diagonal = 0, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
            Triangle(new SyntaxCall("Triu", x, new(file, line)), (row, column) => column >= row + (Scalar)diagonal);

        /// <summary>Elements [i, i + offset] of the matrices of the last two axes, as one axis in their place.</summary>
        /// <exception cref="GraphException">SGC1003: fewer than two axes.</exception>
        public Value Diagonal(int offset = 0, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("Diagonal", x, new(file, line)).Rank(2);
            return call.Compose(() => OnDiagonal(x, offset));
        }

        /// <summary>For indices x a new axis of classes, 1 at the class of each index and 0 elsewhere; nowhere 1 where the index is no
        /// class.</summary>
        /// <param name="classes">Their number, at least 0.</param>
        /// <param name="dtype">Of the result; f32 when null.</param>
        /// <param name="axis">Where the classes are; negative ones count from the end of the result's.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: x has no integers. SGC1004: the result has no such axis. SGC1005: a negative number of
        /// classes. SGC1012: too large.</exception>
        public Value OneHot(int classes, DType? dtype = null, int axis = -1,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("OneHot", x, new(file, line));
            call.Require(x.DType.IsInteger, DiagnosticCode.DTypeMismatch, () => $"needs integers, got {x.Type}");
            call.Require(classes >= 0, DiagnosticCode.BadAttribute, () => $"there are {classes} classes");
            return call.Compose(() =>
            {
                // The classes are counted in a type that holds them all.
                var index = classes - 1 <= (long)x.DType.Highest ? x : x.ConvertTo(DType.I32);
                var expanded = index.ExpandDims(axis);
                var at = axis < 0 ? axis + expanded.Rank : axis;
                long[] sizes = [.. expanded.Shape];
                sizes[at] = classes;
                var count = x.Builder.Emit(Iota.Instance, [], Iota.Attributes(index.Type.With(Shape.Of(sizes)), at));
                return count.Equal(expanded).ConvertTo(dtype ?? DType.F32);
            });
        }

        /// <summary>For each of <paramref name="indices"/> the element of x that has it along an axis, and the index's own position along
        /// all
        /// others: y[i, j] = x[indices[i, j], j] for axis 0.</summary>
        /// <param name="indices">i32 or i64, of x's rank, and of x's sizes but for the axis; clamped to the axis.</param>
        /// <param name="axis">Negative ones count from the end.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: indices of another type. SGC1002: they do not fit, or the axis is empty. SGC1004: no
        /// such
        /// axis. SGC1008: they are of another builder.</exception>
        public Value TakeAlongAxis(Value indices, int axis = -1, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = new SyntaxCall("TakeAlongAxis", x, new(file, line)).Own(indices, nameof(indices));
            var at = call.Axis(axis);
            call.Require(indices.DType == DType.I32 || indices.DType == DType.I64, DiagnosticCode.DTypeMismatch,
                () => $"indices must be i32 or i64, got {indices.Type}");
            call.Require(indices.Rank == x.Rank && indices.Shape.Without(at) == x.Shape.Without(at), DiagnosticCode.ShapeMismatch,
                () => $"indices {indices.Type} and {x.Type} differ beside axis {axis}");
            call.Require(x.Shape[at] > 0 || indices.Shape.ElementCount == 0, DiagnosticCode.ShapeMismatch,
                () => $"axis {axis} of {x.Type} is empty");
            return call.Compose(() => indices.Shape.ElementCount == 0 ? x.Constant(0, indices.Shape)
                : x.Emit(GatherAlongAxis.Instance, default, GatherAlongAxis.Attributes(at), indices));
        }
    }

    /// <summary>Elements from start to before limit along one axis.</summary>
    internal static Value Part(Value x, int axis, int start, int limit)
    {
        int[] starts = new int[x.Rank], limits = [.. x.Shape];
        (starts[axis], limits[axis]) = (start, limit);
        return start == 0 && limit == x.Shape[axis] ? x : x.Slice(starts, limits);
    }

    // Of the matrix as one row every (columns + 1)th element.
    internal static Value OnDiagonal(Value x, int offset)
    {
        var (rows, columns) = (x.Shape[^2], x.Shape[^1]);
        var count = Math.Max(0, Math.Min(rows + Math.Min((long)offset, 0), columns - Math.Max((long)offset, 0)));
        long[] kept = [.. x.Shape.SkipLast(2)];
        if (count == 0) return x.Emit(Slice.Instance, default, Slice.Attributes(new int[x.Rank], [.. x.Shape.SkipLast(2), 0, columns]))
            .Emit(Reshape.Instance, default, Reshape.Attributes(Shape.Of([.. kept, 0])));
        var first = offset >= 0 ? offset : -(long)offset * columns;
        var flat = x.Emit(Reshape.Instance, default, Reshape.Attributes(Shape.Of([.. kept, (long)rows * columns])));
        int[] start = new int[flat.Rank], limit = [.. flat.Shape], stride = [.. Enumerable.Repeat(1, flat.Rank)];
        var step = columns + 1L;
        (start[^1], limit[^1], stride[^1]) = ((int)first, (int)(first + (count - 1) * step + 1), (int)Math.Min(step, int.MaxValue));
        return flat.Slice(start, limit, stride);
    }

    private static Value Triangle(SyntaxCall call, Func<Value, Value, Value> isKept)
    {
        call.Rank(2);
        var x = call.X;
        return call.Compose(() =>
        {
            Value Count(int axis) => x.Builder.Emit(Iota.Instance, [], Iota.Attributes(DType.I64[x.Shape[^2], x.Shape[^1]], axis));
            return isKept(Count(0), Count(1)).Select(x, x.Constant(0));
        });
    }
}
