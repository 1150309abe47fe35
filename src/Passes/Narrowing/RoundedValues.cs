// A value is rounded to bf16, for all that read it, if
//  R1  a product reads it, as it is or through index maps that move its elements; or
//  R2  it is an activation, a product is computed from it, and it is kept: for what comes after another product (the backward pass, a skip
//      connection), or, if nothing has been reduced since the product that it comes from, for what comes after a reduction
// unless
//  X1  it is a parameter, data of the program, or a result of the function, as it is or moved: then products alone read a rounded copy
//  X2  R2 alone holds, and it is a scalar, or an op with a kernel of its own reads it
//  X3  R2 alone holds, and readers compute it anew, by few cheap operations, from at most one tensor of its size that is in memory
// An activation is the result of a product, or is computed from one by elementwise operations and index maps. So what reductions give
// (statistics, sums of a softmax, losses) is not rounded, nor is anything that only updates a variable.
using GraphCompiler.IR;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;

namespace GraphCompiler.Passes.Narrowing;

/// <summary>Which values of a function are rounded, by the list at the top of this file. O(operations).</summary>
internal sealed class RoundedValues
{
    /// <summary>Most operations that a reader repeats: as many as <see cref="Fusing.Repetition"/> does, less the conversion.</summary>
    private const int MostRepeated = 3;

    private readonly HashSet<Value> _rounded = [];
    private readonly Dictionary<Value, (int Products, int All)> _depths = [];
    private readonly HashSet<Value> _activations = [];
    // Activations with no reduction since the product that they come from.
    private readonly HashSet<Value> _direct = [];
    private readonly HashSet<Value> _kept;
    private readonly HashSet<Value> _multiplied;

    private RoundedValues(Function function)
    {
        var whole = function.Results.Select(Root).ToHashSet();
        bool CanRound(Value value) => value.DType == DType.F32 && value.Definition is { Operands.Length: > 0 } && !whole.Contains(value);
        _multiplied = [.. function.Operations.Where(IsProduct).SelectMany(o => o.Operands).Select(Root).Where(CanRound)];
        foreach (var operation in function.Operations) Classify(operation);
        _kept = Kept(function);
        _kept.IntersectWith(_activations);
        _kept.IntersectWith(Used(function));
        _kept.RemoveWhere(v => v.Rank == 0 || !CanRound(v));
        foreach (var operation in function.Operations) Consider(operation);
    }

    /// <summary>The values that are rounded, but not those that only move their elements.</summary>
    public static HashSet<Value> Of(Function function) => new RoundedValues(function)._rounded;

    /// <summary>Whether an operation multiplies f32 and accumulates in f32.</summary>
    public static bool IsProduct(Operation operation) => operation.Op is IContractionOp && Accumulation.TypeOf(operation) == DType.F32
        && operation.Operands.All(o => o.DType == DType.F32);

    /// <summary>The operand whose elements an operation moves, none changed, or null: rounding before it is as rounding after it.</summary>
    public static Value? SourceOf(Operation operation) =>
        operation.Operands is [var x] && x.DType == DType.F32 && operation.Op switch
        {
            IAffineOp => true,
            Pad => DType.BF16.Round(operation.Number("value")) == operation.Number("value"),
            _ => false,
        } ? x : null;

    /// <summary>What a value's elements are moved from: itself, if they are not.</summary>
    private static Value Root(Value value)
    {
        while (value.Definition is { } operation && SourceOf(operation) is { } source) value = source;
        return value;
    }

    private void Consider(Operation operation)
    {
        foreach (var result in operation.Results)
            if (_multiplied.Contains(result) || (_kept.Contains(result) && !IsRepeated(result))) _rounded.Add(result);
    }

    // Of what an operation reads.
    private (int Products, int All) DepthOf(Operation operation)
    {
        var (products, all) = (0, 0);
        foreach (var operand in operation.Operands)
            if (_depths.TryGetValue(operand, out var depth))
                (products, all) = (Math.Max(products, depth.Products), Math.Max(all, depth.All));
        return (products, all);
    }

    private void Classify(Operation operation)
    {
        var isProduct = IsProduct(operation);
        var (products, all) = DepthOf(operation);
        if (isProduct) products++;
        if (isProduct || operation.Op is IReductionOp) all++;
        foreach (var result in operation.Results) _depths[result] = (products, all);
        if (isProduct)
        {
            _activations.Add(operation.Result);
            _direct.Add(operation.Result);
            return;
        }
        if (operation.Op is IReductionOp or not (IElementOp or IIndexedOp)) return;
        var activations = operation.Operands.Where(_activations.Contains).ToList();
        if (activations.Count == 0) return;
        _activations.UnionWith(operation.Results);
        if (activations.All(_direct.Contains) && all == activations.Max(a => _depths[a].All))
            _direct.UnionWith(operation.Results);
    }

    // What some product is computed from.
    private static HashSet<Value> Used(Function function)
    {
        var used = new HashSet<Value>();
        foreach (var operation in function.Operations.Reverse())
            if (IsProduct(operation) || operation.Results.Any(used.Contains)) used.UnionWith(operation.Operands);
        return used;
    }

    // What is read after another product than those that it comes from, or after a reduction. Depths count the products, and the products
    // and reductions, of the longest way to a value: a reader is later than a value if it reads something deeper too.
    private HashSet<Value> Kept(Function function)
    {
        var (kept, own) = (new HashSet<Value>(), new HashSet<Value>());
        foreach (var operation in function.Operations)
        {
            var (products, all) = DepthOf(operation);
            foreach (var root in operation.Operands.Select(Root))
            {
                if (operation.Op is IKernelOp) own.Add(root);
                var depth = _depths.GetValueOrDefault(root);
                if (products > depth.Products || (all > depth.All && _direct.Contains(root))) kept.Add(root);
            }
        }
        kept.ExceptWith(own);
        return kept;
    }

    // X3, of a value whose operands have been considered.
    private bool IsRepeated(Value value)
    {
        var leaves = new HashSet<Value>();
        return Repeats(value, MostRepeated, leaves) && leaves.Count(l => l.Shape.ElementCount == value.Shape.ElementCount) <= 1;
    }

    private bool Repeats(Value value, int most, HashSet<Value> leaves)
    {
        if (most == 0 || value.Definition is not { Op: IElementOp and not IIndexedOp } operation || ElementKernel.IsFunction(operation))
            return false;
        foreach (var root in operation.Operands.Select(Root))
        {
            if (root.Definition is { Op: Constant }) continue;
            if (_rounded.Contains(root) || !_activations.Contains(root)) leaves.Add(root);
            else if (!Repeats(root, most - 1, leaves)) return false;
        }
        return true;
    }
}
