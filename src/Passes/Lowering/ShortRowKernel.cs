using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Lowers reductions over short rows: a vector holds one column of many rows. So all lanes are in use, a reduction needs no
/// shuffles between lanes, and a row stays in registers from pass to pass (the losses of a classifier of few classes).</summary>
/// <remarks>The code is repeated for each column. A row is summed from its first column to its last,
/// whatever the number of workers.</remarks>
internal sealed class ShortRowKernel
{
    /// <summary>Columns up to which a row is short: more do not stay in registers.</summary>
    private const int MostColumns = 16;

    /// <summary>Operations in all columns together: LLVM's time grows faster than linearly with a function.</summary>
    private const int MostOperations = 800;

    private readonly KernelBody _body;
    private readonly Shape _domain;
    private readonly LoopVariable _row = new("row");
    private readonly Dictionary<Value, ScalarExpr>[] _columns;
    private readonly List<Statement> _statements = [];

    private ShortRowKernel(Operation fusion)
    {
        _body = new KernelBody(fusion);
        _domain = Domain(_body.Function);
        _columns = [.. Enumerable.Range(0, _domain[1]).Select(_ => new Dictionary<Value, ScalarExpr>())];
    }

    /// <summary>Whether a row kernel has short rows, and enough of them to fill a vector.</summary>
    public static bool Fits(Operation fusion, TargetTraits target)
    {
        var body = fusion.Body!;
        var domain = Domain(body);
        return domain.Rank == 2 && fusion.Ints("axes") is [1] && domain[1] is > 1 and <= MostColumns
            && domain[1] * body.Operations.Length <= MostOperations
            && domain[0] >= target.Lanes(ElementKernel.Widest(body))
            && body.Operations.SelectMany(o => o.Results).All(r => r.DType is not { IsFloating: true, Bits: < 32 })
            && body.Operations.All(o => o.Op is not IReductionOp || Accumulation.TypeOf(o) == o.Result.DType);
    }

    public static Kernel Lower(Operation fusion, TargetTraits target) => new ShortRowKernel(fusion).Build(target);

    private static Shape Domain(Function body) => body.Operations.First(o => o.Op is IReductionOp).Operands[0].Shape;

    private Kernel Build(TargetTraits target)
    {
        _body.PushScope();
        foreach (var operation in _body.Function.Operations)
        {
            if (operation.Op is IReductionOp { GivesIndex: true } choice) Choose(choice.Kind, operation);
            else if (operation.Op is IReductionOp reduction) _body.Define(operation.Result, Reduce(reduction.Kind, operation));
            else if (operation.Op is IElementOp && operation.Result.Shape == _domain.Without([1]))
                _body.Element(operation.Result, [_row.Value], _statements);
        }
        // Everything is computed before anything is stored: a result may have the memory of an operand.
        var elements = _body.Function.Results.Distinct().SelectMany(Elements).ToList();
        foreach (var (buffer, position, element) in elements) _statements.Add(new StoreStatement(buffer, position, element));
        _body.PopScope();
        var lanes = target.Lanes(ElementKernel.Widest(_body.Function));
        var loop = new ForStatement(_row, _domain[0], LoopKind.ParallelVector, lanes, [.. _statements]);
        return _body.Build([loop], _domain.ElementCount * (double)ElementKernel.Cost(_body.Function));
    }

    private ScalarExpr Reduce(ReductionKind kind, Operation operation)
    {
        // A sum of -0 alone is 0, as it is everywhere.
        var result = kind == ReductionKind.Sum ? ScalarExpr.Constant(operation.Result.DType, 0) : null;
        for (var c = 0; c < _domain[1]; c++)
        {
            var element = Column(operation.Operands[0], c);
            result = result is null ? element : Local(kind switch
            {
                ReductionKind.Sum => result + element,
                ReductionKind.Product => result * element,
                ReductionKind.Max => ScalarExpr.Binary(BinaryKind.Max, result, element),
                _ => ScalarExpr.Binary(BinaryKind.Min, result, element),
            });
        }
        return result!;
    }

    // Columns come in order, so what equals an earlier one is not chosen.
    private void Choose(ReductionKind kind, Operation operation)
    {
        var (chosen, at) = (Column(operation.Operands[0], 0), ScalarExpr.Constant(DType.I32, 0));
        for (var c = 1; c < _domain[1]; c++)
        {
            var element = Column(operation.Operands[0], c);
            var isBeyond = ScalarExpr.Compare(kind == ReductionKind.Max ? CompareKind.Gt : CompareKind.Lt, element, chosen);
            if (element.DType.IsFloating)
                isBeyond = ScalarExpr.Binary(BinaryKind.And, ScalarExpr.Compare(CompareKind.Eq, chosen, chosen),
                    ScalarExpr.Binary(BinaryKind.Or, isBeyond, ScalarExpr.Compare(CompareKind.Ne, element, element)));
            (at, chosen) = (Local(ScalarExpr.Select(isBeyond, ScalarExpr.Constant(DType.I32, c), at)),
                Local(ScalarExpr.Select(isBeyond, element, chosen)));
        }
        _body.Define(operation.Results[0], chosen);
        _body.Define(operation.Results[1], at);
    }

    private LocalExpr Local(ScalarExpr value)
    {
        var local = _body.NewLocal("r", value.DType);
        _statements.Add(new LetStatement(local, value));
        return new(local);
    }

    // What is computed for a column is known there in later passes too.
    private ScalarExpr Column(Value value, int column)
    {
        _body.PushScope(_columns[column]);
        var element = _body.Element(value, [_row.Value, ScalarExpr.Index(column)], _statements);
        _body.PopScope();
        return element;
    }

    private IEnumerable<(LoopBuffer Buffer, ScalarExpr Position, ScalarExpr Element)> Elements(Value result)
    {
        (ScalarExpr[] Index, ScalarExpr Element)[] elements = result.Shape == _domain
            ? [.. Enumerable.Range(0, _domain[1]).Select(c => ((ScalarExpr[])[_row.Value, ScalarExpr.Index(c)], Column(result, c)))]
            : [([_row.Value], _body.Element(result, [_row.Value], _statements))];
        return elements.SelectMany(e =>
            _body.ResultBuffersOf(result).Select(b => (b, KernelBody.Position(result.Shape, e.Index), e.Element)));
    }
}
