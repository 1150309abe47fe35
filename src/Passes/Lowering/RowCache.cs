using GraphCompiler.IR;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>Elements of a row that a later pass reads back rather than computes again: results that were stored, and math functions, which
/// are kept in scratch (the exponentials of a softmax, for the sum and for the result).</summary>
internal sealed class RowCache
{
    /// <summary>Bytes below which a row is computed again: its masked stores would delay the loads that soon follow.</summary>
    private const long LeastBytes = 256;

    private readonly KernelBody _body;
    private readonly Shape _domain;
    private readonly Value[][] _passes;
    private readonly bool _isLong;
    private readonly Dictionary<Value, LoopBuffer> _scratch = [];
    private readonly Dictionary<Value, int> _firstPass = [];

    /// <summary>Chooses what is kept.</summary>
    /// <param name="body">The kernel; gets the scratch.</param>
    /// <param name="domain">Shape of the elements that passes run over.</param>
    /// <param name="rowElements">Elements of a row, or 0 where nothing can be kept.</param>
    /// <param name="target">Its caches bound the scratch.</param>
    /// <param name="passes">The values that each pass needs the elements of.</param>
    public RowCache(KernelBody body, Shape domain, long rowElements, TargetTraits target, Value[][] passes)
    {
        (_body, _domain, _passes, _isLong) = (body, domain, passes, rowElements * sizeof(float) >= LeastBytes);
        for (var pass = 0; pass < passes.Length; pass++)
            foreach (var value in Needed(pass))
            {
                if (_firstPass.TryAdd(value, pass) || _body.IsResult(value) || _scratch.ContainsKey(value)) continue;
                var bytes = rowElements * value.DType.Bytes;
                if (!_isLong || bytes > target.L2Bytes / 4 || !ElementKernel.IsFunction(value.Definition!)) continue;
                _scratch[value] = _body.AddScratch($"row{_scratch.Count}", value.DType, rowElements, BufferScope.Worker);
            }
    }

    /// <summary>Within a pass: loads what earlier ones have stored, and stores what later ones will load.</summary>
    /// <param name="pass">Its number.</param>
    /// <param name="index">Of the current element.</param>
    /// <param name="inRow">Its position in the row.</param>
    /// <param name="statements">Get the loads and stores.</param>
    public void Use(int pass, ScalarExpr[] index, ScalarExpr inRow, List<Statement> statements)
    {
        if (!_isLong) return;
        var needed = Needed(pass);
        foreach (var value in needed.Where(v => IsLeftBefore(v, pass)))
        {
            var (buffer, position) = _scratch.TryGetValue(value, out var scratch) ? (scratch, inRow)
                : (_body.ResultBuffersOf(value)[0], KernelBody.Position(value.Shape, index));
            var local = _body.NewLocal("v", value.DType);
            statements.Add(new LetStatement(local, new LoadExpr(buffer, position)));
            _body.Define(value, new LocalExpr(local));
        }
        foreach (var value in needed.Where(v => _scratch.ContainsKey(v) && !IsLeftBefore(v, pass)))
            statements.Add(new StoreStatement(_scratch[value], inRow, _body.Element(value, index, statements)));
    }

    private bool IsLeftBefore(Value value, int pass) => _scratch.ContainsKey(value) ? _firstPass[value] < pass
        : _body.IsResult(value) && Array.FindIndex(_passes, p => p.Contains(value)) is >= 0 and var stored && stored < pass;

    // Elements that a pass asks for, operands after what is computed from them; not beyond what is left by earlier passes.
    private List<Value> Needed(int pass)
    {
        var found = new List<Value>();
        void Visit(Value value)
        {
            if (value.Shape != _domain || value.Definition is not { Op: IElementOp } operation || found.Contains(value)) return;
            found.Add(value);
            if (IsLeftBefore(value, pass)) return;
            foreach (var operand in operation.Operands) Visit(operand);
        }
        foreach (var value in _passes[pass]) Visit(value);
        return found;
    }
}
