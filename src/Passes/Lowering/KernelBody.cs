using System.Collections.Immutable;
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Loops;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Passes.Lowering;

/// <summary>A kernel under construction from the region of a fusion: buffers for operands and results, and element expressions.</summary>
/// <remarks>Each elementwise value becomes a local in the innermost scope, so that shared subexpressions are computed once.</remarks>
internal sealed class KernelBody
{
    private readonly Dictionary<Value, LoopBuffer> _operands = [];
    private readonly Dictionary<Value, List<LoopBuffer>> _results = [];
    private readonly Stack<Dictionary<Value, ScalarExpr>> _scopes = new();
    private int _nextLocal;

    public KernelBody(Operation fusion)
    {
        Function = fusion.Body!;
        Fusion = fusion;
        foreach (var parameter in Function.Parameters)
            _operands[parameter] = AddArgument(parameter.Name!, parameter.Type);
        for (var i = 0; i < Function.Results.Length; i++)
        {
            var result = Function.Results[i];
            var buffer = AddArgument($"r{i}", result.Type, isWritten: true);
            if (!_results.TryGetValue(result, out var buffers)) _results[result] = buffers = [];
            buffers.Add(buffer);
        }
    }

    public Operation Fusion { get; }
    public Function Function { get; }
    public List<LoopBuffer> Arguments { get; } = [];
    public List<LoopBuffer> Scratch { get; } = [];

    public LoopBuffer BufferOf(Value parameter) => _operands[parameter];
    public IReadOnlyList<LoopBuffer> ResultBuffersOf(Value result) => _results[result];
    public bool IsResult(Value value) => _results.ContainsKey(value);
    public Local NewLocal(string prefix, DType dtype, int elements = 1) => new($"{prefix}{_nextLocal++}", dtype, elements);

    /// <summary>Opens a scope of element values, as a loop body does; one that was open before, if given.</summary>
    public void PushScope(Dictionary<Value, ScalarExpr>? scope = null) => _scopes.Push(scope ?? []);
    public void PopScope() => _scopes.Pop();

    /// <summary>Where what all lanes share is read and computed once; null where each vector does it.</summary>
    public RowInvariants? Row { get; set; }

    /// <summary>Says what a value is within the current scope.</summary>
    public void Define(Value value, ScalarExpr expression) => _scopes.Peek()[value] = expression;

    /// <summary>The element of <paramref name="value"/> at an index, statements for what it needs being appended.</summary>
    public ScalarExpr Element(Value value, ScalarExpr[] index, List<Statement> statements)
    {
        if (Known(value) is { } known) return known;
        var expression = value.Definition is { Op: IElementOp element } operation
            ? element.Lower(operation, operation.Operands.Select(o => Element(o, index, statements)).ToArray())
            : new MappedReads(this, statements).Read(value, index, null);
        if (expression is ConstantExpr) return expression;
        var local = NewLocal("v", value.DType);
        statements.Add(new LetStatement(local, expression));
        var result = new LocalExpr(local);
        Define(value, result);
        return result;
    }

    /// <summary>Stores the elements of those values that are results. All are computed first: a result may overwrite an operand.</summary>
    public void Store(IEnumerable<Value> values, Func<Shape, ScalarExpr[]> index, List<Statement> statements, ScalarExpr? guard = null)
    {
        var results = values.Distinct().Where(IsResult).ToArray();
        var elements = results.Select(v => Element(v, index(v.Shape), statements)).ToArray();
        for (var i = 0; i < results.Length; i++)
            foreach (var buffer in _results[results[i]])
                statements.Add(new StoreStatement(buffer, Position(results[i].Shape, index(results[i].Shape)), elements[i], guard));
    }

    /// <summary>Stores all results, given an element of the value that they follow from.</summary>
    public List<Statement> StoreFrom(Value value, ScalarExpr element, Func<Shape, ScalarExpr[]> index, ScalarExpr? guard = null)
    {
        var statements = new List<Statement>();
        PushScope();
        Define(value, element);
        Store(Function.Results, index, statements, guard);
        PopScope();
        return statements;
    }

    public static ScalarExpr Position(Shape shape, ReadOnlySpan<ScalarExpr> index)
    {
        var strides = shape.Strides();
        var position = ScalarExpr.Index(0);
        for (var i = 0; i < strides.Length; i++)
            if (shape[i] != 1) position += index[i] * strides[i];
        return position;
    }

    /// <summary>An index whose <see cref="Position"/> is the given one: all of it is the index of the innermost axis that has a stride,
    /// which is 1.</summary>
    public static ScalarExpr[] FlatIndex(Shape shape, ScalarExpr position)
    {
        var index = new ScalarExpr[shape.Rank];
        Array.Fill(index, ScalarExpr.Index(0));
        var axis = Array.FindLastIndex([.. shape], size => size != 1);
        if (axis >= 0) index[axis] = position;
        return index;
    }

