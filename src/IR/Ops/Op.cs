using System.Collections.Immutable;
using GraphCompiler.IR.Diagnostics;

namespace GraphCompiler.IR.Ops;

/// <summary>An op: shape rule, derivative, reference evaluation and lowering, declared in one file.</summary>
/// <remarks>Derivative rules come in three kinds (docs/adr/0001): <see cref="ElementwiseOp"/>, <see cref="LinearOp"/>,
/// <see cref="OpaqueOp"/>. Every rule emits ordinary ops, so derivatives can be differentiated again.</remarks>
public abstract class Op
{
    /// <summary>Number of operands of an op that takes any number.</summary>
    public const int Variadic = -1;

    private protected Op(string name, int arity) => (Name, Arity) = (name, arity);

    /// <summary>The mnemonic in IR text, StableHLO's where it has the op.</summary>
    public string Name { get; }
    /// <summary>Number of operands, or <see cref="Variadic"/>.</summary>
    public int Arity { get; }

    /// <summary>The shape rule, which is also the verifier: result types, or an error at the call.</summary>
    protected abstract TensorType Infer(OpCall call);

    /// <summary>Result types of an op with several results; one by default.</summary>
    protected virtual ImmutableArray<TensorType> InferAll(OpCall call) => [Infer(call)];

    /// <summary>The reference meaning, written for clarity: exact for integers, f64 arithmetic for floating point,
    /// rounded to the result's element type.</summary>
    public abstract Literal[] Evaluate(Operation operation, ReadOnlySpan<Literal> operands);

    /// <summary>The cotangent of each operand, or null where it is zero or not wanted.</summary>
    /// <param name="operation">The primal operation; its operands and results are the residuals at hand.</param>
    /// <param name="cotangents">One for each result; null is zero.</param>
    /// <param name="wanted">Which operands need one.</param>
    public abstract Value?[] Vjp(Operation operation, ReadOnlySpan<Value?> cotangents, ReadOnlySpan<bool> wanted);

    /// <summary>The tangent of each result, or null where it is zero.</summary>
    /// <param name="operation">The primal operation.</param>
    /// <param name="tangents">One for each operand; null is zero.</param>
    public abstract Value?[] Jvp(Operation operation, ReadOnlySpan<Value?> tangents);

    /// <summary>The results at every index of a new leading axis that some operands have; the results have it too (vmap).</summary>
    /// <param name="operation">The operation at one index.</param>
    /// <param name="x">Its operands at every index.</param>
    public abstract Value[] Batch(Operation operation, BatchedOperands x);

    /// <summary>Whether a derivative may flow from operand <paramref name="index"/> to the results.</summary>
    public virtual bool IsDifferentiable(Operation operation, int index) => operation.Operands[index].DType.IsFloating;

    /// <summary>Where the elements of the result are, given where the operands' are; everywhere if the op says nothing.</summary>
    public virtual Interval RangeOf(Operation operation, ReadOnlySpan<Interval> x) => Interval.All;

    internal ImmutableArray<TensorType> InferChecked(OpCall call)
    {
        if (Arity != Variadic)
            call.Require(call.Count == Arity, DiagnosticCode.OperandCount, () => $"takes {Arity} operands, given {call.Count}");
        try
        {
            return InferAll(call);
        }
        catch (GraphException e) when (e.Diagnostics[0] is { Code: DiagnosticCode.TooLarge, Location.IsKnown: false, Message: var message })
        {
            throw call.Error(DiagnosticCode.TooLarge, message);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
