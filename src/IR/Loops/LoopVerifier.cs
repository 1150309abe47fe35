// The invariants of a lowered program:
//  L1  a call gives each argument of its kernel a buffer
//  L2  a variable is read inside its loop, a local after its declaration and in its scope, a buffer if it is the kernel's
//  L3  only a buffer that says so is written
//  L4  every element that is read or written is in its buffer, where its guard holds
//  L5  a parallel loop is at the top level of a kernel, and so is a barrier; a vector loop is not within another,
//      nor a transpose within one
//  L6  extents are not negative, lanes are powers of two, only serial loops are unrolled, one parallel loop at most is claimed in
//      chunks, elements of register tiles exist, copies of a value fill what one load takes, in memory and in all lanes the same
//  L7  only a serial loop that is not unrolled has a count of its own, which is from 0 to its extent and made of variables of loops that
//      are no vectors, and of locals that are declared in none
using System.Collections.Immutable;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Loops;

/// <summary>Checks the invariants of a lowered program, listed at the top of this file.</summary>
/// <remarks>Positions are bounded by interval arithmetic over loop extents, and by guards that compare with constants. Linear in the text
/// of the kernels.</remarks>
public sealed class LoopVerifier
{
    private readonly Kernel _kernel;
    private readonly HashSet<LoopBuffer> _buffers;
    private readonly HashSet<Local> _locals = [];
    private readonly HashSet<Local> _ofLanes = [];
    private readonly IndexIntervals _intervals = new();
    private LoopVariable? _lane;
    private bool _isInVector;
    private bool _claims;
    private int _depth;

    private LoopVerifier(Kernel kernel) => (_kernel, _buffers) = (kernel, [.. kernel.Arguments, .. kernel.Scratch]);

    /// <summary>Returns if every kernel of the program is valid.</summary>
    /// <exception cref="InternalCompilerException">The first invariant broken, and the kernel.</exception>
    public static void Verify(LoopProgram program)
    {
        var seen = new HashSet<Kernel>(ReferenceEqualityComparer.Instance);
        foreach (var call in program.Calls)
        {
            if (call.Arguments.Length != call.Kernel.Arguments.Length)
                throw Broken("L1", call.Kernel, $"{call.Arguments.Length} buffers are given");
            if (seen.Add(call.Kernel)) Verify(call.Kernel);
        }
    }

    /// <summary>Returns if the kernel is valid.</summary>
    /// <exception cref="InternalCompilerException">The first invariant broken.</exception>
    public static void Verify(Kernel kernel) => new LoopVerifier(kernel).Visit(kernel.Body);

    private void Visit(ImmutableArray<Statement> statements)
    {
        var declared = new List<Local>();
        foreach (var statement in statements)
        {
            Visit(statement);
            if (statement is LetStatement let && _locals.Add(let.Local)) declared.Add(let.Local);
        }
        _locals.ExceptWith(declared);
    }

    private void Visit(Statement statement)
    {
        switch (statement)
        {
            case ForStatement loop: VisitLoop(loop); break;
            case LetStatement let:
                Visit(let.Value);
                if (_isInVector) _ofLanes.Add(let.Local);
                break;
            case AssignStatement assign:
                RequireLocal(assign.Local, assign.Element);
                Visit(assign.Value);
                break;
            case AccumulateStatement accumulate:
                RequireLocal(accumulate.Local, 0);
                Visit(accumulate.Value);
                break;
            case ChooseStatement choose:
                RequireLocal(choose.Local, 0);
                RequireLocal(choose.Index, 0);
                Require(choose.Kind is ReductionKind.Max or ReductionKind.Min && choose.Index.DType == DType.I32, "L6",
                    $"{choose.Local} and {choose.Index} are chosen by {choose.Kind}");
                Visit(choose.Value);
                Visit(choose.At);
                break;
            case StoreStatement store: VisitStore(store); break;
            case TransposeStatement transpose: VisitTranspose(transpose); break;
            case PrefetchStatement prefetch:
                RequireBuffer(prefetch.Buffer);
                Visit(prefetch.Position);
                break;
            case BarrierStatement: Require(_depth == 0, "L5", $"a barrier is within a loop"); break;
            default: throw Broken("L2", _kernel, $"unknown statement {statement.GetType().Name}");
        }
    }

