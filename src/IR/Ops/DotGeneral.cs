using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Contraction of two tensors over paired axes, for each index of the batch axes: a batched matmul.</summary>
/// <remarks>Result axes: batch, then x's free axes, then y's free axes, each in order (StableHLO dot_general).
/// C1: one numeric element type. C2: batch sizes agree. C3: contracting sizes agree. C4: axes are distinct and in range.
/// C5: accumulate, which may be left out, is f32 or f64 and no narrower than the elements. C6: dtype, which may be left out, is the type
/// that is accumulated in. Integers wrap; floating point accumulates in accumulate, or else in its own type, f16 and bf16 in f32, and in
/// the reference in f64. The result has the elements' type, to which sums are rounded once, or else dtype: sums as they are.
/// Cost: batch · M · N · K.</remarks>
public sealed class DotGeneral : LinearOp, IContractionOp
{
    /// <summary>The op.</summary>
    public static readonly DotGeneral Instance = new();
    private DotGeneral() : base("dot_general", arity: 2) { }

    /// <summary>Which axes of x and y pair up.</summary>
    /// <param name="BatchX">Batch axes of x.</param>
    /// <param name="BatchY">Batch axes of y.</param>
    /// <param name="ContractX">Contracting axes of x.</param>
    /// <param name="ContractY">Contracting axes of y.</param>
    public sealed record Axes(int[] BatchX, int[] BatchY, int[] ContractX, int[] ContractY)
    {
        /// <summary>The type that sums are accumulated in; null for the elements' own, of narrow floats f32.</summary>
        public DType? Accumulate { get; init; }

        /// <summary>The result's type, if it is that of the sums and not the elements'; null for the elements'.</summary>
        public DType? Result { get; init; }

        /// <summary>Axes of x that are neither batch nor contracting.</summary>
        public int[] FreeX(int rank) => [.. Enumerable.Range(0, rank).Except(BatchX).Except(ContractX)];
        /// <summary>Axes of y that are neither batch nor contracting.</summary>
        public int[] FreeY(int rank) => [.. Enumerable.Range(0, rank).Except(BatchY).Except(ContractY)];

        /// <summary>The attributes that say so.</summary>
        public AttributeMap Attributes => AttributeMap.Empty
            .With("batch", new Attribute.Pairs([.. BatchX], [.. BatchY]))
            .With("contract", new Attribute.Pairs([.. ContractX], [.. ContractY]))
            .In(Accumulate).With("dtype", Result);

        /// <summary>The axes of an operation.</summary>
        public static Axes Of(AttributeMap attributes)
        {
            var (batch, contract) = ((Attribute.Pairs)attributes["batch"]!, (Attribute.Pairs)attributes["contract"]!);
            return new([.. batch.Left], [.. batch.Right], [.. contract.Left], [.. contract.Right])
            {
                Accumulate = Accumulation.Of(attributes),
                Result = attributes["dtype"] is Attribute.Word word ? DType.Find(word.Text) : null,
            };
        }
    }