    /// <summary>Whether an index map gives one element at every index, which its expression decides, not the op's name.</summary>
    public static bool IsUniform(Operation operation)
    {
        var index = operation.Result.Shape.Select((_, i) => new LoopVariable($"i{i}").Value).ToArray();
        static bool Varies(ScalarExpr expression)
        {
            if (expression is VariableExpr) return true;
            foreach (var operand in expression.Operands)
                if (Varies(operand)) return true;
            return false;
        }
        return !Varies(((IIndexedOp)operation.Op).Lower(operation, index, (operand, at, guard) =>
        {
            var read = operation.Operands[operand];
            var buffer = new LoopBuffer("operand", read.DType, read.Shape.ElementCount, BufferScope.Argument);
            return new LoadExpr(buffer, Position(read.Shape, at), guard);
        }));
    }

    /// <summary>Splits a row-major position into an index per axis.</summary>
    public static ScalarExpr[] Unravel(ScalarExpr position, ReadOnlySpan<int> sizes)
    {
        var index = new ScalarExpr[sizes.Length];
        var (outer, isFirst) = (1L, true);
        foreach (var size in sizes) outer *= size;
        for (var i = 0; i < sizes.Length; i++)
        {
            outer /= Math.Max(sizes[i], 1);
            var quotient = position / ScalarExpr.Index(outer);
            index[i] = sizes[i] == 1 ? ScalarExpr.Index(0)
                : isFirst ? quotient
                : ScalarExpr.Binary(BinaryKind.Rem, quotient, ScalarExpr.Index(sizes[i]));
            isFirst &= sizes[i] == 1;
        }
        return index;
    }

    public Kernel Build(IEnumerable<Statement> statements, double work)
    {
        // Statements that are made as they are asked for may add scratch memory.
        ImmutableArray<Statement> body = [.. statements];
        return new(Fusion.Word("kind"), [.. Arguments], [.. Scratch], body,
            [.. Function.Operations.Select(o => o.Location).Where(l => l.IsKnown).Distinct()], work);
    }

    // A computed value is read through an index map only as a row's value by all of its row; memory and index
    // maps of it are read at any index, so the element that a scope knows is not the one asked for.
    private static bool IsRowValue(Value value) => value.Definition is { Op: IElementOp or IReductionOp };

    private ScalarExpr? Known(Value value)
    {
        foreach (var scope in _scopes)
            if (scope.TryGetValue(value, out var expression)) return expression;
        return null;
    }

    private LoadExpr Load(Value parameter, ReadOnlySpan<ScalarExpr> index, ScalarExpr? guard) =>
        new(_operands[parameter], Position(parameter.Shape, index), guard);

    /// <summary>Reads through index maps, for one element. They read other elements than the current one, so nothing is looked up in or
    /// added to a scope except a row's own values, which are the same for every element of the row; what several of them read at one index
    /// is computed once.</summary>
    private sealed class MappedReads(KernelBody body, List<Statement> statements)
    {
        // By the identity of the index: expressions of one operation share it.
        private readonly Dictionary<(Value, ScalarExpr[], ScalarExpr?), ScalarExpr> _read = [];

        public ScalarExpr Read(Value value, ScalarExpr[] index, ScalarExpr? guard)
        {
            if (guard?.Truth == false) return ScalarExpr.Constant(value.DType, 0);
            if (value.Definition is not { } operation)
                return Once(body.Load(value, index, guard?.Truth == true ? null : guard));
            if (_read.TryGetValue((value, index, guard), out var known)) return known;
            var expression = operation.Op switch
            {
                IIndexedOp indexed => indexed.Lower(operation, index, (operand, at, inner) =>
                {
                    var both = ScalarExpr.Both(guard, inner);
                    var read = operation.Operands[operand];
                    return (IsRowValue(read) ? body.Known(read) : null) ?? Read(read, at.ToArray(), both);
                }),
                IElementOp element => Computed(element.Lower(operation, [.. operation.Operands.Select(o => Read(o, index, guard))])),
                _ => throw new InternalCompilerException("lower", $"{operation} is read at mapped indices inside its own kernel"),
            };
            return _read[(value, index, guard)] = expression;
        }

        private ScalarExpr Computed(ScalarExpr expression)
        {
            if (expression is ConstantExpr) return expression;
            if (Once(expression) is LocalExpr once) return once;
            var local = body.NewLocal("m", expression.DType);
            statements.Add(new LetStatement(local, expression));
            return new LocalExpr(local);
        }

        private ScalarExpr Once(ScalarExpr expression) =>
            body.Row is { } row ? row.Once(expression, () => body.NewLocal("s", expression.DType)) : expression;
    }

    /// <summary>Adds scratch memory to the kernel.</summary>
    public LoopBuffer AddScratch(string name, DType dtype, long elements, BufferScope scope)
    {
        var buffer = new LoopBuffer(name, dtype, Math.Max(elements, 1), scope, isWritten: true);
        Scratch.Add(buffer);
        return buffer;
    }

    private LoopBuffer AddArgument(string name, TensorType type, bool isWritten = false)
    {
        var buffer = LoopBuffer.Argument(name, type, isWritten);
        Arguments.Add(buffer);
        return buffer;
    }
}
