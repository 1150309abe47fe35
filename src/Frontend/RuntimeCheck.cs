using GraphCompiler.IR;
using GraphCompiler.IR.Ops;

namespace GraphCompiler.Frontend;

/// <summary>A condition on the elements of a step, which a step that is compiled with <see cref="CompileOptions.Checked"/> tests.</summary>
/// <param name="Guarded">The value that is wrong where the condition fails; what does not depend on it is not tested for its sake.</param>
/// <param name="Tested">Integers that the guarded value depends on.</param>
/// <param name="Holds">Truth values for what stands for these in the builder of a step.</param>
/// <param name="What">What is wrong: {0} is the element, {1} its index, as in "label {0} is outside of 0..9 (example {1} of the
/// batch)".</param>
/// <param name="Location">Of the call that needs the condition.</param>
internal sealed record RuntimeCheck(Value Guarded, Value Tested, Func<Value, Value> Holds, string What, Location Location)
{
    /// <summary>What an operation needs of an operand's elements.</summary>
    public static IEnumerable<RuntimeCheck> Of(Operation operation)
    {
        if (operation.Op is not IPartialOp op) yield break;
        var (operand, low, high) = op.NeededRange(operation);
        var tested = operation.Operands[operand];
        yield return new(operation.Result, tested, x => x.GreaterOrEqual(x.Constant(low)).And(x.LessOrEqual(x.Constant(high))),
            $"{operation.Op.Name}: index {{0}} is outside of {low}..{high} (at [{{1}}] of {tested} : {tested.Type})", operation.Location);
    }
}