    Axes IContractionOp.AxesOf(Operation operation) => Axes.Of(operation.Attributes);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        call.Numeric();
        call.Require(call[0].DType == call[1].DType, DiagnosticCode.DTypeMismatch, () => $"element types differ: {call[0]} and {call[1]}");
        foreach (var name in (string[])["batch", "contract"]) CheckPairs(call, name);
        Accumulation.Check(call);
        CheckResult(call);
        var axes = Axes.Of(call.Attributes);
        CheckDistinct(call, [.. axes.BatchX, .. axes.ContractX]);
        CheckDistinct(call, [.. axes.BatchY, .. axes.ContractY]);
        return new(axes.Result ?? call[0].DType, new Shape([.. axes.BatchX.Select(a => call[0].Shape[a]),
            .. axes.FreeX(call[0].Rank).Select(a => call[0].Shape[a]), .. axes.FreeY(call[1].Rank).Select(a => call[1].Shape[a])]));
    }

    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent)
    {
        var axes = Axes.Of(operation.Attributes);
        var (x, y) = (operation.Operands[0], operation.Operands[1]);
        var (freeX, freeY, batch) = (axes.FreeX(x.Rank), axes.FreeY(y.Rank), axes.BatchX.Length);
        var batchAxes = Enumerable.Range(0, batch).ToArray();
        if (wrt == 0)
        {
            var ctFreeY = Enumerable.Range(batch + freeX.Length, freeY.Length).ToArray();
            var right = new Axes(batchAxes, axes.BatchY, ctFreeY, freeY) { Accumulate = axes.Accumulate };
            var gradient = cotangent.Emit(this, operation.Location, right.Attributes, In(cotangent.DType, y));
            int[] order = [.. axes.BatchX, .. freeX, .. PairedWith(axes.ContractY, axes.ContractX)];
            return ToOrder(In(x.DType, gradient), order, operation.Location);
        }
        var ctFreeX = Enumerable.Range(batch, freeX.Length).ToArray();
        var left = new Axes(axes.BatchX, batchAxes, freeX, ctFreeX) { Accumulate = axes.Accumulate };
        return ToOrder(In(y.DType, In(cotangent.DType, x).Emit(this, operation.Location, left.Attributes, cotangent)),
            [.. axes.BatchY, .. PairedWith(axes.ContractX, axes.ContractY), .. freeY], operation.Location);
    }

    /// <inheritdoc/>
    protected override Literal Evaluate(Operation operation, Literal[] operands)
    {
        var axes = Axes.Of(operation.Attributes);
        var (x, y, type) = (operands[0], operands[1], operation.Result.Type);
        var (freeX, freeY) = (axes.FreeX(x.Type.Rank), axes.FreeY(y.Type.Rank));
        var contracted = new Shape([.. axes.ContractX.Select(a => x.Type.Shape[a])]);
        var values = new Scalar[type.Shape.ElementCount];
        var (ofX, ofY) = (x.Type.Shape.Strides(), y.Type.Shape.Strides());
        var left = new StridedWalk(type.Shape, 0,
            [.. axes.BatchX.Select(a => ofX[a]), .. freeX.Select(a => ofX[a]), .. freeY.Select(_ => 0L)]);
        var right = new StridedWalk(type.Shape, 0,
            [.. axes.BatchY.Select(a => ofY[a]), .. freeX.Select(_ => 0L), .. freeY.Select(a => ofY[a])]);
        var termsOfX = new StridedWalk(contracted, 0, [.. axes.ContractX.Select(a => ofX[a])]).All();
        var termsOfY = new StridedWalk(contracted, 0, [.. axes.ContractY.Select(a => ofY[a])]).All();
        for (var i = 0L; i < values.Length; i++, left.Next(), right.Next())
            for (var c = 0; c < termsOfX.Length; c++)
                values[i] += x[left.Position + termsOfX[c]] * y[right.Position + termsOfY[c]];
        return Literal.Rounded(type, values);
    }

    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x)
    {
        var axes = Axes.Of(operation.Attributes);
        int[] Moved(int[] axes, int operand) => x.IsBatched(operand) ? BatchedOperands.Behind(axes) : axes;
        axes = axes with
        {
            BatchX = Moved(axes.BatchX, 0), BatchY = Moved(axes.BatchY, 1),
            ContractX = Moved(axes.ContractX, 0), ContractY = Moved(axes.ContractY, 1),
        };
        if (x.IsBatched(0) && x.IsBatched(1))
            return x.Emit(this, (axes with { BatchX = [0, .. axes.BatchX], BatchY = [0, .. axes.BatchY] }).Attributes);
        // The new axis is the first free one of its side, behind the batch axes, and behind x's free axes if it is y's.
        var at = axes.BatchX.Length + (x.IsBatched(0) ? 0 : axes.FreeX(x[0].Rank).Length);
        var result = x[0].Emit(this, operation.Location, axes.Attributes, x[1]);
        return [ToOrder(result, [.. Enumerable.Range(1, at), 0, .. Enumerable.Range(at + 1, result.Rank - at - 1)], operation.Location)];
    }

    // A cotangent of the sums' type: what it is multiplied by is widened, which is exact, and the gradient is rounded once.
    private static Value In(DType type, Value x) => x.DType == type ? x : x.ConvertTo(type);

    private static void CheckResult(OpCall call)
    {
        if (call.Attributes["dtype"] is null) return;
        var (type, sums) = (call.DType("dtype"), Accumulation.TypeOf(call[0].DType, call.Attributes));
        call.Require(type == sums, DiagnosticCode.BadAttribute,
            () => $"dtype={type} is not the type of the sums, which is {sums}; leave it out for a result of {call[0].DType}");
    }

    // The other side's free axes come out in increasing order; these are the wanted axes in that order.
    private static int[] PairedWith(int[] other, int[] wanted) => [.. other.Zip(wanted).OrderBy(p => p.First).Select(p => p.Second)];

    private static Value ToOrder(Value value, int[] axisOf, Location location)
    {
        if (axisOf.SequenceEqual(Enumerable.Range(0, axisOf.Length))) return value;
        var permutation = new int[axisOf.Length];
        for (var i = 0; i < axisOf.Length; i++) permutation[axisOf[i]] = i;
        return value.Emit(Ops.Transpose.Instance, location, Ops.Transpose.Attributes(permutation));
    }

    private static void CheckDistinct(OpCall call, int[] axes) =>
        call.Require(axes.Distinct().Count() == axes.Length, DiagnosticCode.BadAxis, () => "an axis is named twice");

    private static void CheckPairs(OpCall call, string name)
    {
        if (call.Attributes[name] is not Attribute.Pairs pairs)
            throw call.Error(DiagnosticCode.BadAttribute, $"needs the attribute {name}=[…]x[…]");
        call.Require(pairs.Left.Length == pairs.Right.Length, DiagnosticCode.BadAttribute,
            () => $"{name}={pairs} pairs unequal numbers of axes");
        foreach (var (a, b) in pairs.Left.Zip(pairs.Right))
        {
            call.Require(a >= 0 && a < call[0].Rank, DiagnosticCode.BadAxis, () => $"{name}: {call[0]} has no axis {a}");
            call.Require(b >= 0 && b < call[1].Rank, DiagnosticCode.BadAxis, () => $"{name}: {call[1]} has no axis {b}");
            var kind = name == "batch" ? "batch" : "contracting";
            call.Require(call[0].Shape[a] == call[1].Shape[b], DiagnosticCode.ContractionMismatch,
                () => $"{kind} sizes differ: x[{a}] = {call[0].Shape[a]}, y[{b}] = {call[1].Shape[b]}");
        }
    }
}

