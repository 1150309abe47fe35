using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>What a reduction has combined so far: a value, and its index where the reduction gives one.</summary>
internal sealed class Accumulator
{
    private readonly Operation _reduction;
    private readonly Local _value;
    private readonly Local? _index;

    public Accumulator(KernelBody body, Operation reduction)
    {
        _reduction = reduction;
        _value = body.NewLocal("sum", Accumulation.TypeOf(reduction));
        if (((IReductionOp)reduction.Op).GivesIndex) _index = body.NewLocal("at", DType.I32);
    }

    /// <summary>The value without anything combined.</summary>
    public ScalarExpr Identity => ScalarExpr.Constant(_value.DType, Kind switch
    {
        ReductionKind.Sum => 0.0,
        ReductionKind.Product => 1.0,
        ReductionKind.Max => _value.DType.Lowest,
        _ => _value.DType.Highest,
    });

    /// <summary>The value.</summary>
    public ScalarExpr Value => new LocalExpr(_value);

    /// <summary>Declares it, with what a partial result has.</summary>
    public Statement StartFrom(ScalarExpr partial) => new LetStatement(_value, partial);

    /// <summary>Declares it, with nothing combined.</summary>
    public IEnumerable<Statement> Start()
    {
        yield return new LetStatement(_value, Identity);
        if (_index is not null) yield return new LetStatement(_index, ScalarExpr.Constant(_index.DType, _index.DType.Highest));
    }

    /// <summary>Declares it, with one element combined.</summary>
    /// <param name="element">Of the operand.</param>
    /// <param name="at">Its index along the reduced axes.</param>
    public IEnumerable<Statement> StartWith(ScalarExpr element, ScalarExpr at)
    {
        var value = element.ConvertTo(_value.DType);
        // A sum of -0 alone is 0, as it is everywhere.
        yield return new LetStatement(_value, Kind == ReductionKind.Sum ? Identity + value : value);
        if (_index is not null) yield return new LetStatement(_index, at.ConvertTo(_index.DType));
    }

    /// <summary>Combines an element into it.</summary>
    /// <param name="element">Of the operand.</param>
    /// <param name="at">Its index along the reduced axes.</param>
    public Statement Add(ScalarExpr element, ScalarExpr at) => Combine(element.ConvertTo(_value.DType), at.ConvertTo(DType.I32));

    /// <summary>Combines what another accumulator of the reduction has.</summary>
    public Statement Add(Accumulator part) =>
        Combine(new LocalExpr(part._value), part._index is null ? null : new LocalExpr(part._index));

    /// <summary>Says that the reduction's results are what it has.</summary>
    public void Define(KernelBody body)
    {
        body.Define(_reduction.Results[0], new LocalExpr(_value).ConvertTo(_reduction.Results[0].DType));
        if (_index is not null) body.Define(_reduction.Results[1], new LocalExpr(_index));
    }

    private ReductionKind Kind => ((IReductionOp)_reduction.Op).Kind;

    private Statement Combine(ScalarExpr value, ScalarExpr? at) => _index is null
        ? new AccumulateStatement(_value, Kind, value) : new ChooseStatement(_value, _index, Kind, value, at!);
}