    private void VisitLoop(ForStatement loop)
    {
        var isVector = loop.Kind is LoopKind.Vector or LoopKind.ParallelVector;
        Require(loop.Extent >= 0 && loop.Lanes > 0 && (loop.Lanes & (loop.Lanes - 1)) == 0, "L6",
            $"loop {loop.Variable} of {loop.Extent} with {loop.Lanes} lanes");
        Require(loop.Unroll == 1 || loop.Unroll > 1 && loop.Kind == LoopKind.Serial, "L6",
            $"loop {loop.Variable} is serial or stands once in an iteration, not {loop.Unroll} times");
        var isParallel = loop.Kind is LoopKind.Parallel or LoopKind.ParallelVector;
        Require(!isParallel || _depth == 0, "L5", $"the parallel loop {loop.Variable} is within another loop");
        Require(loop.Chunk == 0 || loop.Chunk > 0 && isParallel && !_claims, "L6",
            $"loop {loop.Variable} claims {loop.Chunk} at a time, as only one parallel loop of a kernel may");
        _claims |= loop.Chunk > 0;
        Require(!isVector || !_isInVector, "L5", $"the vector loop {loop.Variable} is within another");
        if (loop.Count is { } count) VisitCount(loop, count);
        if (loop.Extent == 0) return;
        var outer = _isInVector;
        (_isInVector, _depth) = (outer || isVector, _depth + 1);
        if (isVector) _lane = loop.Variable;
        _intervals.Enter(loop.Variable, loop.Extent);
        Visit(loop.Body);
        _intervals.Leave(loop.Variable);
        if (isVector) _lane = null;
        (_isInVector, _depth) = (outer, _depth - 1);
    }

    private void VisitCount(ForStatement loop, ScalarExpr count)
    {
        Visit(count);
        var bounds = _intervals.Of(count);
        Require(loop is { Kind: LoopKind.Serial, Unroll: 1 } && IsOfVariables(count), "L7",
            $"loop {loop.Variable} has the count {LoopPrinter.Print(count)}");
        Require(bounds.IsEmpty || (bounds.Low >= 0 && bounds.High <= loop.Extent), "L7",
            $"loop {loop.Variable} of {loop.Extent} runs {bounds.Low} to {bounds.High} times");
    }

    private bool IsOfVariables(ScalarExpr expression)
    {
        if (expression is LoadExpr || (expression is LocalExpr l && _ofLanes.Contains(l.Local))
            || (expression is VariableExpr v && v.Variable == _lane)) return false;
        foreach (var operand in expression.Operands)
            if (!IsOfVariables(operand)) return false;
        return true;
    }

    private void VisitStore(StoreStatement store)
    {
        RequireBuffer(store.Buffer);
        Require(store.Buffer.IsWritten, "L3", $"{store.Buffer} is written");
        if (store.Guard is not null) Visit(store.Guard);
        Visit(store.Position);
        RequireInside(store.Buffer, _intervals.Of(store.Position, store.Guard));
        // The value is computed for every lane, whatever the guard says.
        Visit(store.Value);
    }

    private void VisitTranspose(TransposeStatement t)
    {
        Require(!_isInVector, "L5", $"a transpose is within a vector loop");
        RequireBuffer(t.From);
        RequireBuffer(t.To);
        Require(t.To.IsWritten && t.To != t.From, "L3", $"{t.To} is written");
        Require(t.To.DType == t.From.DType || t.MovesPairs
            || (t.To.DType.IsFloating && t.From.DType.IsFloating && t.To.DType.Bits > t.From.DType.Bits),
            "L6", $"a transpose from {t.From.DType} to {t.To.DType}");
        Require(t.ToStride >= t.Rows && t.Rows > 0 && t.Columns > 0, "L6",
            $"a transpose of {t.Rows} x {t.Columns} with stride {t.ToStride}");
        Visit(t.FromPosition);
        Visit(t.ToPosition);
        RequireInside(t.From, _intervals.Of(t.FromPosition).Plus(0, (t.Rows - 1) * t.FromStride + t.Columns * (t.MovesPairs ? 2 : 1) - 1));
        RequireInside(t.To, _intervals.Of(t.ToPosition).Plus(0, (t.Columns - 1) * t.ToStride + t.Rows - 1));
    }

