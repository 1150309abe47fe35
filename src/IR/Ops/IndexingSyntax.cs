using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Elements, rows and blocks at indices that are computed.</summary>
/// <remarks>An index outside of its axis counts as the nearest one, and a block that reaches out of the tensor is moved into it; a checked
/// run reports both. The bits are the same for any number of threads.</remarks>
public static class IndexingSyntax
{
    extension(Value x)
    {
        /// <summary>The parts of x at tuples of indices of its first axes: y[i, …] = x[indices[i, 0], indices[i, 1], …].</summary>
        /// <param name="indices">i32 or i64, of shape [.., r] with r from 1 to x's rank: indices of the first r axes, clamped to them.
        /// </param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <returns>Of the shape of indices without its last axis, and then x's other axes.</returns>
        /// <exception cref="GraphException">SGC1001: indices of another type. SGC1002: r does not fit, or an axis is empty. SGC1008: they
        /// are of another builder. SGC1012: too large.</exception>
        public Value GatherNd(Value indices, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = Indexed("GatherNd", x, indices, new(file, line));
            CheckTuples(call, indices);
            return call.Compose(() => Rows(x, indices.Shape[^1]).Take(Positions(x, indices)));
        }

        /// <summary>x, with updates of its parts at tuples of indices of its first axes: the transpose of <c>GatherNd</c> where they are
        /// added.</summary>
        /// <param name="indices">i32 or i64, of shape [.., r] with r from 1 to x's rank: indices of the first r axes, clamped to them.
        /// </param>
        /// <param name="updates">Of x's element type, and of the shape of indices without its last axis and then x's other axes.</param>
        /// <param name="kind">What is done with several updates of one part, and with what is there.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: types do not fit, or kind does not fit them. SGC1002: shapes do not fit, or an axis
        /// is empty. SGC1005: there is no such kind. SGC1008: a value of another builder. SGC1012: too large.</exception>
        public Value ScatterNd(Value indices, Value updates, ScatterKind kind = ScatterKind.Add,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = Indexed("ScatterNd", x, indices, new(file, line)).Own(updates, nameof(updates));
            CheckTuples(call, indices);
            CheckUpdates(call, updates, new Shape([.. indices.Shape.SkipLast(1), .. x.Shape.Skip(indices.Shape[^1])]), kind);
            return call.Compose(() => Shaped(Scattered(Rows(x, indices.Shape[^1]), Positions(x, indices), updates, kind), x.Shape));
        }

