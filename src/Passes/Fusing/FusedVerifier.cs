// The invariants of a fused function, beside those of every function:
//  F1  an operation is a fusion, an alias, data, or has a kernel of its own; aliases and such kernels read memory, contractions strided
//      views of memory
//  F2  a region's full elements have one shape, its domain: what is reduced, the contraction's result, or the results of a loop
//  F3  an elementwise operation or a reduction reads elements of its own shape, or what a broadcast repeats of a row's value
//  F4  an index map reads memory, through index maps and, where it sums windows, elementwise operations only; or it is the broadcast of F3
//  F5  a loop has no reduction and no contraction; a row has reductions over its axes and no contraction; a contraction has exactly one
//  F6  every result of a region is of the domain's shape, or, in a row, of the domain's without the reduced axes
//  F7  a region weighs less than twice KernelWeights.Most, so that code generation takes time in proportion to the operations
using GraphCompiler.IR;
using GraphCompiler.IR.Diagnostics;
using GraphCompiler.IR.Ops;
using GraphCompiler.Passes.Lowering;

namespace GraphCompiler.Passes.Fusing;

/// <summary>Checks that each fusion has a form that lowering knows, by the list at the top of this file. O(operations).</summary>
public static class FusedVerifier
{
    /// <summary>Returns if every fusion of the function has the form of its kind.</summary>
    /// <exception cref="InternalCompilerException">The first invariant broken, and the operation that breaks it.</exception>
    public static void Verify(Function function)
    {
        foreach (var operation in function.Operations)
        {
            if (operation.Op is Fusion) new Region(operation).Verify();
            else Require(operation.Op is IMemoryOp or IKernelOp, "F1", operation, "it is outside of a fusion");
        }
    }

    private static void Require(bool condition, string invariant, Operation operation, string what)
    {
        if (!condition) throw new InternalCompilerException("fuse", $"{invariant}: {what}: {operation}");
    }

    private sealed class Region
    {
        private readonly FusionKind _kind;
        private readonly Operation _fusion;
        private readonly Function _body;
        private readonly Shape _domain;
        private readonly Shape? _kept;
        private readonly int[] _axes;
        // What is computed in the kernel rather than read from memory, index maps of memory aside.
        private readonly HashSet<Value> _computed = [];

        public Region(Operation fusion)
        {
            (_fusion, _body, _kind) = (fusion, fusion.Body!, Fusion.KindOf(fusion));
            _axes = _kind == FusionKind.Row ? fusion.Ints("axes") : [];
            _domain = _kind switch
            {
                FusionKind.Row => First(o => o.Op is IReductionOp).Operands[0].Shape,
                FusionKind.Contraction => First(o => o.Op is IContractionOp).Result.Shape,
                _ => _body.Results[0].Shape,
            };
            _kept = _kind == FusionKind.Row ? _domain.Without(_axes) : null;
        }

        private string Name => _fusion.Word("kind");

        private Operation First(Func<Operation, bool> isWanted)
        {
            var found = _body.Operations.FirstOrDefault(isWanted);
            Require(found is not null, "F5", _fusion, $"a {Name} needs a reduction or a contraction");
            return found!;
        }

        public void Verify()
        {
            foreach (var operation in _body.Operations) Verify(operation);
            var weight = KernelWeights.Of(_body);
            Require(weight < 2 * KernelWeights.Most, "F7", _fusion, $"it weighs {weight}");
            Require(_kind != FusionKind.Contraction || _body.Operations.Count(o => o.Op is IContractionOp) == 1, "F5", _fusion,
                "it has several contractions");
            foreach (var result in _body.Results)
                Require(IsOfKernel(result.Shape), "F6", _fusion, $"the result {result} is {result.Type}, the domain {_domain}");
        }

        private bool IsOfKernel(Shape shape) => shape == _domain || shape == _kept;

        private void Verify(Operation operation)
        {
            switch (operation.Op)
            {
                case IContractionOp:
                    Require(_kind == FusionKind.Contraction, "F5", operation, $"a {Name} cannot hold it");
                    Require(operation.Operands.All(o => StridedView.Of(o) is not null), "F1", operation, "its operands are not in memory");
                    break;
                case IReductionOp:
                    Require(_kind == FusionKind.Row && Reduction.Axes(operation).SequenceEqual(_axes), "F5", operation,
                        $"a {Name} over [{string.Join(",", _axes)}] cannot hold it");
                    Require(operation.Operands[0].Shape == _domain, "F2", operation, $"the domain is {_domain}");
                    break;
                case IIndexedOp:
                    var isOfMemory = operation.Operands.All(o => !_computed.Contains(o));
                    Require(isOfMemory || IsOfRow(operation), "F4", operation, "it reads what its own kernel computes");
                    if (isOfMemory) return;
                    break;
                case IElementOp:
                    // Elements of memory may be of any shape that an index map brings to the domain.
                    Require(IsOfKernel(operation.Result.Shape) || !operation.Operands.Any(_computed.Contains), "F2", operation,
                        $"the domain is {_domain}");
                    Require(operation.Operands.All(o => o.Shape == operation.Result.Shape), "F3", operation,
                        "its operands have other shapes");
                    if (!IsOfKernel(operation.Result.Shape)) return;
                    break;
                default:
                    Require(false, "F5", operation, "no kernel can hold it");
                    break;
            }
            _computed.UnionWith(operation.Results);
        }

        // A broadcast of a row's value, through reshapes that add or drop unit axes, along the reduced axes.
        private bool IsOfRow(Operation operation)
        {
            if (_kept is null) return false;
            if (operation.Op is IMemoryOp op && op.AliasOf(operation)?.Shape == _kept) return true;
            return operation.Op is IAffineOp map && operation.Result.Shape == _domain
                && map.MapOf(operation)?.Dimensions is { } dimensions
                && dimensions.SequenceEqual(Enumerable.Range(0, _domain.Rank).Except(_axes));
        }
    }
}
