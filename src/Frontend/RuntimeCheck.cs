using GraphCompiler.IR;

namespace GraphCompiler.Frontend;

/// <summary>A condition on the elements of a step, which a step that is compiled with <see cref="CompileOptions.Checked"/> tests.</summary>
/// <param name="Guarded">The value that is wrong where the condition fails; what does not depend on it is not tested for its sake.</param>
/// <param name="IsGood">Truth values.</param>
/// <param name="Shown">Integers of the same shape, for the message.</param>
/// <param name="What">What is wrong, such as "label {0} is outside of 0..9".</param>
/// <param name="Location">Of the call that needs the condition.</param>
internal sealed record RuntimeCheck(Value Guarded, Value IsGood, Value Shown, string What, Location Location);