        /// <summary>x, with updates of the elements that have an index along an axis, and the index's own position along all
        /// others: x[indices[i, j], j] for axis 0. The transpose of <c>TakeAlongAxis</c> where they are added.</summary>
        /// <param name="indices">i32 or i64, of x's rank, and of x's sizes but for the axis; clamped to the axis.</param>
        /// <param name="updates">Of x's element type and indices' shape.</param>
        /// <param name="axis">Negative ones count from the end.</param>
        /// <param name="kind">What is done with several updates of one element, and with what is there.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: types do not fit, or kind does not fit them. SGC1002: shapes do not fit, or the axis
        /// is empty. SGC1004: no such axis. SGC1005: there is no such kind. SGC1008: a value of another builder.</exception>
        public Value ScatterAlongAxis(Value indices, Value updates, int axis = -1, ScatterKind kind = ScatterKind.Add,
            [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = Indexed("ScatterAlongAxis", x, indices, new(file, line)).Own(updates, nameof(updates));
            var at = call.Axis(axis);
            call.Require(indices.Rank == x.Rank && indices.Shape.Without(at) == x.Shape.Without(at), DiagnosticCode.ShapeMismatch,
                () => $"indices {indices.Type} and {x.Type} differ beside axis {axis}");
            call.Require(x.Shape[at] > 0, DiagnosticCode.ShapeMismatch, () => $"axis {axis} of {x.Type} is empty");
            CheckUpdates(call, updates, indices.Shape, kind);
            return call.Compose(() =>
            {
                if (x.Shape.ElementCount == 0) return x;
                return kind == ScatterKind.Add
                    ? x.Emit(ScatterAddAlongAxis.Instance, default, ScatterAddAlongAxis.Attributes(at), indices, updates)
                    : x.Emit(Ops.ScatterAlongAxis.Instance, default, Ops.ScatterAlongAxis.Attributes(at, kind), indices, updates);
            });
        }

        /// <summary>The block of x of some sizes that starts at computed indices.</summary>
        /// <param name="start">A scalar, i32 or i64, for each axis; clamped so that the block is within x.</param>
        /// <param name="sizes">One for each axis, from 0 to x's.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: an index of another type. SGC1003: another number of axes, or an index that is no
        /// scalar. SGC1005: a size outside of the axis. SGC1008: an index of another builder.</exception>
        public Value DynamicSlice(Value[] start, int[] sizes, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = Started("DynamicSlice", x, start, new(file, line)).ForEachAxis(sizes, nameof(sizes));
            for (var i = 0; i < sizes.Length; i++)
            {
                var (axis, size) = (i, sizes[i]);
                call.Require(size >= 0 && size <= x.Shape[axis], DiagnosticCode.BadAttribute,
                    () => $"axis {axis} of {x.Type} has no block of {size}");
            }
            return call.Compose(() =>
            {
                if (sizes.Contains(0)) return x.Constant(0, new Shape(sizes));
                // Axes that are taken whole and are behind all others are parts of rows.
                var moved = x.Rank;
                while (moved > 0 && sizes[moved - 1] == x.Shape[moved - 1]) moved--;
                return moved == 0 ? x : Rows(x, moved).Take(Offsets(x, start, sizes, moved, sizes));
            });
        }

        /// <summary>x, with a block that starts at computed indices replaced.</summary>
        /// <remarks>Cost: the block alone where nothing else reads x, as where the result replaces it; else a copy of x too.</remarks>
        /// <param name="update">Of x's element type and rank, along each axis at most as large.</param>
        /// <param name="start">A scalar, i32 or i64, for each axis; clamped so that the block is within x.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1001: an index of another type, or another element type. SGC1002: the update does not fit.
        /// SGC1003: another number of axes, or an index that is no scalar. SGC1008: a value of another builder.</exception>
        public Value DynamicUpdateSlice(Value update, Value[] start, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            var call = Started("DynamicUpdateSlice", x, start, new(file, line)).Own(update, nameof(update));
            call.Require(update.DType == x.DType, DiagnosticCode.DTypeMismatch, () => $"element types differ: {x.Type} and {update.Type}");
            call.Require(update.Rank == x.Rank && update.Shape.Zip(x.Shape).All(s => s.First <= s.Second), DiagnosticCode.ShapeMismatch,
                () => $"{update.Type} is no block of {x.Type}");
            return call.Compose(() =>
            {
                if (update.Shape.ElementCount == 0) return x;
                if (update.Shape == x.Shape) return update;
                var first = start.Select((s, a) => Shaped(First(x, s, a, update.Shape[a]), new Shape(1))).ToArray();
                return x.Emit(Ops.DynamicUpdateSlice.Instance, default, AttributeMap.Empty, update,
                    first.Length == 1 ? first[0] : first[0].Concat(first[1..]));
            });
        }
    }

    private static SyntaxCall Started(string name, Value x, Value[] start, Location location)
    {
        var call = new SyntaxCall(name, x, location);
        ArgumentNullException.ThrowIfNull(start);
        call.Require(start.Length == x.Rank, DiagnosticCode.RankMismatch,
            () => $"start needs {x.Rank} indices for {x.Type}, got {start.Length}");
        foreach (var index in start)
        {
            call.Own(index, nameof(start)).Require(index.DType == DType.I32 || index.DType == DType.I64, DiagnosticCode.DTypeMismatch,
                () => $"an index is i32 or i64, got {index.Type}");
            call.Require(index.Rank == 0, DiagnosticCode.RankMismatch, () => $"an index is a scalar, got {index.Type}");
        }
        return call;
    }

