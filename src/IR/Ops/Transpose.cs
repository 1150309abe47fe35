using System.Runtime.CompilerServices;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>Permutes axes: axis i of the result is axis permutation[i] of x.</summary>
/// <remarks>C1: permutation holds each axis of x once.</remarks>
public sealed class Transpose : AffineOp
{
    /// <summary>The op.</summary>
    public static readonly Transpose Instance = new();
    private Transpose() : base("transpose") { }

    /// <summary>The attributes: the permutation.</summary>
    public static AttributeMap Attributes(int[] permutation) => AttributeMap.Empty.With("permutation", permutation);

    /// <inheritdoc/>
    protected override TensorType Infer(OpCall call)
    {
        var permutation = call.Axes("permutation", call[0].Rank);
        call.Require(permutation.Length == call[0].Rank, DiagnosticCode.RankMismatch,
            () => $"permutation=[{string.Join(",", permutation)}] does not have the {call[0].Rank} axes of {call[0]}");
        return call[0].With(new Shape([.. permutation.Select(a => call[0].Shape[a])]));
    }
    /// <inheritdoc/>
    protected override Value TransposeOf(int wrt, Operation operation, Value cotangent)
    {
        var permutation = operation.Ints("permutation");
        var inverse = new int[permutation.Length];
        for (var i = 0; i < inverse.Length; i++) inverse[permutation[i]] = i;
        return cotangent.Emit(this, operation.Location, Attributes(inverse));
    }
    /// <inheritdoc/>
    protected override AffineMap MapOf(Operation operation)
    {
        var permutation = operation.Ints("permutation");
        return new([.. permutation.Select((_, axis) => AffineIndex.Of(Array.IndexOf(permutation, axis)))]);
    }
    /// <inheritdoc/>
    public override Value[] Batch(Operation operation, BatchedOperands x) =>
        x.Emit(this, Attributes([0, .. BatchedOperands.Behind(operation.Ints("permutation"))]));
}

/// <summary>Fluent syntax of <see cref="Transpose"/>.</summary>
public static class TransposeSyntax
{
    extension(Value x)
    {
        /// <summary>x with its axes permuted; in reverse order when <paramref name="permutation"/> is null.</summary>
        /// <exception cref="GraphException">SGC1003, SGC1004: not a permutation of x's axes.</exception>
        public Value Transpose(int[]? permutation = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        {
            ArgumentNullException.ThrowIfNull(x);
            return x.Emit(Ops.Transpose.Instance, new(file, line),
                Ops.Transpose.Attributes(permutation ?? [.. Enumerable.Range(0, x.Rank).Reverse()]));
        }
    }
}