/// <summary>Fluent syntax of <see cref="DotGeneral"/>.</summary>
public static class DotGeneralSyntax
{
    extension(Value x)
    {
        /// <summary>Matmul of x[…, m, k] and y[…, k, n]; leading axes are batch axes and broadcast as NumPy's do.</summary>
        /// <param name="y">The right operand.</param>
        /// <param name="accumulate">The type of the sums, F32 or F64; the elements' own when null, F32 for narrower floats.</param>
        /// <param name="file">Filled in by the compiler.</param>
        /// <param name="line">Filled in by the compiler.</param>
        /// <exception cref="GraphException">SGC1003: rank below 2. SGC1002: batch axes do not broadcast. SGC1007: contracting sizes
        /// differ. SGC1005: accumulate is narrower than the elements, or no float.</exception>
        public Value MatMul(Value y, DType? accumulate = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            ArgumentNullException.ThrowIfNull(y);
            var location = x.Builder.Pinned ?? new Location(file, line);
            if (x.Rank < 2 || y.Rank < 2)
                throw new OpCall(DotGeneral.Instance, [x, y], AttributeMap.Empty, null, location).Error(DiagnosticCode.RankMismatch,
                    $"matmul needs operands of rank 2 or more; got {x.Type} and {y.Type}");
            // A matrix y has no batch axes: those of x are rows of one large matmul.
            if (y.Rank == 2)
                return x.Emit(DotGeneral.Instance, location, new DotGeneral.Axes([], [], [x.Rank - 1], [0]).Attributes.In(accumulate), y);
            return x.Compose(location, () =>
            {
                var (left, right) = (x, y);
                // Otherwise the op refuses them.
                if (x.Builder == y.Builder && x.DType == y.DType) (left, right) = BroadcastBatch(x, y);
                var batch = Enumerable.Range(0, left.Rank - 2).ToArray();
                return left.Emit(DotGeneral.Instance, location,
                    new DotGeneral.Axes(batch, batch, [left.Rank - 1], [right.Rank - 2]).Attributes.In(accumulate), right);
            });
        }
    }

    private static (Value X, Value Y) BroadcastBatch(Value x, Value y)
    {
        var batch = Broadcasting.Common(DotGeneral.Instance, [x, y], [new([.. x.Shape.SkipLast(2)]), new([.. y.Shape.SkipLast(2)])]);
        return (Broadcasting.To(x, new([.. batch, .. x.Shape.TakeLast(2)])), Broadcasting.To(y, new([.. batch, .. y.Shape.TakeLast(2)])));
    }
}