    private static SyntaxCall Indexed(string name, Value x, Value indices, Location location)
    {
        var call = new SyntaxCall(name, x, location).Own(indices, nameof(indices));
        return call.Require(indices.DType == DType.I32 || indices.DType == DType.I64, DiagnosticCode.DTypeMismatch,
            () => $"indices must be i32 or i64, got {indices.Type}");
    }

    private static void CheckTuples(SyntaxCall call, Value indices)
    {
        var x = call.X;
        call.Require(indices.Rank > 0 && indices.Shape[^1] >= 1 && indices.Shape[^1] <= x.Rank, DiagnosticCode.ShapeMismatch,
            () => $"the last axis of {indices.Type} holds indices of 1 to {x.Rank} axes of {x.Type}");
        call.Require(x.Shape.Take(indices.Shape[^1]).All(s => s > 0), DiagnosticCode.ShapeMismatch, () => $"an axis of {x.Type} is empty");
    }

    private static void CheckUpdates(SyntaxCall call, Value updates, Shape fitting, ScatterKind kind)
    {
        var x = call.X;
        call.Require(Enum.IsDefined(kind), DiagnosticCode.BadAttribute, () => $"there is no kind {kind}");
        call.Require(updates.DType == x.DType, DiagnosticCode.DTypeMismatch, () => $"element types differ: {x.Type} and {updates.Type}");
        call.Require(kind == ScatterKind.Set || x.DType != DType.Bool, DiagnosticCode.DTypeMismatch,
            () => $"{kind} needs numbers, got {x.Type}");
        call.Require(updates.Shape == fitting, DiagnosticCode.ShapeMismatch, () => $"updates must be {fitting}, got {updates.Type}");
    }

    private static Value Shaped(Value x, Shape shape) =>
        x.Shape == shape ? x : x.Emit(Reshape.Instance, default, Reshape.Attributes(shape));

    // The first axes as one.
    private static Value Rows(Value x, int axes) =>
        Shaped(x, Shape.Of([x.Shape.Take(axes).Aggregate(1L, (a, b) => a * b), .. x.Shape.Skip(axes).Select(s => (long)s)]));

    private static Value Scattered(Value rows, Value positions, Value updates, ScatterKind kind) => kind == ScatterKind.Add
        ? rows.Emit(ScatterAdd.Instance, default, AttributeMap.Empty, positions, updates)
        : rows.Emit(Scatter.Instance, default, Scatter.Attributes(kind), positions, updates);

    // Of tuples of indices the rows that they name.
    private static Value Positions(Value x, Value indices)
    {
        var (axes, kept) = (indices.Shape[^1], new Shape([.. indices.Shape.SkipLast(1)]));
        Value? sum = null;
        for (var a = 0; a < axes; a++)
        {
            var index = Shaped(MovementSyntax.Part(indices, indices.Rank - 1, a, a + 1), kept).ConvertTo(DType.I64)
                .Emit(ClampIndex.Instance, default, ClampIndex.Attributes(x.Shape[a]));
            sum = sum is null ? index : sum * x.Shape[a] + index;
        }
        return sum!;
    }

    // For a block's elements, counted along its first axes, where they are among x's rows.
    private static Value Offsets(Value x, Value[] start, int[] sizes, int axes, int[] counted)
    {
        var type = new TensorType(DType.I64, new Shape([.. counted.Take(axes)]));
        Value? sum = null;
        for (var a = 0; a < axes; a++)
        {
            var index = Counted(x, type, a) + First(x, start[a], a, sizes[a]);
            sum = sum is null ? index : sum * x.Shape[a] + index;
        }
        return sum!;
    }

    private static Value First(Value x, Value start, int axis, int size) => start.ConvertTo(DType.I64)
        .Emit(ClampIndex.Instance, default, ClampIndex.Attributes(x.Shape[axis] - size + 1));

    private static Value Counted(Value x, TensorType type, int axis) => x.Builder.Emit(Iota.Instance, [], Iota.Attributes(type, axis));
}