    private void Visit(ScalarExpr expression)
    {
        switch (expression)
        {
            case VariableExpr v: Require(_intervals.Knows(v.Variable), "L2", $"{v.Variable} is read outside of its loop"); break;
            case LocalExpr l: RequireLocal(l.Local, l.Element); break;
            case LoadExpr load:
                RequireBuffer(load.Buffer);
                RequireInside(load.Buffer, _intervals.Of(load.Position, load.Guard).Plus(0, load.Copies - 1));
                Require(load.Copies == 1 || HasCopies(load), "L6",
                    $"{load.Copies} copies of {load.DType} at {LoopPrinter.Print(load.Position)}");
                break;
            case PairExpr p:
                Require(p.Low.DType == DType.BF16 && p.High.DType == DType.BF16, "L6", $"a pair of {p.Low.DType} and {p.High.DType}");
                break;
            case PairDotExpr d:
                Require(d.X.DType == DType.U32 && d.Y.DType == DType.U32 && d.Z.DType == DType.F32, "L6",
                    $"pairs of {d.X.DType} and {d.Y.DType} are added to {d.Z.DType}");
                break;
            case BitcastExpr b:
                Require(b.X.DType == DType.F32 || b.X.DType == DType.F64, "L6", $"bits of {b.X.DType}");
                break;
            case ConstantExpr or UnaryExpr or BinaryExpr or MultiplyAddExpr or CompareExpr or SelectExpr or ConvertExpr or CallExpr: break;
            default: throw Broken("L2", _kernel, $"unknown expression {expression.GetType().Name}");
        }
        foreach (var operand in expression.Operands) Visit(operand);
    }

    private bool HasCopies(LoadExpr load) => load.Copies * load.DType.Bytes == LoadExpr.CopiedBytes && load.Guard is null
        && IsOfVariables(load.Position) && IsMultiple(load.Position, load.Copies);

    private static bool IsMultiple(ScalarExpr expression, long of) => expression switch
    {
        ConstantExpr c => (long)c.Value % of == 0,
        BinaryExpr { Kind: BinaryKind.Mul } b => IsMultiple(b.X, of) || IsMultiple(b.Y, of),
        BinaryExpr { Kind: BinaryKind.Add or BinaryKind.Sub or BinaryKind.Min or BinaryKind.Max } b =>
            IsMultiple(b.X, of) && IsMultiple(b.Y, of),
        _ => false,
    };

    private void RequireLocal(Local local, int element)
    {
        Require(_locals.Contains(local), "L2", $"{local} is used outside of its scope");
        Require(element >= 0 && element < local.Elements, "L6", $"{local} has no element {element}");
    }

    private void RequireBuffer(LoopBuffer buffer) => Require(_buffers.Contains(buffer), "L2", $"{buffer} is not a buffer of the kernel");

    private void RequireInside(LoopBuffer buffer, IndexInterval positions) =>
        Require(positions.IsEmpty || (positions.Low >= 0 && positions.High < buffer.Elements), "L4",
            $"{buffer} has {buffer.Elements} elements; {positions.Low} to {positions.High} are touched");

    private void Require(bool condition, string invariant, FormattableString message)
    {
        if (!condition) throw Broken(invariant, _kernel, message.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private static InternalCompilerException Broken(string invariant, Kernel kernel, string message) =>
        new("lower", $"{invariant}: {message}\n{LoopPrinter.Print(kernel)}");
}
