using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers a matrix-vector contraction whose operands are both contiguous along K, and the elementwise operations after it: each
/// accumulator is a vector of partial sums along K of one row of the matrix, and a group of them is transposed and summed.</summary>
/// <remarks>Packing would transpose the whole matrix; this transposes one vector a row. Cost: rows · K.</remarks>
internal sealed class GemvKernel
{
    private readonly KernelBody _body;
    private readonly Value _dot;
    private readonly DType _dtype;
    private readonly ContractionShape _shape;
    private readonly ContractionResult _result;
    private readonly TargetTraits _target;
    private readonly int _lanes;
    private readonly int _group;
    private readonly LoopBuffer _partials;
    private readonly LoopBuffer _transposed;

    private GemvKernel(Operation fusion, TargetTraits target)
    {
        _body = new KernelBody(fusion);
        var dot = Dot(_body.Function);
        (_dot, _dtype, _shape) = (dot.Result, dot.Result.DType, new ContractionShape(dot));
        _result = new(_shape, _dot, _body.Function.Operations);
        _target = target;
        _lanes = target.Lanes(_dtype);
        _group = GroupSize(target);
        _partials = _body.AddScratch("partials", _dtype, (long)_group * _lanes, BufferScope.Worker);
        _transposed = _body.AddScratch("transposed", _dtype, (long)_group * _lanes, BufferScope.Worker);
    }

    /// <summary>Whether a contraction is one, and long enough along K to fill vectors.</summary>
    public static bool Fits(Operation fusion, TargetTraits target)
    {
        var dot = Dot(fusion.Body!);
        var shape = new ContractionShape(dot);
        return shape is { M: 1, A.K.Stride: 1, B: { K.Stride: 1, Free.Stride: > 1 } }
            && shape.K > target.Lanes(dot.Result.DType) && Accumulation.TypeOf(dot) == dot.Result.DType;
    }

    public static Kernel Lower(Operation fusion, TargetTraits target) => new GemvKernel(fusion, target).Build();

    private static Operation Dot(Function function) => function.Operations.First(o => o.Op is IContractionOp);

    // Half of the registers: the others hold the vector, and what is loaded.
    private static int GroupSize(TargetTraits target) => target.VectorRegisters / 2;

    private Kernel Build()
    {
        var (full, remainder) = (_shape.N / _group, _shape.N % _group);
        List<Statement> statements = [];
        if (full > 0) statements.Add(Groups("group", full, 0, _group));
        if (remainder > 0) statements.Add(Groups("last", 1, full * _group, (int)remainder));
        return _body.Build(_shape.IsEmpty ? [] : statements, _shape.WorkOf(_body.Function));
    }

    // Groups of rows of the matrix, from the first one on.
    private ForStatement Groups(string name, long groups, long first, int size)
    {
        var group = new LoopVariable(name);
        var index = KernelBody.Unravel(group.Value, [(int)_shape.Batch, (int)groups]);
        var row = index[1] * _group + first;
        var zero = ScalarExpr.Index(0);
        var transpose = new TransposeStatement(_transposed, zero, _group, _partials, zero, _lanes, size, _lanes);
        return new(group, _shape.Batch * groups, LoopKind.Parallel, 1,
            [PartialSums(index[0], row, size), transpose, Epilogue(index[0], row, size)]);
    }

    // partials[i][lane] = Σ matrix[row + i][k + lane] · vector[k + lane] over k = 0, lanes, 2 lanes …
    private ForStatement PartialSums(ScalarExpr batch, ScalarExpr row, int size)
    {
        var lane = new LoopVariable("n");
        var accumulators = _body.NewLocal("c", _dtype, size);
        List<Statement> body = [new LetStatement(accumulators, ScalarExpr.Constant(_dtype, 0))];
        body.AddRange(Cascade.Run(_shape.K / _lanes, accumulators, outer => Cascade.OpenTile(_body, outer),
            (step, into) => MultiplyAdd(batch, row, step * _lanes + lane.Value, into, null), Cascade.MostMultiplyAdds, "k",
            _target.StepsTogether(size, _lanes, _dtype)));
        if (_shape.K % _lanes is > 0 and var remainder)
        {
            // The last vector overlaps the one before: lanes that were added already add nothing.
            var isNew = ScalarExpr.Compare(CompareKind.Ge, lane.Value, ScalarExpr.Index(_lanes - remainder));
            body.AddRange(MultiplyAdd(batch, row, lane.Value + (_shape.K - _lanes), accumulators, isNew));
        }
        body.AddRange(Enumerable.Range(0, size).Select(i =>
            new StoreStatement(_partials, lane.Value + i * _lanes, new LocalExpr(accumulators, i))));
        return new(lane, _lanes, LoopKind.Vector, _lanes, [.. body]);
    }

    private IEnumerable<Statement> MultiplyAdd(ScalarExpr batch, ScalarExpr row, ScalarExpr k, Local accumulators, ScalarExpr? guard)
    {
        var vector = _body.NewLocal("x", _dtype);
        yield return new LetStatement(vector, Load(_shape.A, ScalarExpr.Index(0)));
        for (var i = 0; i < accumulators.Elements; i++)
            yield return new AssignStatement(accumulators, i,
                new MultiplyAddExpr(Load(_shape.B, row + i), new LocalExpr(vector), new LocalExpr(accumulators, i)));

        ScalarExpr Load(ContractionSide side, ScalarExpr free) =>
            new LoadExpr(_body.BufferOf(side.Memory), side.Position(batch, free, k), guard).ConvertTo(_dtype);
    }

    private ForStatement Epilogue(ScalarExpr batch, ScalarExpr row, int size)
    {
        var lane = new LoopVariable("n");
        var sum = _body.NewLocal("s", _dtype);
        var index = _result.Index(batch, ScalarExpr.Index(0), row + lane.Value);
        return new(lane, size, LoopKind.Vector, Math.Min(_lanes, ElementKernel.PowerOfTwoAtLeast(size)),
            [new LetStatement(sum, Sum(0, _lanes)), .. _body.StoreFrom(_dot, new LocalExpr(sum), _ => index)]);

        // Pairwise.
        ScalarExpr Sum(int first, int count) => count == 1 ? new LoadExpr(_transposed, lane.Value + first * _group)
            : Sum(first, count / 2) + Sum(first + count / 2, count - count / 2);
    }
}
